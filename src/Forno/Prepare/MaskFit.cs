using Forno.Imaging;

namespace Forno.Prepare;

/// <summary>How a mask fits its picture (exploration).</summary>
public sealed class MaskFit
{
    /// <summary>Names and values.</summary>
    public Dictionary<string, double> Values { get; } = [];

    /// <summary>Measures.</summary>
    public static MaskFit Of(MaskPlane mask, PictureView view)
    {
        var fit = new MaskFit();
        (int w, int h, byte[] rgb) = (view.Width, view.Height, view.Rgb);
        MaskPlane small = mask.Resize(w, h);
        byte[] s = small.Samples;
        int n = w * h;
        byte[] on = Array.ConvertAll(s, v => (byte)(v >= MaskPlane.Half ? 1 : 0));
        double white = Math.Max(1, on.Count((byte)1));
        var v = fit.Values;

        // --- the network's own doubt
        double a10 = s.Count(x => x >= 26), a90 = s.Count(x => x >= 230), a25 = s.Count(x => x >= 64), a75 = s.Count(x => x >= 191);
        v["stab90"] = a10 == 0 ? 1 : a90 / a10;
        v["stab75"] = a25 == 0 ? 1 : a75 / a25;
        v["soft"] = s.Sum(x => Math.Min(x, 255 - x)) / 255.0 / white;
        v["lowout"] = s.Sum(x => x < 128 ? x : 0) / 255.0 / white;
        v["lowin"] = s.Sum(x => x >= 128 ? 255 - x : 0) / 255.0 / white;
        v["max"] = s.Max() / 255.0;

        // --- outline
        byte[] soft = Blur(rgb, w, h);
        float[] level = new float[n];
        for (int i = 0; i < n; i++)
        {
            level[i] = on[i];
        }

        level = Box(Box(level, w, h, 2), w, h, 2);
        int outline = 0, unedged8 = 0, unedged16 = 0, unedged24 = 0, alike12 = 0, alike24 = 0;
        double contrast = 0;
        var marks = new byte[n];
        for (int y = 1; y < h - 1; y++)
        {
            for (int x = 1; x < w - 1; x++)
            {
                int i = (y * w) + x;
                if (on[i] == 0 || (on[i - 1] & on[i + 1] & on[i - w] & on[i + w]) != 0)
                {
                    continue;
                }

                double gx = level[i + 1] - level[i - 1], gy = level[i + w] - level[i - w], g = Math.Sqrt((gx * gx) + (gy * gy));
                if (g < 1e-4)
                {
                    continue;
                }

                (gx, gy) = (gx / g, gy / g); // inwards
                outline++;
                double edge = 0;
                for (int t = -3; t <= 2; t++)
                {
                    edge = Math.Max(edge, Difference(soft, w, h, x + (gx * (t - 1)), y + (gy * (t - 1)), x + (gx * (t + 1)), y + (gy * (t + 1))));
                }

                double across = Difference(soft, w, h, x + (gx * 3), y + (gy * 3), x - (gx * 4), y - (gy * 4));
                contrast += Math.Min(across, 100);
                unedged8 += edge < 8 ? 1 : 0;
                unedged16 += edge < 16 ? 1 : 0;
                unedged24 += edge < 24 ? 1 : 0;
                alike12 += across < 12 ? 1 : 0;
                alike24 += across < 24 ? 1 : 0;
            }
        }

        double o = Math.Max(1, outline);
        v["unedged8"] = unedged8 / o;
        v["unedged16"] = unedged16 / o;
        v["unedged24"] = unedged24 / o;
        v["alike12"] = alike12 / o;
        v["alike24"] = alike24 / o;
        v["contrast"] = contrast / o;

        // --- regions
        foreach (int k in (int[])[100, 300, 800])
        {
            (int[] labels, int count) = Regions.Find(soft, w, h, k);
            int[] inside = new int[count], all = new int[count], frame = new int[count];
            for (int i = 0; i < n; i++)
            {
                all[labels[i]]++;
                inside[labels[i]] += on[i];
                (int x, int y) = (i % w, i / w);
                frame[labels[i]] += x == 0 || y == 0 || x == w - 1 || y == h - 1 ? 1 : 0;
            }

            double cut = 0, most = 0, left = 0, swallowed = 0;
            for (int c = 0; c < count; c++)
            {
                int less = Math.Min(inside[c], all[c] - inside[c]);
                cut += less;
                most = Math.Max(most, less);
                bool outer = inside[c] * 2 < all[c];
                left += outer && frame[c] == 0 ? all[c] - inside[c] : 0;
                swallowed += !outer && frame[c] > 0 ? inside[c] : 0;
            }

            int beyond = 0, edge = 0;
            for (int y = 0; y < h; y++)
            {
                for (int x = 0; x < w; x++)
                {
                    int i = (y * w) + x;
                    if (on[i] == 0)
                    {
                        continue;
                    }

                    foreach ((int dx, int dy) in ((int, int)[])[(3, 0), (-3, 0), (0, 3), (0, -3)])
                    {
                        (int u, int t) = (x + dx, y + dy);
                        if (u < 0 || t < 0 || u >= w || t >= h || on[(t * w) + u] != 0 || on[((y + (dy / 3)) * w) + x + (dx / 3)] != 0)
                        {
                            continue;
                        }

                        edge++;
                        int label = labels[(t * w) + u];
                        beyond += frame[label] == 0 ? 1 : 0;
                    }
                }
            }

            v[$"cut{k}"] = cut / white;
            v[$"cutmost{k}"] = most / white;
            v[$"left{k}"] = left / white;
            v[$"swallowed{k}"] = swallowed / white;
            v[$"beyond{k}"] = beyond / (double)Math.Max(1, edge);
            v[$"parts{k}"] = count;
        }

        // --- colours
        Colours(v, soft, on, w, h, white);
        return fit;
    }

    private static void Colours(Dictionary<string, double> v, byte[] rgb, byte[] on, int w, int h, double white)
    {
        const int bins = 12;
        int n = w * h;
        int[] bin = new int[n];
        for (int i = 0; i < n; i++)
        {
            bin[i] = (rgb[3 * i] * bins / 256 * bins * bins) + (rgb[(3 * i) + 1] * bins / 256 * bins) + (rgb[(3 * i) + 2] * bins / 256);
        }

        int margin = Math.Max(2, Math.Min(w, h) / 16);
        float[] inside = new float[bins * bins * bins], outside = new float[inside.Length], frame = new float[inside.Length];
        double ni = 0, no = 0, nf = 0;
        for (int i = 0; i < n; i++)
        {
            if (on[i] != 0)
            {
                inside[bin[i]]++;
                ni++;
            }
            else
            {
                outside[bin[i]]++;
                no++;
                (int x, int y) = (i % w, i / w);
                if (x < margin || y < margin || x >= w - margin || y >= h - margin)
                {
                    frame[bin[i]]++;
                    nf++;
                }
            }
        }

        inside = Spread(inside, bins);
        outside = Spread(outside, bins);
        frame = Spread(frame, bins);
        double overlap = 0;
        for (int i = 0; i < inside.Length; i++)
        {
            overlap += Math.Sqrt(inside[i] / Math.Max(1, ni) * outside[i] / Math.Max(1, no));
        }

        v["overlap"] = overlap;
        // Likelier inside or outside by colour, smoothed: what a re-drawn mask would be.
        float[] likely = new float[n], unframed = new float[n];
        for (int i = 0; i < n; i++)
        {
            double a = inside[bin[i]] / Math.Max(1, ni), b = outside[bin[i]] / Math.Max(1, no), f = frame[bin[i]] / Math.Max(1, nf);
            likely[i] = (float)Math.Clamp(Math.Log((a + 1e-5) / (b + 1e-5)), -4, 4);
            unframed[i] = f < 2e-4 ? 1 : 0;
        }

        likely = Box(Box(likely, w, h, 2), w, h, 2);
        double both = 0, either = 0, strange = 0, strangeIn = 0, lost = 0, gained = 0;
        for (int i = 0; i < n; i++)
        {
            bool again = likely[i] > 0;
            both += again && on[i] != 0 ? 1 : 0;
            either += again || on[i] != 0 ? 1 : 0;
            gained += again && on[i] == 0 ? 1 : 0;
            lost += !again && on[i] != 0 ? 1 : 0;
            strange += unframed[i] > 0 && on[i] == 0 ? 1 : 0;
            strangeIn += unframed[i] > 0 && on[i] != 0 ? 1 : 0;
        }

        v["regrow"] = either == 0 ? 1 : both / either;
        v["gained"] = gained / white;
        v["lost"] = lost / white;
        v["strange"] = strange / white;
        v["strangein"] = strangeIn / white;
        v["strangefrac"] = strange / Math.Max(1, strange + strangeIn);

        // Strange outside that touches the mask, by components.
        byte[] map = new byte[n];
        for (int i = 0; i < n; i++)
        {
            map[i] = (byte)(unframed[i] > 0 && on[i] == 0 ? 1 : 0);
        }

        byte[] near = MapGrowth.Grow(on, w, h, 3);
        double touching = 0, large = 0;
        foreach (Component part in Components.Find(map, w, h))
        {
            large = Math.Max(large, part.Area);
            int touch = 0;
            foreach (PixelRun run in part.Runs)
            {
                touch += near.AsSpan((run.Row * w) + run.Left, run.Right - run.Left).Count((byte)1);
            }

            touching += touch > 0 && part.Area > 2.0 * touch ? part.Area : 0;
        }

        v["strangetouch"] = touching / white;
        v["strangelarge"] = large / white;
    }

    private static float[] Spread(float[] bins, int side)
    {
        float[] spread = new float[bins.Length];
        for (int r = 0; r < side; r++)
        {
            for (int g = 0; g < side; g++)
            {
                for (int b = 0; b < side; b++)
                {
                    float sum = 0;
                    for (int d = 0; d < 27; d++)
                    {
                        (int x, int y, int z) = (r + (d / 9) - 1, g + (d / 3 % 3) - 1, b + (d % 3) - 1);
                        if (x >= 0 && y >= 0 && z >= 0 && x < side && y < side && z < side)
                        {
                            int far = Math.Abs((d / 9) - 1) + Math.Abs((d / 3 % 3) - 1) + Math.Abs((d % 3) - 1);
                            sum += bins[(((x * side) + y) * side) + z] / (1 << far);
                        }
                    }

                    spread[(((r * side) + g) * side) + b] = sum / 8; // weights add up to 8
                }
            }
        }

        return spread;
    }

    private static double Difference(byte[] rgb, int w, int h, double x0, double y0, double x1, double y1)
    {
        int a = At(w, h, x0, y0), b = At(w, h, x1, y1);
        int r = rgb[a] - rgb[b], g = rgb[a + 1] - rgb[b + 1], u = rgb[a + 2] - rgb[b + 2];
        return Math.Sqrt((r * r) + (g * g) + (u * u));
    }

    private static int At(int w, int h, double x, double y) =>
        ((Math.Clamp((int)Math.Round(y), 0, h - 1) * w) + Math.Clamp((int)Math.Round(x), 0, w - 1)) * 3;

    private static byte[] Blur(byte[] rgb, int w, int h)
    {
        byte[] result = new byte[rgb.Length];
        for (int y = 0; y < h; y++)
        {
            int up = Math.Max(0, y - 1) * w, mid = y * w, down = Math.Min(h - 1, y + 1) * w;
            for (int x = 0; x < w; x++)
            {
                int l = Math.Max(0, x - 1), r = Math.Min(w - 1, x + 1);
                for (int c = 0; c < 3; c++)
                {
                    int sum = rgb[((up + l) * 3) + c] + (2 * rgb[((up + x) * 3) + c]) + rgb[((up + r) * 3) + c]
                        + (2 * (rgb[((mid + l) * 3) + c] + (2 * rgb[((mid + x) * 3) + c]) + rgb[((mid + r) * 3) + c]))
                        + rgb[((down + l) * 3) + c] + (2 * rgb[((down + x) * 3) + c]) + rgb[((down + r) * 3) + c];
                    result[((mid + x) * 3) + c] = (byte)((sum + 8) / 16);
                }
            }
        }

        return result;
    }

    private static float[] Box(float[] plane, int w, int h, int radius)
    {
        float[] across = new float[plane.Length], both = new float[plane.Length];
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                float sum = 0;
                for (int d = -radius; d <= radius; d++)
                {
                    sum += plane[(y * w) + Math.Clamp(x + d, 0, w - 1)];
                }

                across[(y * w) + x] = sum / ((2 * radius) + 1);
            }
        }

        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                float sum = 0;
                for (int d = -radius; d <= radius; d++)
                {
                    sum += across[(Math.Clamp(y + d, 0, h - 1) * w) + x];
                }

                both[(y * w) + x] = sum / ((2 * radius) + 1);
            }
        }

        return both;
    }
}

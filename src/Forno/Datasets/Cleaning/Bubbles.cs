using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Datasets.Cleaning;

/// <summary>
/// Speech bubbles and caption boxes: bright, even areas that enclose text. From around each text its area is flooded;
/// what runs out into the picture is background, not a bubble. Holes (the letters) are filled, the outline is taken
/// along. Pure.
/// </summary>
internal sealed class Bubbles
{
    // The flood runs on a picture of at most this side: outlines survive, and time does not depend on the picture.
    private const int Side = 1024;

    // A bubble is at least this bright (0–255), and this even: how far a channel may lie from its colour.
    private const int Bright = 185,
        Even = 28;

    // Share of the pixels around a text that must be of the bubble's colour.
    private const double Surrounded = 0.6;

    // A bubble is at most this share of the picture, this many times its text's boxes, touches the picture's edge with
    // at most this
    // share of its box's perimeter, and fills its own box at least to this share (an ellipse: 0.79, with a tail less).
    private const double MostShare = 0.35,
        MostOfText = 16,
        MostEdge = 0.55,
        LeastFilled = 0.5;

    private readonly int w,
        h;
    private readonly byte[] rgb,
        letters;
    private readonly int[] stamps;
    private readonly Stack<int> todo = new();
    private int stamp;

    private Bubbles(byte[] rgb, int w, int h, IReadOnlyList<Quad> quads)
    {
        (this.rgb, this.w, this.h) = (rgb, w, h);
        (letters, stamps) = (new byte[w * h], new int[w * h]);
        foreach (PixelRun run in quads.SelectMany(q => q.Grow(1).Runs(w, h)))
        {
            letters.AsSpan((run.Row * w) + run.Left, run.Right - run.Left).Fill(1);
        }
    }

    /// <summary>Finds the bubbles around texts.</summary>
    /// <param name="rgb">[height, width, 3].</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="texts">Boxes of text, in the picture's pixels.</param>
    /// <returns>Bubbles with their outlines, largest first; each is there once, however many texts it has.</returns>
    public static IReadOnlyList<Component> Find(
        ReadOnlySpan<byte> rgb,
        int width,
        int height,
        IReadOnlyList<Quad> texts
    )
    {
        int shrink = Math.Max(1, (Math.Max(width, height) + Side - 1) / Side);
        (int w, int h) = ((width + shrink - 1) / shrink, (height + shrink - 1) / shrink);
        Quad[] quads = [.. texts.Select(t => t.Scale(1.0 / shrink, 1.0 / shrink))];
        var bubbles = new Bubbles(Shrink(rgb, width, height, shrink, w, h), w, h, quads);
        byte[] all = new byte[w * h];
        var found = new List<Component>();
        foreach (Quad quad in quads)
        {
            if (all[bubbles.Middle(quad)] == 0 && bubbles.Around(quad) is { } bubble)
            {
                found.Add(bubble);
                bubble.Paint(all, w);
            }
        }

        return [.. found.Select(b => WithOutline(b, w, h, shrink, width, height)).OrderByDescending(b => b.Area)];
    }

    private Component? Around(Quad quad)
    {
        if (Colour(quad) is not { } colour || Flood(Middle(quad), colour) is not { } area)
        {
            return null;
        }

        Component filled = FillHoles(area, w, h);
        double text = 0;
        foreach (PixelRun run in filled.Runs)
        {
            text += letters.AsSpan((run.Row * w) + run.Left, run.Right - run.Left).Count((byte)1);
        }

        Box box = filled.Box;
        return
            filled.Area <= MostShare * w * h
            && filled.Area <= MostOfText * text
            && filled.Area >= LeastFilled * box.Area
            && EdgeLength(filled, w, h) <= MostEdge * 2 * (box.Width + box.Height)
            ? filled
            : null;
    }

    // The even, bright colour around a text; null if there is none.
    private (int R, int G, int B)? Colour(Quad quad)
    {
        double reach = Math.Max(3, 0.3 * Math.Min(quad.Width, quad.Height));
        var pixels = new List<int>();
        foreach (PixelRun run in quad.Grow(reach).Runs(w, h))
        {
            for (int i = (run.Row * w) + run.Left; i < (run.Row * w) + run.Right; i++)
            {
                if (letters[i] == 0)
                {
                    pixels.Add(i);
                }
            }
        }

        if (pixels.Count < 8)
        {
            return null;
        }

        (int R, int G, int B) colour = (Median(0), Median(1), Median(2));
        return
            ((299 * colour.R) + (587 * colour.G) + (114 * colour.B)) / 1000 >= Bright
            && pixels.Count(i => Alike(i, colour)) >= Surrounded * pixels.Count
            ? colour
            : null;

        int Median(int channel)
        {
            int[] values = [.. pixels.Select(i => (int)rgb[(i * 3) + channel])];
            Array.Sort(values);
            return values[values.Length / 2];
        }
    }

    // What hangs together with a pixel by colour, letters included; null once it is too large for a bubble. No
    // diagonals: an outline of one pixel holds.
    private Component? Flood(int start, (int R, int G, int B) colour)
    {
        var reached = new List<int>();
        int most = (int)(MostShare * w * h);
        stamp++;
        todo.Clear();
        Reach(start);
        while (todo.TryPop(out int at))
        {
            reached.Add(at);
            if (reached.Count > most)
            {
                return null;
            }

            int x = at % w;
            if (x > 0)
            {
                Reach(at - 1);
            }

            if (x < w - 1)
            {
                Reach(at + 1);
            }

            if (at >= w)
            {
                Reach(at - w);
            }

            if (at < (h - 1) * w)
            {
                Reach(at + w);
            }
        }

        byte[] map = new byte[w * h];
        foreach (int at in reached)
        {
            map[at] = 1;
        }

        return Components.Find(map, w, h, diagonal: false).FirstOrDefault();

        void Reach(int at)
        {
            if (stamps[at] != stamp && (letters[at] != 0 || Alike(at, colour)))
            {
                stamps[at] = stamp;
                todo.Push(at);
            }
        }
    }

    private static Component FillHoles(Component area, int w, int h)
    {
        // Within the component's box and a frame of one pixel: what hangs together with the frame is outside.
        Box box = area.Box;
        (int fw, int fh) = (box.Width + 2, box.Height + 2);
        byte[] outside = new byte[fw * fh];
        Array.Fill(outside, (byte)1);
        foreach (PixelRun run in area.Runs)
        {
            outside.AsSpan(((run.Row - box.Top + 1) * fw) + run.Left - box.Left + 1, run.Right - run.Left).Clear();
        }

        byte[] filled = new byte[w * h];
        Component frame = Components
            .Find(outside, fw, fh, diagonal: false)
            .First(c => c.Box.Left == 0 && c.Box.Top == 0);
        byte[] free = new byte[fw * fh];
        frame.Paint(free, fw);
        for (int y = 0; y < box.Height; y++)
        {
            for (int x = 0; x < box.Width; x++)
            {
                filled[((box.Top + y) * w) + box.Left + x] = free[((y + 1) * fw) + x + 1] == 0 ? (byte)1 : (byte)0;
            }
        }

        return Components.Find(filled, w, h, diagonal: false)[0];
    }

    // Back to the picture's own pixels, some more on every side: a bubble's line is part of it.
    private static Component WithOutline(Component bubble, int w, int h, int scale, int width, int height)
    {
        byte[] map = new byte[w * h];
        bubble.Paint(map, w);
        byte[] wide = MapGrowth.Grow(map, w, h, Math.Max(3, (int)Math.Round(0.008 * Math.Max(w, h))));
        byte[] full = new byte[width * height];
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                full[(y * width) + x] = wide[((y / scale) * w) + (x / scale)];
            }
        }

        return Components.Find(full, width, height)[0];
    }

    private static byte[] Shrink(ReadOnlySpan<byte> rgb, int width, int height, int by, int w, int h)
    {
        byte[] small = new byte[w * h * 3];
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                // The darkest of the block: outlines must not get gaps.
                int best = int.MaxValue,
                    at = 0;
                for (int v = y * by; v < Math.Min(height, (y + 1) * by); v++)
                {
                    for (int u = x * by; u < Math.Min(width, (x + 1) * by); u++)
                    {
                        int i = ((v * width) + u) * 3,
                            sum = rgb[i] + rgb[i + 1] + rgb[i + 2];
                        (best, at) = sum < best ? (sum, i) : (best, at);
                    }
                }

                rgb.Slice(at, 3).CopyTo(small.AsSpan(((y * w) + x) * 3));
            }
        }

        return small;
    }

    private static int EdgeLength(Component area, int w, int h)
    {
        int length = 0;
        foreach (PixelRun run in area.Runs)
        {
            length +=
                (run.Left == 0 ? 1 : 0)
                + (run.Right == w ? 1 : 0)
                + (run.Row == 0 || run.Row == h - 1 ? run.Right - run.Left : 0);
        }

        return length;
    }

    private int Middle(Quad quad) =>
        ((int)Math.Clamp((quad.A.Y + quad.C.Y) / 2, 0, h - 1) * w)
        + (int)Math.Clamp((quad.A.X + quad.C.X) / 2, 0, w - 1);

    private bool Alike(int pixel, (int R, int G, int B) colour) =>
        Math.Abs(rgb[pixel * 3] - colour.R) <= Even
        && Math.Abs(rgb[(pixel * 3) + 1] - colour.G) <= Even
        && Math.Abs(rgb[(pixel * 3) + 2] - colour.B) <= Even;
}

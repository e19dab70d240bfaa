using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Vision.Inpainting;

/// <summary>
/// Fills parts of pictures by a LaMa-style network: the network sees windows around the holes, at native resolution
/// wherever they fit; only pixels of the holes change, and within a hole's rim the new ones fade in.
/// </summary>
public sealed class Inpainter : IDisposable
{
    // Width of the rim in pixels over which new pixels fade in.
    private const byte Rim = 3;

    private readonly InpaintNetwork network;

    private Inpainter(InpaintNetwork network) => this.network = network;

    /// <summary>What was found out about the network: its size, its range of numbers, its kind of mask.</summary>
    public string Description => network.Description;

    /// <summary>Opens a network and tries it.</summary>
    /// <param name="path">The ONNX file.</param>
    /// <param name="range">What it takes for full brightness.</param>
    /// <param name="threads">Threads of one run; 0 = the runtime's choice.</param>
    /// <exception cref="FornoException">The file is absent, or no network that fills holes.</exception>
    public static Inpainter Load(string path, InpaintRange range = InpaintRange.Auto, int threads = 0) =>
        new(InpaintNetwork.Load(path, range, threads));

    /// <summary>Fills holes.</summary>
    /// <param name="pixels">[height, width, bands]; changed where the map is set, nowhere else.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bands">3, or 4 with alpha, which stays as it is.</param>
    /// <param name="map">[height, width]; what is not 0 is a hole.</param>
    /// <param name="cancel">Ends it between windows, or in the midst of one.</param>
    public void Fill(byte[] pixels, int width, int height, int bands, byte[] map, CancellationToken cancel = default)
    {
        byte[] depth = MapGrowth.Depth(map, width, height, Rim);
        foreach (
            InpaintWindow window in InpaintPlan.Lay(width, height, Components.Find(map, width, height), network.Size)
        )
        {
            cancel.ThrowIfCancellationRequested();
            Fill(window, pixels, width, bands, map, depth, cancel);
            foreach (Component part in window.Parts)
            {
                part.Paint(map, width, 0); // known from now on, for the windows that follow
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => network.Dispose();

    private void Fill(
        InpaintWindow window,
        byte[] pixels,
        int width,
        int bands,
        byte[] map,
        byte[] depth,
        CancellationToken cancel
    )
    {
        Box box = window.Window;
        (byte[] rgb, byte[] holes) = (new byte[box.Area * 3], new byte[box.Area]);
        for (int y = 0; y < box.Height; y++)
        {
            for (int x = 0; x < box.Width; x++)
            {
                int from = ((box.Top + y) * width) + box.Left + x,
                    to = (y * box.Width) + x;
                pixels.AsSpan(from * bands, 3).CopyTo(rgb.AsSpan(to * 3));
                holes[to] = map[from];
            }
        }

        byte[] filled = Run(window, rgb, holes, cancel);
        foreach (PixelRun run in window.Parts.SelectMany(p => p.Runs))
        {
            for (int x = run.Left; x < run.Right; x++)
            {
                int to = (run.Row * width) + x,
                    from = ((run.Row - box.Top) * box.Width) + x - box.Left;
                for (int c = 0; c < 3; c++)
                {
                    int old = pixels[(to * bands) + c],
                        fresh = filled[(from * 3) + c];
                    pixels[(to * bands) + c] = (byte)(
                        old + ((((fresh - old) * depth[to]) + (fresh >= old ? Rim / 2 : -(Rim / 2))) / Rim)
                    );
                }
            }
        }
    }

    // The window as the network wants it (shrunk if it must be, then padded by mirroring), and back.
    private byte[] Run(InpaintWindow window, byte[] rgb, byte[] holes, CancellationToken cancel)
    {
        (int w, int h) = (window.Window.Width, window.Window.Height);
        (int sw, int sh) = (
            Math.Min(window.Width, (int)Math.Ceiling((w / window.Shrink) - 1e-9)),
            Math.Min(window.Height, (int)Math.Ceiling((h / window.Shrink) - 1e-9))
        );
        byte[] shown = rgb,
            gaps = holes;
        if (window.Shrink > 1)
        {
            using var large = Picture.FromRgb(rgb, w, h);
            using Picture small = large.Resize(sw, sh, Kernel.Linear);
            using var largeGaps = Picture.FromPixels(holes, w, h, 1);
            using Picture smallGaps = largeGaps.Resize(sw, sh, Kernel.Linear);
            (shown, gaps) = (small.ToArray(), smallGaps.ToArray());
        }

        int plane = window.Width * window.Height;
        float[] colours = new float[3 * plane],
            marks = new float[plane];
        for (int y = 0; y < window.Height; y++)
        {
            for (int x = 0; x < window.Width; x++)
            {
                int from = (Mirror(y, sh) * sw) + Mirror(x, sw),
                    to = (y * window.Width) + x;
                marks[to] = gaps[from] > 0 ? 1 : 0;
                for (int c = 0; c < 3; c++)
                {
                    colours[(c * plane) + to] = shown[(from * 3) + c] / 255f;
                }
            }
        }

        float[] filled = network.Fill(colours, marks, window.Width, window.Height, cancel);
        byte[] result = new byte[sw * sh * 3];
        for (int i = 0; i < sw * sh; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                result[(i * 3) + c] = (byte)
                    MathF.Round(filled[(c * plane) + ((i / sw) * window.Width) + (i % sw)] * 255);
            }
        }

        if (window.Shrink <= 1)
        {
            return result;
        }

        using var low = Picture.FromRgb(result, sw, sh);
        using Picture back = low.Resize(w, h, Kernel.Cubic);
        return back.ToArray();
    }

    private static int Mirror(int at, int count)
    {
        int period = Math.Max(1, 2 * (count - 1)),
            within = at % period;
        return count == 1 ? 0
            : within < count ? within
            : period - within;
    }
}

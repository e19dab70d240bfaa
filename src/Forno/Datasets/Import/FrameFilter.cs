using Forno.Imaging;
using Forno.Imaging.Measures;

namespace Forno.Datasets.Import;

/// <summary>
/// Decides which frames of an animation or a film are worth keeping: not those that show the same as the last one kept,
/// and of a film not those that are far more blurred than others lately. Frames come in order.
/// </summary>
/// <param name="dropRepeats">Whether to drop near-identical neighbours.</param>
/// <param name="dropBlurred">Whether to drop blurred frames.</param>
internal sealed class FrameFilter(bool dropRepeats, bool dropBlurred)
{
    private const int Side = 32;
    private const double MostMean = 2,
        MostCell = 10; // of 255, on a 32×32 reduction
    private const double BlurredShare = 0.2; // of the sharpest of the last frames
    private const int Lately = 24;

    private readonly Queue<double> sharpness = new();
    private byte[]? last;

    /// <summary>Whether to keep a frame.</summary>
    public bool Keep(Picture frame)
    {
        using var opaque = frame.Flatten(Rgb.White);
        if (dropBlurred && IsBlurred(opaque))
        {
            return false;
        }

        using var small = opaque.Resize(Side, Side, Kernel.Linear);
        byte[] pixels = small.ToArray();
        if (dropRepeats && last is not null && Alike(pixels, last))
        {
            return false;
        }

        last = pixels;
        return true;
    }

    private static bool Alike(byte[] a, byte[] b)
    {
        var (sum, most) = (0, 0);
        for (int i = 0; i < a.Length; i++)
        {
            int difference = Math.Abs(a[i] - b[i]);
            sum += difference;
            most = Math.Max(most, difference);
        }

        return most < MostCell && sum < MostMean * a.Length;
    }

    private bool IsBlurred(Picture frame)
    {
        int longer = Math.Max(frame.Width, frame.Height);
        using var small =
            longer > 512
                ? frame.Resize(
                    Math.Max(1, frame.Width * 512 / longer),
                    Math.Max(1, frame.Height * 512 / longer),
                    Kernel.Linear
                )
                : frame.Extract(0, frame.Bands);
        var (rgb, bands) = (small.ToArray(), small.Bands);
        byte[] grey = new byte[small.Width * small.Height];
        for (int i = 0; i < grey.Length; i++)
        {
            grey[i] =
                bands < 3
                    ? rgb[i * bands]
                    : (byte)(
                        ((299 * rgb[i * bands]) + (587 * rgb[(i * bands) + 1]) + (114 * rgb[(i * bands) + 2]) + 500)
                        / 1000
                    );
        }

        double measure = Sharpness.Of(grey, small.Width);
        double best = sharpness.Count > 0 ? sharpness.Max() : 0;
        sharpness.Enqueue(measure);
        if (sharpness.Count > Lately)
        {
            sharpness.Dequeue();
        }

        return measure < BlurredShare * best;
    }
}

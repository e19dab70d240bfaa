using Forno.Imaging.Resampling;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>
/// What stands before a CLIP image tower, as openai/CLIP does it with Pillow and torchvision: the shorter side
/// resampled to the tower's size (bicubic), the centre cut out, values normalised by channel.
/// </summary>
public static class ClipPreprocess
{
    /// <summary>Means of red, green and blue on a scale of 0 … 1.</summary>
    public static IReadOnlyList<float> Mean { get; } = [0.48145466f, 0.4578275f, 0.40821073f];

    /// <summary>Standard deviations of red, green and blue on a scale of 0 … 1.</summary>
    public static IReadOnlyList<float> Deviation { get; } = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>A picture of any size as a tower takes it.</summary>
    /// <param name="rgb">8-bit samples [height, width, 3].</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="size">Side of the tower's picture.</param>
    /// <returns>fp32 [3, size, size].</returns>
    /// <exception cref="ArgumentException">The sizes do not fit the samples.</exception>
    public static Tensor Pixels(ReadOnlySpan<byte> rgb, int width, int height, int size)
    {
        // The longer side is cut off to whole pixels, as torchvision does.
        int newWidth = width <= height ? size : (int)((long)size * width / height);
        int newHeight = width <= height ? (int)((long)size * height / width) : size;
        byte[] resized = Resample.Bicubic(rgb, width, height, 3, newWidth, newHeight);
        int left = Centre(newWidth, size),
            top = Centre(newHeight, size);
        float[] values = new float[3 * size * size];
        for (int channel = 0, to = 0; channel < 3; channel++)
        {
            for (int y = top; y < top + size; y++)
            {
                for (int x = left; x < left + size; x++)
                {
                    values[to++] =
                        ((resized[(((y * newWidth) + x) * 3) + channel] / 255f) - Mean[channel]) / Deviation[channel];
                }
            }
        }

        return Tensor.From(values, 3, size, size);
    }

    /// <summary>Normalises pictures that have the tower's size already, keeping the graph.</summary>
    /// <param name="images">[B, 3, S, S] on a scale of 0 … 1.</param>
    /// <returns>The same shape.</returns>
    public static Tensor Normalise(Tensor images)
    {
        using var scope = new Scope();
        Tensor mean = Tensor.From<float>([.. Mean], 1, 3, 1, 1).To(images.Device);
        Tensor deviation = Tensor.From<float>([.. Deviation], 1, 3, 1, 1).To(images.Device);
        return scope.Keep((images - mean) / deviation);
    }

    // Half of what is over, halves to even as in Python's round.
    private static int Centre(int side, int size) => (int)Math.Round((side - size) / 2.0, MidpointRounding.ToEven);
}

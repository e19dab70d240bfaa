using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>A network that restores or enlarges pictures.</summary>
internal abstract class UpscaleNetwork
{
    /// <summary>What it is.</summary>
    public abstract UpscalerInfo Info { get; }

    /// <summary>
    /// The answer for a picture [B, C, H, W], its margins left out: [B, C, (H − top − bottom)·scale, …], not
    /// clamped.
    /// </summary>
    /// <param name="x">Float32 in [0, 1]; width and height fit <see cref="UpscalerInfo.MultipleOf"/>.</param>
    /// <param name="margins">What is there as context only: a network may drop it as soon as it is of no more
    /// use.</param>
    public abstract Tensor Forward(Tensor x, Margins margins);

    /// <summary>A 3×3 convolution that keeps the size.</summary>
    protected static Conv2d Conv3(Weights weights, long inputs, long outputs) =>
        new(weights, inputs, outputs, 3, padding: 1);

    /// <summary>A picture without its margins, which are given in pixels of the same size; shares storage.</summary>
    protected static Tensor Cut(Tensor y, long left, long top, long right, long bottom)
    {
        if (top > 0 || bottom > 0)
        {
            y = y.Slice(2, top, y.Size(2) - bottom);
        }
        return left > 0 || right > 0 ? y.Slice(3, left, y.Size(3) - right) : y;
    }

    /// <summary>An enlarged picture without its margins, which are given in input pixels.</summary>
    protected static Tensor Cut(Tensor y, Margins m, int scale) =>
        Cut(y, (long)m.Left * scale, (long)m.Top * scale, (long)m.Right * scale, (long)m.Bottom * scale);

    /// <summary>The scale of a last layer that is shuffled into a picture: √(outputs / channels).</summary>
    /// <exception cref="FornoException">The layer makes no whole scale.</exception>
    protected static int ShuffleScale(Weights weights, string last, long outputs, int channels)
    {
        int scale = (int)Math.Round(Math.Sqrt((double)outputs / channels));
        return scale > 0 && (long)scale * scale * channels == outputs
            ? scale
            : throw new FornoException(
                $"{weights.Store.Origin}: {last} has {outputs} outputs, which make no enlarged picture of "
                    + $"{channels} channels. The file is of another kind, or damaged."
            );
    }

    /// <summary>A side of a tensor's stored shape.</summary>
    /// <exception cref="FornoException">There is no such tensor, or it has too few dimensions.</exception>
    protected static int Side(Weights weights, string name, int dim) =>
        weights.ShapeOf(name) is { } shape && shape.Length > dim
            ? checked((int)shape[dim])
            : throw new FornoException(
                $"{weights.Store.Origin}: {name} is missing or of another shape. The file is incomplete or "
                    + "of another kind of model."
            );
}

using Forno.Imaging;
using Forno.Imaging.Resampling;
using Forno.Torch;

namespace Forno.Data;

/// <summary>
/// Where the loss of a picture counts, in the size of its latent: from its mask file (first channel, white counts
/// fully) or its opacity (<c>alpha_mask</c>). Masks are resized and cropped as their pictures; each is computed once.
/// </summary>
/// <param name="factor">Pixels a side of a latent cell.</param>
public sealed class LossMasks(int factor)
{
    private readonly Dictionary<(string Path, string? Mask, BucketFit Fit, int Left, int Top), float[]> known = [];

    /// <summary>Whether a picture has a mask.</summary>
    public static bool Applies(DatasetItem item) => item.Example.Mask is not null || item.Subset.AlphaMask;

    /// <summary>The masks of a batch, in the current scope; pictures without one count everywhere.</summary>
    /// <param name="planned">Pictures of one bucket.</param>
    /// <returns>[B, h, w], fp32 in 0 … 1; null if no picture has a mask.</returns>
    /// <exception cref="FornoException">A mask is damaged or has another size than its picture.</exception>
    public Tensor? Of(PlannedBatch planned)
    {
        if (!planned.Examples.Any(e => Applies(e.Item)))
        {
            return null;
        }

        var (width, height) = (planned.Size.Width / factor, planned.Size.Height / factor);
        float[] cells = new float[planned.Examples.Count * height * width];
        for (int i = 0; i < planned.Examples.Count; i++)
        {
            var own = cells.AsSpan(i * height * width, height * width);
            var example = planned.Examples[i];
            if (!Applies(example.Item))
            {
                own.Fill(1);
                continue;
            }

            Cells(example).CopyTo(own);
            for (int y = 0; example.Flip && y < height; y++)
            {
                own.Slice(y * width, width).Reverse();
            }
        }

        return Tensor.From(cells, planned.Examples.Count, height, width);
    }

    private float[] Cells(PlannedExample example)
    {
        var (picture, fit) = (example.Item.Example, example.Item.Fit);
        var key = (picture.Path, picture.Mask, fit, example.CropLeft, example.CropTop);
        if (!known.TryGetValue(key, out float[]? cells))
        {
            known[key] = cells = Average(Coverage(example.Item), fit, example.CropLeft, example.CropTop);
        }

        return cells;
    }

    /// <summary>[height, width] of the resized picture, 255 = counts fully.</summary>
    private static byte[] Coverage(DatasetItem item)
    {
        var fit = item.Fit;
        using var file = Picture.Load(item.Example.Mask ?? item.Example.Path);
        using var colour = file.ToSrgb8(useProfile: false);
        if (new Size(colour.Width, colour.Height) != fit.Original)
        {
            string what = item.Example.Mask is { } mask ? $"{mask}: the mask" : $"{item.Example.Path}: the picture";
            throw new FornoException(
                $"{what} is {colour.Width}x{colour.Height}, but {fit.Original} was found for "
                    + $"{Path.GetFileName(item.Example.Path)} when the folder was scanned; "
                    + "a mask must have the size of its picture: make it again with forno dataset mask, or resize it"
            );
        }

        if (item.Example.Mask is null && colour.Bands < 4)
        {
            byte[] opaque = new byte[fit.Resized.Width * fit.Resized.Height];
            opaque.AsSpan().Fill(255);
            return opaque;
        }

        using var band = colour.Extract(item.Example.Mask is null ? 3 : 0, 1);
        return Resample.ForTraining(
            band.ToArray(),
            fit.Original.Width,
            fit.Original.Height,
            1,
            fit.Resized.Width,
            fit.Resized.Height
        );
    }

    private float[] Average(byte[] coverage, BucketFit fit, int left, int top)
    {
        var (width, height) = (fit.Bucket.Width / factor, fit.Bucket.Height / factor);
        int[] sums = new int[height * width];
        for (int y = 0; y < height * factor; y++)
        {
            var row = coverage.AsSpan(((y + top) * fit.Resized.Width) + left, width * factor);
            var into = sums.AsSpan(y / factor * width, width);
            for (int x = 0; x < row.Length; x++)
            {
                into[x / factor] += row[x];
            }
        }

        return Array.ConvertAll(sums, s => s / (255f * factor * factor));
    }
}

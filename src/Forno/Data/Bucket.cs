using Forno.Imaging;

namespace Forno.Data;

/// <summary>How pictures are sorted into sizes; names and meaning are kohya's.</summary>
public sealed record BucketRules
{
    /// <summary><c>resolution</c>: its area bounds the area of every bucket.</summary>
    public required Size Resolution { get; init; }

    /// <summary><c>enable_bucket</c>; without it the resolution itself is the only bucket.</summary>
    public bool Enabled { get; init; }

    /// <summary><c>min_bucket_reso</c>: shortest side, lowered to a multiple of <see cref="Steps"/>.</summary>
    public int MinReso { get; init; } = 256;

    /// <summary><c>max_bucket_reso</c>: longest side, raised to a multiple of <see cref="Steps"/>.</summary>
    public int MaxReso { get; init; } = 1024;

    /// <summary><c>bucket_reso_steps</c>: sides are multiples of this.</summary>
    public int Steps { get; init; } = 64;

    /// <summary>
    /// <c>bucket_no_upscale</c>: small pictures keep their size and are cropped to a multiple of the steps.
    /// </summary>
    public bool NoUpscale { get; init; }

    /// <summary><see cref="MinReso"/> lowered to a multiple of the steps.</summary>
    public int EffectiveMin => MinReso - (MinReso % Steps);

    /// <summary><see cref="MaxReso"/> raised to a multiple of the steps.</summary>
    public int EffectiveMax => MaxReso % Steps == 0 ? MaxReso : MaxReso + Steps - (MaxReso % Steps);

    /// <summary>Refuses limits that shut out the resolution itself, as the trainer does.</summary>
    /// <exception cref="FornoException">The resolution is outside the limits.</exception>
    public void Check()
    {
        if (Enabled && Math.Min(Resolution.Width, Resolution.Height) < EffectiveMin)
        {
            throw new FornoException(
                $"min_bucket_reso = {MinReso} is above the shorter side of resolution {Resolution}; lower it"
            );
        }

        if (Enabled && Math.Max(Resolution.Width, Resolution.Height) > EffectiveMax)
        {
            throw new FornoException(
                $"max_bucket_reso = {MaxReso} is below the longer side of resolution {Resolution}; raise it"
            );
        }
    }
}

/// <summary>Where a picture goes: its bucket, the size it is resized to, and the crop that is left.</summary>
public sealed record BucketFit
{
    /// <summary>The picture's own size.</summary>
    public required Size Original { get; init; }

    /// <summary>The size that is trained.</summary>
    public required Size Bucket { get; init; }

    /// <summary>
    /// The picture's size after resizing and before cropping; at least <see cref="Bucket"/> in both directions.
    /// </summary>
    public required Size Resized { get; init; }

    /// <summary>The bucket's aspect ratio minus the picture's.</summary>
    public double AspectError => Bucket.Aspect - Original.Aspect;

    /// <summary>Left edge of the centre crop within the resized picture.</summary>
    public int CropLeft => Math.Max(0, Resized.Width - Bucket.Width) / 2;

    /// <summary>Top edge of the centre crop within the resized picture.</summary>
    public int CropTop => Math.Max(0, Resized.Height - Bucket.Height) / 2;

    /// <summary>
    /// What the trainer tells SDXL about the crop: left, top, right, bottom of the picture's aspect ratio fitted into
    /// the bucket. It is not the crop box.
    /// </summary>
    public (double Left, double Top, double Right, double Bottom) CropLtrb()
    {
        double aspect = Original.Aspect;
        var (width, height) =
            Bucket.Aspect > aspect
                ? (Bucket.Height * aspect, (double)Bucket.Height)
                : (Bucket.Width, Bucket.Width / aspect);
        double left = Math.Floor((Bucket.Width - width) / 2);
        double top = Math.Floor((Bucket.Height - height) / 2);
        return (left, top, left + width, top + height);
    }

    /// <summary>SDXL's crop coordinates: top, left, as integers; a mirrored picture has its own left.</summary>
    public (int Top, int Left) CropTopLeft(bool flipped)
    {
        var (left, top, right, _) = CropLtrb();
        return ((int)top, flipped ? (int)(Bucket.Width - right) : (int)left);
    }
}

/// <summary>
/// Aspect-ratio buckets exactly as kohya's <c>BucketManager</c> makes them (<c>library/train_util.py</c>,
/// <c>library/model_util.py</c>).
/// </summary>
public sealed class Buckets
{
    private readonly BucketRules rules;
    private readonly double[] aspects;
    private readonly HashSet<Size> known;

    /// <summary>Lays out the buckets.</summary>
    /// <exception cref="FornoException">Sizes or steps that make no bucket.</exception>
    public Buckets(BucketRules rules)
    {
        this.rules = rules;
        var (resolution, steps) = (rules.Resolution, rules.Steps);
        if (resolution.Width < 1 || resolution.Height < 1)
        {
            throw new FornoException($"resolution {resolution} must be at least 1x1");
        }

        if (!rules.Enabled)
        {
            Predefined = [resolution];
        }
        else if (steps < 1)
        {
            throw new FornoException($"bucket_reso_steps = {steps} must be at least 1");
        }
        else if (rules.NoUpscale)
        {
            Predefined = [];
        }
        else
        {
            Predefined = Layout(resolution, rules.EffectiveMin, rules.EffectiveMax, steps);
        }

        aspects = [.. Predefined.Select(s => s.Aspect)];
        known = [.. Predefined];
    }

    /// <summary>
    /// The buckets' sizes, ascending; empty with <see cref="BucketRules.NoUpscale"/>, where pictures make their own.
    /// </summary>
    public IReadOnlyList<Size> Predefined { get; }

    /// <summary>All sizes for an area, ascending by width, then height.</summary>
    public static IReadOnlyList<Size> Layout(Size resolution, int min, int max, int steps)
    {
        long area = (long)resolution.Width * resolution.Height;
        int square = (int)((long)Math.Sqrt(area) / steps) * steps;
        var sizes = new SortedSet<Size> { new(square, square) };
        for (int width = min; width <= max; width += steps)
        {
            if (width == 0)
            {
                continue;
            }

            int height = (int)Math.Min(max, area / width / steps * steps);
            if (height >= min && height > 0)
            {
                sizes.Add(new(width, height));
                sizes.Add(new(height, width));
            }
        }

        return [.. sizes];
    }

    /// <summary>The bucket for a picture of this size.</summary>
    /// <exception cref="FornoException">The picture is smaller than one bucket step.</exception>
    public BucketFit Fit(Size image) => rules is { Enabled: true, NoUpscale: true } ? KeepSmall(image) : Nearest(image);

    private BucketFit Nearest(Size image)
    {
        var bucket = image;
        if (!known.Contains(image))
        {
            int best = 0;
            for (int i = 1; i < aspects.Length; i++)
            {
                if (Math.Abs(aspects[i] - image.Aspect) < Math.Abs(aspects[best] - image.Aspect))
                {
                    best = i;
                }
            }

            bucket = Predefined[best];
        }

        double scale =
            image.Aspect > bucket.Aspect ? (double)bucket.Height / image.Height : (double)bucket.Width / image.Width;
        var resized = new Size((int)((image.Width * scale) + 0.5), (int)((image.Height * scale) + 0.5));
        return new BucketFit
        {
            Original = image,
            Bucket = bucket,
            Resized = resized,
        };
    }

    private BucketFit KeepSmall(Size image)
    {
        var (aspect, steps) = (image.Aspect, rules.Steps);
        long area = (long)rules.Resolution.Width * rules.Resolution.Height;
        var resized = image;
        if ((long)image.Width * image.Height > area)
        {
            double width = Math.Sqrt(area * aspect);
            double height = area / width;
            var (a, c) = (Round(width), Round(height));
            var (b, d) = (Round(a / aspect), Round(c * aspect));
            bool byWidth = Math.Abs(((double)a / b) - aspect) < Math.Abs(((double)d / c) - aspect);
            resized = byWidth ? new Size(a, (int)((a / aspect) + 0.5)) : new Size((int)((c * aspect) + 0.5), c);
        }

        var bucket = new Size(resized.Width - (resized.Width % steps), resized.Height - (resized.Height % steps));
        return bucket.Width > 0 && bucket.Height > 0
            ? new BucketFit
            {
                Original = image,
                Bucket = bucket,
                Resized = resized,
            }
            : throw new FornoException(
                $"a picture of {image} is too small for bucket_no_upscale with bucket_reso_steps = {steps}; "
                    + "enlarge or remove it, or train without bucket_no_upscale"
            );

        int Round(double x)
        {
            int n = (int)(x + 0.5);
            return n - (n % steps);
        }
    }
}

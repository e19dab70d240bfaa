using Forno.Data;
using Forno.Imaging;
using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Datasets.Edits;

/// <summary>The plans of the simple edits: trim, flatten, square, convert, resize. Masks are changed alike.</summary>
public static class EditPlans
{
    /// <summary>Cuts borders of one colour off, and frames within them.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="fuzzPercent">How far a border's pixels may lie from its colour, in percent of the full scale; as
    /// ImageMagick's <c>-fuzz</c>.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Trim(
        PictureFolder folder,
        double fuzzPercent,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        Within(fuzzPercent is >= 0 and <= 100, "--fuzz", fuzzPercent, "from 0 to 100 percent");
        return PictureEditing.Plan("trim", folder, Decide, null, null, progress, cancel);

        PictureEdit? Decide(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            using var share = PixelBudget.Take((long)info.Width * info.Height);
            using var picture = info.Decode();
            using var opaque = picture.Flatten(Rgb.White); // what is transparent counts as white
            var (box, count) = Borders.FindNested(opaque.ToArray(), info.Width, info.Height, fuzzPercent);
            return box.Width == info.Width && box.Height == info.Height
                ? null
                : new PictureEdit(
                    $"trim {info.Width}×{info.Height} to {box.Width}×{box.Height}"
                        + $"{(count > 1 ? $" (borders one in the other)" : "")}",
                    p => p.Crop(box.Left, box.Top, box.Width, box.Height),
                    m => Same(m, info).Crop(box.Left, box.Top, box.Width, box.Height)
                );
        }
    }

    /// <summary>Lays pictures with an alpha channel on a colour.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="background">The colour.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Flatten(
        PictureFolder folder,
        Rgb background,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    ) =>
        PictureEditing.Plan(
            "flatten",
            folder,
            item =>
                PictureFile.Inspect(item.File).HasAlpha
                    ? new PictureEdit($"lay on {Name(background)}", p => p.Flatten(background))
                    : null,
            null,
            null,
            progress,
            cancel
        );

    /// <summary>
    /// Pads pictures to squares; the picture stays in the middle. Masks are padded with black, which is not trained.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="background">The colour of what is added.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Square(
        PictureFolder folder,
        Rgb background,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        return PictureEditing.Plan("square", folder, Decide, null, null, progress, cancel);

        PictureEdit? Decide(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            int side = Math.Max(info.Width, info.Height);
            var (left, top) = ((side - info.Width) / 2, (side - info.Height) / 2);
            return info.Width == info.Height
                ? null
                : new PictureEdit(
                    $"pad {info.Width}×{info.Height} to {side}×{side}",
                    p => p.Pad(left, top, side, side, background),
                    m => Same(m, info).Pad(left, top, side, side, Rgb.Black)
                );
        }
    }

    /// <summary>Stores pictures in another format.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="format">png, jpg or webp.</param>
    /// <param name="quality">1–100 for jpg (95) and webp (without loss).</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Convert(
        PictureFolder folder,
        string format,
        int? quality,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        string extension = format is "png" or "jpg" or "webp"
            ? "." + format
            : throw new FornoException($"--to {format}: pictures can be converted to png, jpg or webp");
        Within(quality is null or (>= 1 and <= 100), "--quality", quality ?? 0, "from 1 to 100");
        Within(quality is null || format != "png", "--quality", quality ?? 0, "for jpg and webp only");
        return PictureEditing.Plan(
            "convert",
            folder,
            item =>
            {
                var info = PictureFile.Inspect(item.File);
                string name = Path.GetExtension(item.Path).ToLowerInvariant();
                bool fits =
                    (name == extension || (format == "jpg" && name == ".jpeg"))
                    && info.Format == (format == "jpg" ? "jpeg" : format);
                return fits ? null : new PictureEdit($"{info.Format} to {format}", p => p.Extract(0, p.Bands));
            },
            extension,
            quality,
            progress,
            cancel
        );
    }

    /// <summary>
    /// Scales pictures down to their buckets as the trainer would, but by Lanczos: nothing is cut off unless asked.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="rules">The buckets.</param>
    /// <param name="upscale">Whether smaller pictures are enlarged; else they stay as they are.</param>
    /// <param name="crop">Whether to cut what reaches over the bucket, in equal parts.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Resize(
        PictureFolder folder,
        BucketRules rules,
        bool upscale,
        bool crop,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        rules.Check();
        var buckets = new Buckets(rules);
        return PictureEditing.Plan("resize", folder, Decide, null, null, progress, cancel);

        PictureEdit? Decide(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            var size = new Size(info.Width, info.Height);
            var fit = buckets.Fit(size);
            bool grows = fit.Resized.Width > size.Width || fit.Resized.Height > size.Height;
            var end = crop ? fit.Bucket : fit.Resized;
            return end == size || (grows && !upscale)
                ? null
                : new PictureEdit(
                    $"resize {size.Width}×{size.Height} to {end.Width}×{end.Height} (bucket "
                        + $"{fit.Bucket.Width}×{fit.Bucket.Height})",
                    Scale,
                    m => Scale(Same(m, info))
                );

            Picture Scale(Picture picture)
            {
                var scaled = picture.Resize(fit.Resized.Width, fit.Resized.Height);
                if (!crop)
                {
                    return scaled;
                }

                using (scaled)
                {
                    return scaled.Crop(fit.CropLeft, fit.CropTop, fit.Bucket.Width, fit.Bucket.Height);
                }
            }
        }
    }

    private static Picture Same(Picture mask, PictureFile info) =>
        mask.Width == info.Width && mask.Height == info.Height
            ? mask
            : throw new FornoException(
                $"its mask is {mask.Width}×{mask.Height}, the picture {info.Width}×{info.Height}; make the mask again"
            );

    private static string Name(Rgb colour) =>
        colour == Rgb.White ? "white"
        : colour == Rgb.Black ? "black"
        : $"#{colour.R:x2}{colour.G:x2}{colour.B:x2}";

    private static void Within(bool right, string option, double value, string range)
    {
        if (!right)
        {
            throw new FornoException(Invariant.Text($"{option} {value}: it must be {range}"));
        }
    }
}

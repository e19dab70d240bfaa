using Forno.Data;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Edits;

/// <summary>To what size pictures are upscaled.</summary>
public sealed record UpscaleTarget
{
    /// <summary>
    /// Times the picture's own size; null: as the models make it. Not together with <see cref="Bucket"/>.
    /// </summary>
    public double? Scale { get; init; }

    /// <summary>To the size that the trainer would resize to for its bucket; null: no bucket.</summary>
    public BucketRules? Bucket { get; init; }

    /// <summary>Whether pictures that reach their bucket as they are stay untouched.</summary>
    public bool Needed { get; init; }

    /// <summary>The size that a picture gets in the end.</summary>
    /// <param name="picture">Its own size.</param>
    /// <param name="models">The scale of all models together.</param>
    /// <returns>Null if it is to stay as it is.</returns>
    public Size? Of(Size picture, int models)
    {
        if (Bucket is { } rules)
        {
            // Resized covers the bucket with the picture's own proportions; the trainer crops the rest.
            Size aim = new Buckets(rules).Fit(picture).Resized;
            return Needed && aim.Width <= picture.Width && aim.Height <= picture.Height ? null : aim;
        }
        double scale = Scale ?? models;
        return new Size(
            Math.Max(1, (int)Math.Round(picture.Width * scale)),
            Math.Max(1, (int)Math.Round(picture.Height * scale))
        );
    }
}

/// <summary>
/// The plan of <c>forno upscale</c> for folders: pictures become larger PNG files, their masks grow with them.
/// </summary>
public static class UpscalePlan
{
    /// <summary>Makes the plan; nothing is upscaled before it is applied.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="target">To what size.</param>
    /// <param name="models">The scale of all models together.</param>
    /// <param name="upscale">Runs the models over a picture; called for one picture at a time.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static ChangePlan Make(
        PictureFolder folder,
        UpscaleTarget target,
        int models,
        Func<Picture, Picture> upscale,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var one = new Lock(); // a model takes all threads, and memory for one picture
        return ChangePlan.Make("upscale", folder, Decide, progress, cancel);

        PlanStep? Decide(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            if (target.Of(new Size(info.Width, info.Height), models) is not { } size)
            {
                return null;
            }
            var content = FileContent.Bytes(
                "upscaled picture",
                () =>
                {
                    lock (one)
                    {
                        using Picture picture = info.Decode();
                        using Picture result = Upscale(picture, size, upscale);
                        return result.EncodePng();
                    }
                }
            );
            string path = RelativePath.WithExtension(item.Path, ".png");
            // The new file first: it is made from the old one.
            List<FileChange> changes =
                path == item.Path
                    ? [new ReplaceFile(path, content)]
                    : [new AddFile(path, content), new RemoveFile(item.Path)];
            if (item.Mask is { Shared: false } mask)
            {
                changes.Add(
                    new ReplaceFile(
                        mask.Path,
                        FileContent.Bytes(
                            "enlarged mask",
                            () =>
                            {
                                using Picture old = PictureFile.Inspect(mask.File).Decode();
                                using Picture grown = old.Resize(size.Width, size.Height, Kernel.Linear);
                                return grown.EncodePng();
                            }
                        )
                    )
                );
            }
            return new PlanStep
            {
                Subject = item.Path,
                What = $"upscale {info.Width}×{info.Height} to {size.Width}×{size.Height}",
                Changes = changes,
            };
        }
    }

    /// <summary>Upscales one picture and brings it to its size by Lanczos.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="size">Its size in the end.</param>
    /// <param name="upscale">Runs the models.</param>
    public static Picture Upscale(Picture picture, Size size, Func<Picture, Picture> upscale)
    {
        Picture result = upscale(picture);
        if ((result.Width, result.Height) == (size.Width, size.Height))
        {
            return result;
        }
        using (result)
        {
            using Picture resized = result.Resize(size.Width, size.Height);
            return resized.InMemory();
        }
    }
}

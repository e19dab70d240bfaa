using System.Globalization;
using Forno.Data;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Crops;

/// <summary>How pictures are cut into shots.</summary>
public sealed record CropSettings
{
    /// <summary>The buckets of the training.</summary>
    public required BucketRules Rules { get; init; }

    /// <summary>The shots to make.</summary>
    public IReadOnlyList<Shot> Shots { get; init; } = Shot.All;

    /// <summary>Boxes that are given; null: masks and alpha tell.</summary>
    public SubjectBoxes? Boxes { get; init; }

    /// <summary>Whether a picture that got a crop goes out of the set.</summary>
    public bool Replace { get; init; }

    /// <summary>
    /// How many tags at the beginning of a caption stay in front of a new shot tag, where no <c>|||</c> says it.
    /// </summary>
    public int KeepTokens { get; init; } = 1;
}

/// <summary>The shots of one picture.</summary>
/// <param name="Item">The picture.</param>
/// <param name="Size">Its size.</param>
/// <param name="Subject">Its figure; null if it is not known.</param>
/// <param name="Shots">One answer for each shot that was asked for; empty without a subject.</param>
/// <param name="Why">Why there is no crop at all; empty if there is one.</param>
public sealed record PictureCrops(
    PictureItem Item,
    Size Size,
    Subject? Subject,
    IReadOnlyList<ShotBox> Shots,
    string Why
);

/// <summary>
/// The plan of <c>forno dataset crop</c>: several shots of one large picture, each a picture of its own.
/// </summary>
public static class CropPlan
{
    /// <summary>Makes the plan.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="settings">How.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The plan, and what it knows of each picture, for a sheet.</returns>
    public static (ChangePlan Plan, IReadOnlyList<PictureCrops> Pictures) Make(
        PictureFolder folder,
        CropSettings settings,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var buckets = new Buckets(settings.Rules);
        HashSet<string> stems = [.. folder.Pictures.Select(p => RelativePath.Join(p.Folder, p.Stem))];
        (PictureCrops?[] found, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            folder.Pictures,
            item => Look(item, settings, buckets, stems),
            progress,
            cancel
        );
        var names = new FreeNames([
            .. folder.Pictures.Select(p => p.Path),
            .. folder.Pictures.SelectMany(p => p.Needed).Select(c => c.Path),
            .. folder.Others.Select(o => folder.Work is null ? Path.GetFileName(o) : RelativePath.Of(folder.Work, o)),
        ]);
        PictureCrops[] pictures = [.. found.OfType<PictureCrops>()];
        PlanStep[] steps = [.. pictures.Where(p => p.Why.Length == 0).Select(p => Step(p, settings, names))];
        Problem[] kept =
        [
            .. pictures.Where(p => p.Why.Length > 0).Select(p => new Problem(p.Item.Path, p.Why)),
            .. (settings.Boxes?.Unused() ?? []).Select(n => new Problem(
                n,
                "boxes are given for it, and there is no such picture"
            )),
        ];
        return (
            new ChangePlan
            {
                Name = "crop",
                Steps = steps,
                Problems = [.. folder.Problems, .. problems],
                Kept = kept,
            },
            pictures
        );
    }

    private static PictureCrops Look(PictureItem item, CropSettings settings, Buckets buckets, HashSet<string> stems)
    {
        var info = PictureFile.Inspect(item.File);
        var size = new Size(info.Width, info.Height);
        if (
            Shot.All.FirstOrDefault(s => item.Stem.EndsWith("-" + s.Name, StringComparison.Ordinal)) is { } of
            && stems.Contains(RelativePath.Join(item.Folder, item.Stem[..^(of.Name.Length + 1)]))
        )
        {
            return new PictureCrops(item, size, null, [], "it is a crop itself");
        }

        Subject subject;
        try
        {
            subject = SubjectOf(item, info, settings.Boxes?.Of(item.Path)).RequireInside(size);
        }
        catch (FornoException e)
        {
            return new PictureCrops(item, size, null, [], Problem.Of(item.Path, e, item.File).Why);
        }

        ShotBox[] shots = [.. ShotRules.Lay(size, subject, settings.Shots).Select(Judge)];
        string why = shots.Any(s => s.Box is not null)
            ? ""
            : string.Join(
                "; ",
                shots.GroupBy(s => s.Why).Select(g => $"{string.Join(", ", g.Select(s => s.Shot.Name))}: {g.Key}")
            );
        return new PictureCrops(item, size, subject, shots, why);

        ShotBox Judge(ShotBox shot) =>
            shot.Box is not { } box ? shot
            : stems.Contains(RelativePath.Join(item.Folder, $"{item.Stem}-{shot.Shot.Name}"))
                ? shot with
                {
                    Box = null,
                    Why = "it is there already",
                }
            : ShotRules.Alike(box, new Box(0, 0, size.Width, size.Height))
                ? shot with
                {
                    Box = null,
                    Why = "it is nearly the whole picture",
                }
            : ShotRules.TooSmall(new Size(box.Width, box.Height), buckets, settings.Rules.Resolution) is { } small
                ? shot with
                {
                    Box = null,
                    Why = small,
                }
            : shot;
    }

    private static Subject SubjectOf(PictureItem item, PictureFile info, IReadOnlyDictionary<string, Box>? boxes)
    {
        Box? head = boxes?.TryGetValue("head", out Box h) == true ? h : null,
            face = boxes?.TryGetValue("face", out Box f) == true ? f : null;
        if (boxes?.TryGetValue("subject", out Box box) == true)
        {
            return new Subject
            {
                Box = box,
                Head = head,
                Face = face,
                Source = "boxes",
            };
        }

        if (item.Mask is null && !info.HasAlpha)
        {
            // Without the figure's own box nothing says where its feet are: it counts as cut off.
            return head is null && face is null
                ? throw new FornoException("it has no mask, no alpha and no box: nothing shows where its subject is")
                : new Subject
                {
                    Box = new Box(0, 0, info.Width, info.Height),
                    Head = head,
                    Face = face,
                    Source = "boxes",
                };
        }

        return MapSubject(item, info) with
        {
            Head = head,
            Face = face,
        };
    }

    private static Subject MapSubject(PictureItem item, PictureFile info)
    {
        using IDisposable share = PixelBudget.Take((long)info.Width * info.Height);
        PictureFile source = item.Mask is { } mask ? PictureFile.Inspect(mask.File) : info;
        if ((source.Width, source.Height) != (info.Width, info.Height))
        {
            throw new FornoException(
                $"its mask is {source.Width}×{source.Height}, the picture {info.Width}×{info.Height}; make "
                    + "the mask again"
            );
        }

        using Picture picture = source.Decode();
        using Picture band = picture.Extract(item.Mask is null ? picture.Bands - 1 : 0);
        return Subject.FromMap(band.ToArray(), info.Width, info.Height, item.Mask is null ? "alpha" : "mask");
    }

    private static PlanStep Step(PictureCrops picture, CropSettings settings, FreeNames names)
    {
        PictureItem item = picture.Item;
        var changes = new List<FileChange>();
        ShotBox[] taken = [.. picture.Shots.Where(s => s.Box is not null)];
        foreach (ShotBox shot in taken)
        {
            Box box = shot.Box!.Value;
            string path = names.Take(item.Folder, $"{item.Stem}-{shot.Shot.Name}") + ".png";
            changes.Add(new AddFile(path, PictureContent.Edited(item.File, path, Cut)));
            if (item.Mask is { } mask)
            {
                string to = RelativePath.WithExtension(item.PathFor(mask, path), ".png");
                changes.Add(new AddFile(to, PictureContent.Edited(mask.File, to, Cut)));
            }

            foreach (Companion sidecar in item.Companions.Where(c => c != item.Mask))
            {
                changes.Add(
                    new AddFile(
                        item.PathFor(sidecar, path),
                        shot.Tagged && PictureFiles.IsCaptionName(sidecar.Path)
                            ? FileContent.Text(
                                ShotCaption.Set(Caption.ReadText(sidecar.File), shot.Shot, settings.KeepTokens)
                            )
                            : FileContent.CopyOf(sidecar.File)
                    )
                );
            }

            Picture Cut(Picture p) => p.Crop(box.Left, box.Top, box.Width, box.Height);
        }

        if (settings.Replace)
        {
            // After the crops, which are made from them.
            changes.Add(new RemoveFile(item.Path));
            changes.AddRange(item.Companions.Where(c => !c.Shared).Select(c => new RemoveFile(c.Path)));
        }

        string what = string.Join(
            ", ",
            taken.Select(s => Invariant.Text($"{s.Shot.Name} {s.Box!.Value.Width}×{s.Box.Value.Height}"))
        );
        return new PlanStep
        {
            Subject = item.Path,
            What = what,
            Changes = changes,
        };
    }
}

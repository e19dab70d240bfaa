using Forno.Datasets.Sorting;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Workspace;

namespace Forno.Datasets.Masks;

/// <summary>How masks are finished after they were found, in this order.</summary>
public sealed record MaskFinish
{
    /// <summary>Black below, white from this share on; null keeps greys.</summary>
    public double? Threshold { get; init; }

    /// <summary>Pixels that white grows; negative shrinks it.</summary>
    public int Grow { get; init; }

    /// <summary>Standard deviation of the edge's blur in pixels.</summary>
    public double Feather { get; init; }

    /// <summary>The finished mask.</summary>
    public MaskPlane Of(MaskPlane mask)
    {
        MaskPlane grown = (Threshold is { } level ? mask.Threshold(level) : mask).Grow(Grow);
        return grown.Feather(Feather);
    }
}

/// <summary>
/// A picture's mask, found and judged. What is held of it is small: it is finished when it is asked for.
/// </summary>
public sealed record JudgedMask
{
    private readonly Func<MaskPlane> found;

    /// <summary>Judges a mask.</summary>
    /// <param name="item">The picture.</param>
    /// <param name="mask">As found, of any size.</param>
    /// <param name="view">What the picture shows; null: the mask is judged by its shape alone.</param>
    /// <param name="size">The picture's size.</param>
    /// <param name="finish">How it is finished.</param>
    /// <param name="rules">From where on it is bad.</param>
    /// <param name="again">Finds the mask once more; null: it is kept, packed.</param>
    public JudgedMask(
        PictureItem item,
        MaskPlane mask,
        PictureView? view,
        Size size,
        MaskFinish finish,
        MaskRules rules,
        Func<MaskPlane>? again = null
    )
    {
        (Item, Size, Finish, Shape) = (item, size, finish, MaskShape.Of(mask));
        Flaws = MaskJudge.Judge(mask, view, rules);
        found = again ?? Kept(mask);
    }

    /// <summary>The picture.</summary>
    public PictureItem Item { get; }

    /// <summary>The picture's size, which the finished mask has.</summary>
    public Size Size { get; }

    /// <summary>How it is finished.</summary>
    public MaskFinish Finish { get; }

    /// <summary>Its measures, before it was finished.</summary>
    public MaskShape Shape { get; }

    /// <summary>Why it is bad; empty if it is good.</summary>
    public IReadOnlyList<MaskFlaw> Flaws { get; }

    /// <summary>Whether it is to be trained with.</summary>
    public bool IsGood => Flaws.Count == 0;

    /// <summary>The finished mask.</summary>
    /// <exception cref="FornoException">The file that it is taken from cannot be read any more.</exception>
    public MaskPlane Make()
    {
        using IDisposable share = PixelBudget.Take((long)Size.Width * Size.Height);
        return Finish.Of(found().Resize(Size.Width, Size.Height));
    }

    private static Func<MaskPlane> Kept(MaskPlane mask)
    {
        byte[] png = mask.EncodePng();
        return () =>
        {
            using var picture = Picture.Decode(png, "mask");
            return new MaskPlane(picture.ToArray(), picture.Width, picture.Height);
        };
    }
}

/// <summary>The plan of <c>forno dataset mask</c>. Pure.</summary>
public static class MaskPlan
{
    /// <summary>What the name of a folder of pictures without mask ends in.</summary>
    public const string Suffix = "_nomask";

    /// <summary>
    /// Good masks are written to <c>masks/</c> beside their pictures. Pictures whose mask is bad go to the folder's
    /// sibling <c>N_name_nomask</c> with their captions: the trainer wants a mask for every picture of a masked folder
    /// or for none.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="masks">Masks of some of them.</param>
    /// <param name="keepBad">Writes bad masks too and moves nothing.</param>
    /// <param name="problems">Pictures for which none could be made.</param>
    /// <param name="write">Off: the masks are there already as they are to be.</param>
    public static ChangePlan Make(
        PictureFolder folder,
        IReadOnlyList<JudgedMask> masks,
        bool keepBad,
        IReadOnlyList<Problem> problems,
        bool write = true
    )
    {
        var bad = masks.Where(m => !keepBad && !m.IsGood).ToDictionary(m => m.Item.Path, StringComparer.Ordinal);
        ChangePlan moves = SortPlan.Make(
            folder,
            [item => bad.ContainsKey(item.Path) ? WithoutMask(item) : null],
            rest: null
        );
        var steps = moves
            .Steps.Select(s =>
                s with
                {
                    What =
                        $"bad mask ({string.Join("; ", bad[s.Subject].Flaws.Select(f => f.Text))}): trained "
                        + $"without, {s.What}",
                }
            )
            .ToList();
        foreach (JudgedMask mask in masks.Where(m => write && !bad.ContainsKey(m.Item.Path)))
        {
            string path = Target(mask.Item);
            var content = FileContent.Bytes("mask", () => mask.Make().EncodePng());
            List<FileChange> changes =
            [
                mask.Item.Mask?.Path == path ? new ReplaceFile(path, content) : new AddFile(path, content),
            ];
            if (mask.Item.Mask is { } old && old.Path != path)
            {
                changes.Add(new RemoveFile(old.Path));
            }

            string flaws = mask.IsGood ? "" : $", bad: {string.Join("; ", mask.Flaws.Select(f => f.Text))}";
            steps.Add(
                new PlanStep
                {
                    Subject = mask.Item.Path,
                    What = Invariant.Text($"mask, {mask.Shape.White:0 %} white{flaws}"),
                    Changes = changes,
                }
            );
        }

        return new ChangePlan
        {
            Name = "mask",
            Steps = [.. steps.OrderBy(s => s.Subject, StringComparer.Ordinal)],
            Problems = [.. folder.Problems, .. problems],
        };
    }

    /// <summary>Which pictures get a mask, and why the others get none.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="replace">Whether masks that are there are made anew.</param>
    public static (IReadOnlyList<PictureItem> Wanted, int HaveOne, IReadOnlyList<Problem> Problems) Choose(
        PictureFolder folder,
        bool replace
    )
    {
        var wanted = new List<PictureItem>();
        var problems = new List<Problem>();
        int have = 0;
        foreach (var group in folder.Pictures.GroupBy(Target))
        {
            PictureItem first = group.First();
            if (first.Mask is not null && !replace)
            {
                have += group.Count();
                continue;
            }

            wanted.Add(first);
            problems.AddRange(
                group
                    .Skip(1)
                    .Select(p => new Problem(
                        p.Path,
                        $"its mask would be that of {first.Path}, which has the same name; rename one of them"
                    ))
            );
        }

        return (wanted, have, problems);
    }

    /// <summary>The pictures that have a mask; of those that share one, the first.</summary>
    /// <param name="folder">The pictures.</param>
    public static IReadOnlyList<PictureItem> Masked(PictureFolder folder) =>
        [.. folder.Pictures.Where(p => p.Mask is not null).DistinctBy(p => p.Mask!.Path)];

    private static string Target(PictureItem item) =>
        RelativePath.Join(item.Folder, $"{PictureItem.MaskFolder}/{item.Stem}.png");

    // 10_cat → 10_cat_nomask; a second run leaves pictures that lie there already where they are.
    private static string WithoutMask(PictureItem item) =>
        item.Folder.Length == 0 ? Suffix[1..]
        : item.Folder.EndsWith(Suffix, StringComparison.Ordinal) || item.Folder == Suffix[1..] ? item.Folder
        : item.Folder + Suffix;
}

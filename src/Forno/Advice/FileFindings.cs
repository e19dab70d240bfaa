using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Advice;

/// <summary>A folder as the training configuration has it.</summary>
/// <param name="Path">Its full path.</param>
/// <param name="IsReg">Whether it holds regularisation pictures.</param>
/// <param name="CaptionExtension">The extension of captions that the trainer looks for, with its dot.</param>
/// <param name="KeepSeparator"><c>keep_tokens_separator</c>, or null.</param>
/// <param name="KeepTokens"><c>keep_tokens</c>.</param>
/// <param name="Shuffles"><c>shuffle_caption</c>.</param>
public sealed record TrainedFolder(
    string Path,
    bool IsReg,
    string CaptionExtension,
    string? KeepSeparator = null,
    int KeepTokens = 0,
    bool Shuffles = false
)
{
    /// <summary>What the configuration says of it, by kohya's names.</summary>
    public IReadOnlyDictionary<string, object?> Options { get; init; } = new Dictionary<string, object?>();

    /// <summary>Whether a switch is on.</summary>
    public bool On(string option) => Options.GetValueOrDefault(option) is true;

    /// <summary>A number; 0 where there is none.</summary>
    public double Number(string option) => ConfigFacts.Real(Options.GetValueOrDefault(option));
}

/// <summary>What is wrong with folders and files, before anything is read as a picture.</summary>
public static class FileFindings
{
    /// <summary>Looks at the files.</summary>
    /// <param name="roots">The data set's folders, full paths.</param>
    /// <param name="folder">The pictures in them.</param>
    /// <param name="set">Their captions.</param>
    /// <param name="trained">What the configuration trains on; null = there is no configuration.</param>
    public static IReadOnlyList<Finding> Find(
        IReadOnlyList<string> roots,
        PictureFolder folder,
        CaptionSet set,
        IReadOnlyList<TrainedFolder>? trained
    )
    {
        var found = new List<Finding>();
        Empty(roots, folder, trained ?? [], found);
        Captions(set, trained, found);
        CaptionNames(folder, found);
        Overlap(trained ?? [], found);
        Masks(folder, found);
        Separators(set, trained ?? [], found);
        Untrained(folder, trained, found);
        return [.. found.OrderByDescending(f => f.Level)];
    }

    private static void Empty(
        IReadOnlyList<string> roots,
        PictureFolder folder,
        IReadOnlyList<TrainedFolder> trained,
        List<Finding> found
    )
    {
        string[] holding = [.. folder.Pictures.Select(p => Path.GetDirectoryName(p.File)!).Distinct()];
        var empty = new List<string>();
        foreach (string root in roots.Where(Directory.Exists))
        {
            foreach (
                string at in Directory
                    .EnumerateDirectories(root, "*", SearchOption.AllDirectories)
                    .Prepend(root)
                    .Order(StringComparer.Ordinal)
            )
            {
                string name = Path.GetRelativePath(root, at);
                bool aside =
                    name != "."
                    && name.Split(Path.DirectorySeparatorChar)
                        .Any(p => p[0] is '.' or '_' || p == PictureItem.MaskFolder);
                bool below = holding.Any(h =>
                    h == at || h.StartsWith(at + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                );
                if (!aside && !below)
                {
                    empty.Add(name == "." ? Path.GetFileName(root) : name);
                }
                else if (!aside && RelativePath.Repeats(Path.GetFileName(at)) is not null && !holding.Contains(at))
                {
                    found.Add(
                        new Finding(
                            FindingKind.EmptyFolder,
                            FindingLevel.Bad,
                            $"{name} has pictures only in its subfolders",
                            "Trainers look for pictures directly in N_name: nothing of this folder is trained.",
                            Fix.ByHand("move the pictures up into it")
                        )
                    );
                }
            }
        }

        empty.AddRange(
            trained
                .Where(t =>
                    Directory.Exists(t.Path)
                    && !holding.Contains(t.Path)
                    && !Directory.EnumerateFiles(t.Path).Any(PictureFiles.IsPictureName)
                    && !roots.Any(r =>
                        t.Path == r || t.Path.StartsWith(r + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                    )
                )
                .Select(t => t.Path)
        );
        empty.AddRange(trained.Where(t => !Directory.Exists(t.Path)).Select(t => $"{t.Path} (does not exist)"));
        if (empty.Count > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.EmptyFolder,
                    FindingLevel.Bad,
                    $"no pictures in {List(empty.Distinct())}",
                    "The trainer stops at it, or trains without it and says nothing.",
                    Fix.ByHand("put its pictures there"),
                    Fix.ByHand("remove the folder")
                )
            );
        }
    }

    private static void Captions(CaptionSet set, IReadOnlyList<TrainedFolder>? trained, List<Finding> found)
    {
        if (set.Pictures.Count == 0)
        {
            return;
        }

        foreach (var of in (trained ?? []).Where(t => !t.IsReg).GroupBy(t => t.CaptionExtension))
        {
            CaptionedPicture[] there =
            [
                .. set.Pictures.Where(p => of.Any(t => Path.GetDirectoryName(p.Picture.File) == t.Path)),
            ];
            CaptionedPicture[] other =
            [
                .. there.Where(p =>
                    p.Picture.Captions.Count > 0
                    && !p.Picture.Captions.Any(s => s.Path.EndsWith(of.Key, StringComparison.Ordinal))
                ),
            ];
            if (other.Length > 0)
            {
                string kinds = string.Join(
                    ", ",
                    other
                        .GroupBy(p => Path.GetExtension(p.Picture.Captions[0].Path))
                        .OrderByDescending(g => g.Count())
                        .Select(g => Invariant.Text($"{g.Key} ({g.Count()})"))
                );
                found.Add(
                    new Finding(
                        FindingKind.CaptionExtension,
                        FindingLevel.Bad,
                        Invariant.Text(
                            $"the trainer looks for {of.Key}, but captions of {other.Length} of "
                                + $"{there.Length} pictures are {kinds}"
                        ),
                        "Those pictures are trained without their captions: all that they show goes to the "
                            + "folder's class tokens.",
                        Fix.Set("caption_extension", Path.GetExtension(other[0].Picture.Captions[0].Path))
                            .Noting("kohya's default is .caption")
                    )
                );
            }
        }

        if (
            set.Pictures.All(p => p.File is null || string.IsNullOrWhiteSpace(p.Caption?.ToString()))
            && !found.Exists(f => f.Kind == FindingKind.CaptionExtension)
        )
        {
            found.Add(
                new Finding(
                    FindingKind.NoCaptions,
                    FindingLevel.Bad,
                    Invariant.Text($"none of {set.Pictures.Count} pictures has a caption"),
                    "Everything in the pictures sticks to the folder's name; nothing can be changed by words.",
                    Fix.Run("caption tag").OnDataSet().Changing(),
                    Fix.ByHand("write a .txt beside each picture")
                )
            );
        }
        else if (
            trained is null
            && set
                .Pictures.Where(p => p.File is not null)
                .Select(p => Path.GetExtension(p.File!.Path).ToLowerInvariant())
                .Distinct()
                .ToArray()
                is { Length: > 1 } mixed
        )
        {
            found.Add(
                new Finding(
                    FindingKind.Extensions,
                    FindingLevel.Warning,
                    $"captions have different extensions: {string.Join(", ", mixed.Order())}",
                    "A trainer reads only those of its caption_extension.",
                    Fix.Run("dataset import").OnDataSet().IntoNew().With("caption-extension", ".txt"),
                    Fix.ByHand("rename them all to .txt")
                )
            );
        }
    }

    // Files that would be captions of pictures without one if they had their names: Cat.txt, "cat (1).txt",
    // cat_wd14.txt.
    private static void CaptionNames(PictureFolder folder, List<Finding> found)
    {
        ILookup<string, PictureItem> bare = folder
            .Pictures.Where(p => p.Captions.Count == 0)
            .ToLookup(p => Path.GetDirectoryName(p.File)!);
        (string Caption, string Picture)[] misnamed =
        [
            .. folder
                .Others.Where(PictureFiles.IsCaptionName)
                .Order(StringComparer.Ordinal)
                .SelectMany(c => bare[Path.GetDirectoryName(c)!].Where(p => IsNearly(c, p)).Take(1), Pair),
        ];
        if (misnamed.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.CaptionNames,
                    FindingLevel.Warning,
                    $"{TriggerCounts(misnamed.Length)} not named as their pictures: "
                        + List(misnamed.Select(m => $"{m.Caption} ({m.Picture})")),
                    "The trainer looks for the picture's name with another extension, and finds no caption.",
                    Fix.ByHand(
                        $"rename them: {Path.GetFileNameWithoutExtension(misnamed[0].Picture)}"
                            + $"{Path.GetExtension(misnamed[0].Caption)} for {misnamed[0].Picture}"
                    )
                )
            );
        }

        static (string, string) Pair(string caption, PictureItem picture) =>
            (Path.GetFileName(caption), RelativePath.Name(picture.Path));

        static bool IsNearly(string caption, PictureItem picture)
        {
            string name = Path.GetFileNameWithoutExtension(caption);
            return name.StartsWith(picture.Stem, StringComparison.OrdinalIgnoreCase)
                && (name.Length == picture.Stem.Length || !char.IsLetterOrDigit(name[picture.Stem.Length]));
        }
    }

    private static void Overlap(IReadOnlyList<TrainedFolder> trained, List<Finding> found)
    {
        foreach (TrainedFolder reg in trained.Where(t => t.IsReg))
        {
            foreach (TrainedFolder train in trained.Where(t => !t.IsReg))
            {
                if (Inside(reg.Path, train.Path) || Inside(train.Path, reg.Path))
                {
                    found.Add(
                        new Finding(
                            FindingKind.RegOverlap,
                            FindingLevel.Bad,
                            $"regularisation folder {reg.Path} and training folder {train.Path} overlap",
                            RegEffect,
                            Fix.ByHand("give regularisation pictures a folder of their own (reg_data_dir)")
                        )
                    );
                }
                else if (SameFiles(reg.Path, train.Path) is { Length: > 0 } same)
                {
                    found.Add(
                        new Finding(
                            FindingKind.RegOverlap,
                            FindingLevel.Bad,
                            Invariant.Text(
                                $"{same.Length} regularisation pictures of {reg.Path} are training pictures, "
                                    + $"too: {List(same)}"
                            ),
                            RegEffect,
                            Fix.ByHand("take them out of the regularisation folder")
                        )
                    );
                }
            }
        }
    }

    private const string RegEffect =
        "The same pictures are trained as what is wanted and as what is not: each undoes the other.";

    private static void Masks(PictureFolder folder, List<Finding> found)
    {
        foreach (
            var group in folder
                .Pictures.GroupBy(p => Path.GetDirectoryName(p.File)!)
                .OrderBy(g => g.Key, StringComparer.Ordinal)
        )
        {
            string masks = Path.Join(group.Key, PictureItem.MaskFolder);
            string[] orphans =
            [
                .. folder
                    .Others.Where(o => Path.GetDirectoryName(o) == masks && PictureFiles.IsPictureName(o))
                    .Select(o => Path.GetFileName(o)),
            ];
            PictureItem[] without = [.. group.Where(p => p.Mask is null)];
            if (orphans.Length + (group.Count() - without.Length) > 0 && without.Length > 0)
            {
                found.Add(
                    new Finding(
                        FindingKind.MaskNames,
                        FindingLevel.Bad,
                        Invariant.Text(
                            $"masks in {Name(group.First().Folder)} lack {without.Length} of {group.Count()} "
                                + $"pictures: {List(without.Select(w => RelativePath.Name(w.Path)))}"
                        ),
                        "Trainers stop at a mask that is missing, or train the whole picture.",
                        Fix.Run("dataset mask").OnDataSet().Changing().Noting("makes the missing ones"),
                        Fix.ByHand("give each mask the name of its picture")
                    )
                );
            }
            else if (orphans.Length > 0)
            {
                found.Add(
                    new Finding(
                        FindingKind.MaskOrphans,
                        FindingLevel.Note,
                        $"masks without a picture in {Name(group.First().Folder)}: {List(orphans)}",
                        "They are not used.",
                        Fix.ByHand("give each mask the name of its picture"),
                        Fix.ByHand("remove them")
                    )
                );
            }
        }
    }

    // ||| that the trainer does not know is trained as text, and shuffled with the triggers.
    private static void Separators(CaptionSet set, IReadOnlyList<TrainedFolder> trained, List<Finding> found)
    {
        CaptionedPicture[] wrong =
        [
            .. set.Pictures.Where(p =>
                p.Caption?.HasSeparator == true
                && trained.FirstOrDefault(t => !t.IsReg && t.Path == Path.GetDirectoryName(p.Picture.File)) is { } of
                && of.KeepSeparator != CaptionText.KeepSeparator
            ),
        ];
        if (wrong.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.Separator,
                    FindingLevel.Bad,
                    Invariant.Text($"||| in {TriggerCounts(wrong.Length)}, but keep_tokens_separator is not |||"),
                    "The trainer takes it for text, and shuffling moves the triggers.",
                    Fix.Set("keep_tokens_separator", CaptionText.KeepSeparator)
                )
            );
        }
    }

    private static void Untrained(PictureFolder folder, IReadOnlyList<TrainedFolder>? trained, List<Finding> found)
    {
        var left = folder
            .Pictures.Where(p => trained?.Any(t => t.Path == Path.GetDirectoryName(p.File)) == false)
            .GroupBy(p => Name(p.Folder))
            .ToArray();
        if (left.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.NotTrained,
                    FindingLevel.Bad,
                    Invariant.Text(
                        $"the configuration does not train on "
                            + $"{List(left.Select(g => Invariant.Text($"{g.Key} ({g.Count()})")))}"
                    ),
                    "Trainers take folders called N_name below train_data_dir, or those of the dataset "
                        + "config; these pictures are left out.",
                    Fix.Run("plan")
                        .OnDataSet()
                        .Changing()
                        .WithConfig()
                        .With("apply")
                        .Noting("gives every folder its N_name")
                )
            );
        }
    }

    private static string[] SameFiles(string reg, string train)
    {
        if (!Directory.Exists(reg) || !Directory.Exists(train))
        {
            return [];
        }

        var byLength = Directory
            .EnumerateFiles(train)
            .Where(PictureFiles.IsPictureName)
            .ToLookup(f => new FileInfo(f).Length);
        return
        [
            .. Directory
                .EnumerateFiles(reg)
                .Where(f =>
                    PictureFiles.IsPictureName(f)
                    && byLength[new FileInfo(f).Length].Any(t => ContentKey.OfFile(t) == ContentKey.OfFile(f))
                )
                .Select(f => Path.GetFileName(f))
                .Order(StringComparer.Ordinal),
        ];
    }

    private static bool Inside(string inner, string outer) =>
        inner == outer || inner.StartsWith(outer + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    private static string TriggerCounts(int count) =>
        Invariant.Text($"{count} {(count == 1 ? "caption" : "captions")}");

    private static string Name(string folder) => folder.Length > 0 ? folder : "the folder";

    private static string List(IEnumerable<string> names) => TriggerFindings.List(names);
}

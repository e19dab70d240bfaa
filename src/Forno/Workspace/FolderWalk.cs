using System.IO.Enumeration;
using Forno.Data;

namespace Forno.Workspace;

/// <summary>
/// Walks through folders: hidden files are passed over, links that leave the folder reported, not followed.
/// </summary>
/// <param name="isPicture">Which files are pictures.</param>
/// <param name="skipSetAside">Whether to pass over folders that begin with <c>_</c>, where tools put what is not to be
/// trained.</param>
/// <param name="captionExtension">A further extension of captions, with its dot, or null.</param>
internal sealed class FolderWalk(Func<string, bool> isPicture, bool skipSetAside, string? captionExtension = null)
{
    public List<string> Others { get; } = [];

    public List<Problem> Problems { get; } = [];

    /// <summary>The pictures of a folder and all below.</summary>
    /// <param name="root">Its full path.</param>
    /// <param name="prefix">What their paths begin with.</param>
    public List<PictureItem> Pictures(string root, string prefix)
    {
        var found = new List<((string Full, string Path) Folder, List<string> Files, List<string> Masks)>();
        int known = Problems.Count;
        var folders = new Stack<(string Full, string Path)>([(root, prefix)]);
        while (folders.TryPop(out var folder))
        {
            var (files, below) = Entries(root, folder.Full);
            var masks = below.Remove(PictureItem.MaskFolder)
                ? Entries(root, Path.Join(folder.Full, PictureItem.MaskFolder)).Files
                : [];
            found.Add((folder, files, masks));
            foreach (string name in below)
            {
                folders.Push((Path.Join(folder.Full, name), RelativePath.Join(folder.Path, name)));
            }
        }

        // Named as the pictures are.
        for (int i = known; i < Problems.Count; i++)
        {
            string below = Path.GetRelativePath(root, Problems[i].File);
            Problems[i] = below == "." ? Problems[i] : Problems[i] with { File = RelativePath.Join(prefix, below) };
        }

        var matched = new (List<PictureItem> Pictures, List<string> Others)[found.Count];
        Parallel.For(0, found.Count, i => matched[i] = Match(found[i].Folder, found[i].Files, found[i].Masks));
        Others.AddRange(matched.SelectMany(m => m.Others));
        return [.. matched.SelectMany(m => m.Pictures)];
    }

    /// <summary>One picture of a folder.</summary>
    /// <param name="folder">The folder's full path.</param>
    /// <param name="prefix">What its path begins with.</param>
    /// <param name="name">Its name.</param>
    public List<PictureItem> One(string folder, string prefix, string name)
    {
        // What else lies beside it is nobody's business.
        int problems = Problems.Count;
        var (files, below) = Entries(folder, folder);
        var masks = below.Contains(PictureItem.MaskFolder)
            ? Entries(folder, Path.Join(folder, PictureItem.MaskFolder)).Files
            : [];
        List<PictureItem> found =
        [
            .. Match((folder, prefix), files, masks).Pictures.Where(p => RelativePath.Name(p.Path) == name),
        ];
        Problems.RemoveRange(problems, Problems.Count - problems);
        if (found.Count == 0)
        {
            Problems.Add(new Problem(Path.Join(folder, name), "not a picture, or not one that is looked at"));
        }

        return found;
    }

    private (List<PictureItem> Pictures, List<string> Others) Match(
        (string Full, string Path) folder,
        List<string> files,
        List<string> masks
    )
    {
        var others = new List<string>();
        var pictures = files.Where(f => !IsCaption(f) && isPicture(Path.Join(folder.Full, f))).ToList();
        var whole = pictures.ToHashSet(StringComparer.Ordinal);
        var byStem = pictures.ToLookup(f => Path.GetFileNameWithoutExtension(f), StringComparer.Ordinal);
        var lenders = pictures
            .Where(f => f.AsSpan().Count('_') > 3)
            .Select(f => (Picture: f, Lender: Caption.LenderOf(Path.GetFileNameWithoutExtension(f))))
            .Where(f => f.Lender is not null)
            .ToLookup(f => f.Lender!, f => f.Picture, StringComparer.Ordinal);
        var (sidecars, lent) = (
            new Dictionary<string, List<Companion>>(StringComparer.Ordinal),
            new List<(string Stem, string[] Owners, Companion File)>()
        );
        foreach (string? file in files.Where(f => !whole.Contains(f)))
        {
            string stem = OwnerName(file);
            bool isTags = PictureFiles.IsTagsName(file);
            // name.png.txt belongs to name.png; name.txt to every name.*
            string[] owners =
                !IsCaption(file) && !isTags ? []
                : whole.Contains(stem) ? [stem]
                : [.. byStem[stem]];
            var companion = new Companion(
                RelativePath.Join(folder.Path, file),
                Path.Join(folder.Full, file),
                owners.Length > 1
            );
            foreach (string owner in owners)
            {
                sidecars.TryAdd(owner, []);
                sidecars[owner].Add(companion);
            }

            if (lenders.Count > 0 && IsCaption(file) && !isTags && lenders.Contains(stem))
            {
                lent.Add((stem, owners, companion));
            }
            else if (owners.Length == 0)
            {
                others.Add(companion.File);
            }
        }

        var borrowed = lent.Count == 0 ? null : Lend(lent, lenders, sidecars, others);

        var maskOf = masks
            .Where(PictureFiles.IsPictureName)
            .GroupBy(Path.GetFileNameWithoutExtension)
            .ToDictionary(
                g => g.Key!,
                g => g.OrderByDescending(f => f.EndsWith(".png", StringComparison.Ordinal)).First(),
                StringComparer.Ordinal
            );
        others.AddRange(
            masks
                .Where(m =>
                    maskOf.GetValueOrDefault(Path.GetFileNameWithoutExtension(m)) != m
                    || !byStem.Contains(Path.GetFileNameWithoutExtension(m))
                )
                .Select(m => Path.Join(folder.Full, PictureItem.MaskFolder, m))
        );
        return (
            [
                .. pictures.Select(file =>
                {
                    string stem = Path.GetFileNameWithoutExtension(file);
                    var own = sidecars.GetValueOrDefault(file) ?? [];
                    var captions =
                        own.Count == 0 || (own.Count == 1 && !PictureFiles.IsTagsName(own[0].Path))
                            ? own
                            :
                            [
                                .. own.Where(c => !PictureFiles.IsTagsName(c.Path))
                                    .OrderBy(c => PictureFiles.CaptionRank(c.Path)),
                            ];
                    return new PictureItem
                    {
                        Path = RelativePath.Join(folder.Path, file),
                        File = Path.Join(folder.Full, file),
                        Sidecars = captions,
                        Borrowed =
                            borrowed?.TryGetValue(file, out var taken) == true
                                ? [.. taken.OrderBy(c => PictureFiles.CaptionRank(c.Path))]
                                : [],
                        Tags = captions.Count == own.Count ? null : own.Find(c => PictureFiles.IsTagsName(c.Path)),
                        Mask = maskOf.TryGetValue(stem, out string? mask)
                            ? new Companion(
                                RelativePath.Join(folder.Path, $"{PictureItem.MaskFolder}/{mask}"),
                                Path.Join(folder.Full, PictureItem.MaskFolder, mask),
                                byStem[stem].Skip(1).Any()
                            )
                            : null,
                    };
                }),
            ],
            others
        );
    }

    // name.txt serves name_1_2_3_4.png, too, where that has no caption of this extension of its own.
    private static Dictionary<string, List<Companion>> Lend(
        List<(string Stem, string[] Owners, Companion File)> lent,
        ILookup<string, string> lenders,
        Dictionary<string, List<Companion>> sidecars,
        List<string> others
    )
    {
        var borrowed = new Dictionary<string, List<Companion>>(StringComparer.Ordinal);
        foreach (var (stem, owners, file) in lent)
        {
            string extension = RelativePath.Name(file.Path)[stem.Length..];
            string[] takers =
            [
                .. lenders[stem]
                    .Where(p =>
                        sidecars
                            .GetValueOrDefault(p)
                            ?.Exists(c => c.Path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)) != true
                    ),
            ];
            if (takers.Length == 0)
            {
                others.AddRange(owners.Length == 0 ? [file.File] : []);
                continue;
            }

            var common = file with { Shared = file.Shared || takers.Length + owners.Length > 1, Lent = true };
            foreach (var own in owners.Select(o => sidecars[o]))
            {
                own[own.IndexOf(file)] = common;
            }

            foreach (string taker in takers)
            {
                borrowed.TryAdd(taker, []);
                borrowed[taker].Add(common);
            }
        }

        return borrowed;
    }

    private bool IsCaption(string file) => PictureFiles.IsCaptionName(file) || IsFurther(file);

    private bool IsFurther(string file) =>
        captionExtension is not null && file.EndsWith(captionExtension, StringComparison.OrdinalIgnoreCase);

    private string OwnerName(string file) =>
        PictureFiles.IsTagsName(file) ? file[..^PictureFiles.TagsExtension.Length]
        : IsFurther(file) ? file[..^captionExtension!.Length]
        : Path.GetFileNameWithoutExtension(file);

    private (List<string> Files, List<string> Folders) Entries(string root, string folder)
    {
        List<string> files = [],
            folders = [];
        List<(string Name, bool IsFolder, bool IsLink)> entries;
        try
        {
            entries = Names(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problems.Add(new Problem(folder, $"cannot be looked into ({e.Message})"));
            return (files, folders);
        }

        foreach (var (name, isFolder, isLink) in entries)
        {
            if (name[0] == '.' || name == "__MACOSX")
            {
                continue;
            }

            if (
                (isLink || name.Contains('\uFFFD', StringComparison.Ordinal))
                && Obstacle(root, Path.Join(folder, name), isFolder, isLink) is { } why
            )
            {
                Problems.Add(new Problem(Path.Join(folder, name), why));
            }
            else if (!isFolder)
            {
                files.Add(name);
            }
            else if (!skipSetAside || name[0] != '_')
            {
                folders.Add(name);
            }
        }

        return (files, folders);
    }

    // What the folder's own list tells, without a look at each entry: that would take most of the time of large sets.
    private static List<(string Name, bool IsFolder, bool IsLink)> Names(string folder)
    {
        List<(string Name, bool IsFolder, bool IsLink)> all =
        [
            .. List(0, (ref FileSystemEntry e) => (e.FileName.ToString(), e.IsDirectory, false)),
        ];
        all.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        if (List(FileAttributes.ReparsePoint, (ref FileSystemEntry _) => true).Count() == all.Count)
        {
            return all;
        }

        var plain = List(FileAttributes.ReparsePoint, (ref FileSystemEntry e) => e.FileName.ToString())
            .ToHashSet(StringComparer.Ordinal);
        return [.. all.Select(e => (e.Name, e.IsFolder, !plain.Contains(e.Name)))];

        FileSystemEnumerable<T> List<T>(FileAttributes skip, FileSystemEnumerable<T>.FindTransform take) =>
            new(folder, take, new EnumerationOptions { AttributesToSkip = skip, IgnoreInaccessible = false });
    }

    private static string? Obstacle(string root, string full, bool isFolder, bool isLink)
    {
        if (!isLink)
        {
            // Bytes that are no UTF-8 are told by this sign, which a name may also hold.
            return !Path.Exists(full) ? "its name is not valid UTF-8; rename it" : null;
        }

        FileSystemInfo? target;
        try
        {
            target = (isFolder ? (FileSystemInfo)new DirectoryInfo(full) : new FileInfo(full)).ResolveLinkTarget(
                returnFinalTarget: true
            );
        }
        catch (IOException)
        {
            return "a link that leads in a circle; not followed";
        }

        return target is not { Exists: true } ? "a link that leads nowhere"
            : !RelativePath.StaysInside(root, target.FullName)
                ? $"a link that leaves the folder ({target.FullName}); not followed"
            : target is DirectoryInfo ? "a link to a folder; not followed, its pictures are found at their own place"
            : null;
    }
}

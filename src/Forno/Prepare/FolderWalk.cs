namespace Forno.Prepare;

/// <summary>Walks through folders: hidden files are passed over, links that leave the folder reported, not followed.</summary>
/// <param name="isPicture">Which files are pictures.</param>
/// <param name="skipSetAside">Whether to pass over folders that begin with <c>_</c>, where tools put what is not to be trained.</param>
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
        var pictures = new List<PictureItem>();
        var folders = new Stack<(string Full, string Path)>([(root, prefix)]);
        while (folders.TryPop(out var folder))
        {
            var (files, below) = Entries(root, folder.Full);
            var masks = below.Remove(PictureItem.MaskFolder) ? Entries(root, Path.Join(folder.Full, PictureItem.MaskFolder)).Files : [];
            pictures.AddRange(Match(folder, files, masks));
            foreach (var name in below)
            {
                folders.Push((Path.Join(folder.Full, name), RelativePath.Join(folder.Path, name)));
            }
        }

        return pictures;
    }

    /// <summary>One picture of a folder.</summary>
    /// <param name="folder">The folder's full path.</param>
    /// <param name="prefix">What its path begins with.</param>
    /// <param name="name">Its name.</param>
    public List<PictureItem> One(string folder, string prefix, string name)
    {
        // What else lies beside it is nobody's business.
        var (others, problems) = (Others.Count, Problems.Count);
        var (files, below) = Entries(folder, folder);
        var masks = below.Contains(PictureItem.MaskFolder) ? Entries(folder, Path.Join(folder, PictureItem.MaskFolder)).Files : [];
        List<PictureItem> found = [.. Match((folder, prefix), files, masks).Where(p => RelativePath.Name(p.Path) == name)];
        Others.RemoveRange(others, Others.Count - others);
        Problems.RemoveRange(problems, Problems.Count - problems);
        if (found.Count == 0)
        {
            Problems.Add(new Problem(Path.Join(folder, name), "not a picture, or not one that is looked at"));
        }

        return found;
    }

    private IEnumerable<PictureItem> Match((string Full, string Path) folder, List<string> files, List<string> masks)
    {
        var pictures = files.Where(f => !IsCaption(f) && isPicture(Path.Join(folder.Full, f))).ToList();
        var whole = pictures.ToHashSet(StringComparer.Ordinal);
        var byStem = pictures.ToLookup(f => Path.GetFileNameWithoutExtension(f), StringComparer.Ordinal);
        var sidecars = new Dictionary<string, List<Companion>>(StringComparer.Ordinal);
        foreach (var file in files.Where(f => !whole.Contains(f)))
        {
            var stem = OwnerName(file);
            // name.png.txt belongs to name.png; name.txt to every name.*
            string[] owners = !IsCaption(file) && !PictureFiles.IsTagsName(file) ? [] : whole.Contains(stem) ? [stem] : [.. byStem[stem]];
            var companion = new Companion(RelativePath.Join(folder.Path, file), Path.Join(folder.Full, file), owners.Length > 1);
            foreach (var owner in owners)
            {
                sidecars.TryAdd(owner, []);
                sidecars[owner].Add(companion);
            }

            if (owners.Length == 0)
            {
                Others.Add(companion.File);
            }
        }

        var maskOf = masks.Where(PictureFiles.IsPictureName).GroupBy(Path.GetFileNameWithoutExtension)
            .ToDictionary(g => g.Key!, g => g.OrderByDescending(f => f.EndsWith(".png", StringComparison.Ordinal)).First(), StringComparer.Ordinal);
        Others.AddRange(masks.Where(m => maskOf.GetValueOrDefault(Path.GetFileNameWithoutExtension(m)) != m || !byStem.Contains(Path.GetFileNameWithoutExtension(m)))
            .Select(m => Path.Join(folder.Full, PictureItem.MaskFolder, m)));
        return pictures.Select(file =>
        {
            var stem = Path.GetFileNameWithoutExtension(file);
            var own = sidecars.GetValueOrDefault(file) ?? [];
            return new PictureItem
            {
                Path = RelativePath.Join(folder.Path, file),
                File = Path.Join(folder.Full, file),
                Sidecars = [.. own.Where(c => !PictureFiles.IsTagsName(c.Path)).OrderBy(c => PictureFiles.CaptionRank(c.Path))],
                Tags = own.Find(c => PictureFiles.IsTagsName(c.Path)),
                Mask = maskOf.TryGetValue(stem, out var mask)
                    ? new Companion(
                        RelativePath.Join(folder.Path, $"{PictureItem.MaskFolder}/{mask}"),
                        Path.Join(folder.Full, PictureItem.MaskFolder, mask),
                        byStem[stem].Skip(1).Any())
                    : null,
            };
        });
    }

    private bool IsCaption(string file) =>
        PictureFiles.IsCaptionName(file) || IsFurther(file);

    private bool IsFurther(string file) => captionExtension is not null && file.EndsWith(captionExtension, StringComparison.OrdinalIgnoreCase);

    private string OwnerName(string file) => PictureFiles.IsTagsName(file) ? file[..^PictureFiles.TagsExtension.Length]
        : IsFurther(file) ? file[..^captionExtension!.Length] : Path.GetFileNameWithoutExtension(file);

    private (List<string> Files, List<string> Folders) Entries(string root, string folder)
    {
        List<string> files = [], folders = [];
        FileSystemInfo[] entries;
        try
        {
            entries = [.. new DirectoryInfo(folder).EnumerateFileSystemInfos("*", new EnumerationOptions { AttributesToSkip = 0, IgnoreInaccessible = false })];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problems.Add(new Problem(folder, $"cannot be looked into ({e.Message})"));
            return (files, folders);
        }

        foreach (var entry in entries.Where(e => e.Name[0] != '.' && e.Name != "__MACOSX").OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            if (Obstacle(root, entry) is { } why)
            {
                Problems.Add(new Problem(entry.FullName, why));
            }
            else if (entry is not DirectoryInfo)
            {
                files.Add(entry.Name);
            }
            else if (!skipSetAside || entry.Name[0] != '_')
            {
                folders.Add(entry.Name);
            }
        }

        return (files, folders);
    }

    private static string? Obstacle(string root, FileSystemInfo entry)
    {
        if (entry.LinkTarget is null)
        {
            return entry.Exists ? null : "its name is not valid UTF-8; rename it";
        }

        FileSystemInfo? target;
        try
        {
            target = entry.ResolveLinkTarget(returnFinalTarget: true);
        }
        catch (IOException)
        {
            return "a link that turns in a circle; not followed";
        }

        return target is not { Exists: true } ? "a link that leads nowhere"
            : !RelativePath.StaysInside(root, target.FullName) ? $"a link that leaves the folder ({target.FullName}); not followed"
            : target is DirectoryInfo ? "a link to a folder; not followed, its pictures are found at their own place"
            : null;
    }
}

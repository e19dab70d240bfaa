namespace Forno.Workspace;

/// <summary>The pictures of one or several folders, with their captions and masks, in order of path.</summary>
public sealed record PictureFolder
{
    /// <summary>The pictures.</summary>
    public required IReadOnlyList<PictureItem> Pictures { get; init; }

    /// <summary>Full paths of files that are no picture, caption or mask of one.</summary>
    public IReadOnlyList<string> Others { get; init; } = [];

    /// <summary>What could not be looked into: links that leave the folder, folders that cannot be read.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>The work folder that all of it lies in, or null.</summary>
    public string? Work { get; init; }

    /// <summary>Looks through folders and all below them.</summary>
    /// <param name="folders">
    /// Folders, and single pictures, that all lie in one work folder, or all in none. In the latter case their contents
    /// are put together: paths
    /// are relative to each folder (whose own name leads if it has kohya's form <c>N_name</c>), and where two have
    /// the same, the later becomes <c>name-2</c>.
    /// </param>
    /// <param name="isPicture">Which files are pictures, by full path; null = by extension.</param>
    /// <param name="captionExtension">A further extension of captions, with or without its dot; null = those of
    /// <see cref="PictureFiles.CaptionExtensions"/>.</param>
    /// <exception cref="FornoException">A folder is absent, or some lie in a work folder and some do not.</exception>
    public static PictureFolder Scan(
        IReadOnlyList<string> folders,
        Func<string, bool>? isPicture = null,
        string? captionExtension = null
    )
    {
        string[] full = [.. folders.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)))];
        if (Array.FindIndex(full, f => !Path.Exists(f)) is >= 0 and var absent)
        {
            throw FornoException.ForFile(folders[absent], "there is no such file or folder", "Check its name.");
        }

        string?[] works =
        [
            .. full.Select(f => WorkFolder.Find(Directory.Exists(f) ? f : Path.GetDirectoryName(f)!)).Distinct(),
        ];
        if (works.Length > 1)
        {
            throw new FornoException(
                "the folders belong to different work folders, or some to none; run the command once for each"
            );
        }

        var walk = new FolderWalk(
            isPicture ?? PictureFiles.IsPictureName,
            skipSetAside: works[0] is not null,
            captionExtension is null ? null : PictureFiles.CaptionExtension(captionExtension)
        );
        var pictures = new List<PictureItem>();
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (
            string? folder in full.Where(f =>
                    !full.Any(g => g != f && f.StartsWith(g + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                )
                .Distinct()
        )
        {
            string within = Directory.Exists(folder) ? folder : Path.GetDirectoryName(folder)!;
            string prefix =
                works[0] is { } work ? (work == within ? "" : RelativePath.Of(work, within))
                : within != folder || RelativePath.Repeats(Path.GetFileName(folder)) is null ? ""
                : Path.GetFileName(folder);
            var found =
                within == folder ? walk.Pictures(folder, prefix) : walk.One(within, prefix, Path.GetFileName(folder));
            // Pictures of one folder may share a name, since they share their caption; those of two folders must not.
            PictureItem[] placed =
                works[0] is null && full.Length > 1 ? [.. found.Select(item => Free(item, taken))] : [.. found];
            if (full.Length > 1)
            {
                taken.UnionWith(placed.Select(StemPath));
            }

            pictures.AddRange(placed);
        }

        return new PictureFolder
        {
            Pictures = [.. pictures.OrderBy(p => p.Path, StringComparer.Ordinal)],
            Others = walk.Others,
            Problems = walk.Problems,
            Work = works[0],
        };
    }

    private static string StemPath(PictureItem item) => RelativePath.Join(item.Folder, item.Stem);

    private static PictureItem Free(PictureItem item, HashSet<string> taken)
    {
        var free = item;
        for (int n = 2; taken.Contains(StemPath(free)); n++)
        {
            free = item.At(RelativePath.Join(item.Folder, $"{item.Stem}-{n}{Path.GetExtension(item.Path)}"));
        }

        return free;
    }
}

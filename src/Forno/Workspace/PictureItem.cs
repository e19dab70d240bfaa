using Forno.Data;

namespace Forno.Workspace;

/// <summary>Something that did not work for one file, while the rest went on.</summary>
/// <param name="File">The file, as the user knows it.</param>
/// <param name="Why">What is wrong with it.</param>
public sealed record Problem(string File, string Why)
{
    /// <summary>
    /// The problem behind a failure about this file; a message that begins with the file's name loses it.
    /// </summary>
    /// <param name="file">The file.</param>
    /// <param name="failure">What was thrown.</param>
    /// <param name="fullPath">The name that the message may begin with; null = <paramref name="file"/>, wherever it
    /// lies.</param>
    public static Problem Of(string file, Exception failure, string? fullPath = null)
    {
        string prefix = (fullPath ?? file) + ": ",
            message = failure.Message;
        if (message.StartsWith(prefix, StringComparison.Ordinal))
        {
            return new Problem(file, message[prefix.Length..]);
        }

        int at =
            fullPath is null && message.StartsWith('/') ? message.IndexOf("/" + prefix, StringComparison.Ordinal) : -1;
        return new Problem(file, at >= 0 ? message[(at + 1 + prefix.Length)..] : message);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{File}: {Why}";
}

/// <summary>A file that belongs to a picture and goes where it goes: a caption, a mask.</summary>
/// <param name="Path">Its path within the data set.</param>
/// <param name="File">Its full path.</param>
/// <param name="Shared">Whether several pictures have it in common: those of the same name (<c>a.jpg</c>,
/// <c>a.png</c>), and those that borrow it.</param>
/// <param name="Lent">Whether pictures of other names borrow it (<see cref="PictureItem.Borrowed"/>): it stays where it
/// is when its own picture goes.</param>
public sealed record Companion(string Path, string File, bool Shared = false, bool Lent = false);

/// <summary>A picture of a data set with what belongs to it.</summary>
public sealed record PictureItem
{
    /// <summary>Name of the folder beside pictures that holds their masks.</summary>
    public const string MaskFolder = MaskFiles.FolderName;

    /// <summary>Its path within the data set (in a work folder: within the work folder).</summary>
    public required string Path { get; init; }

    /// <summary>Its full path.</summary>
    public required string File { get; init; }

    /// <summary>Its captions: <c>name.txt</c>, <c>name.caption</c>, <c>name.png.txt</c> and such.</summary>
    public IReadOnlyList<Companion> Sidecars { get; init; } = [];

    /// <summary>
    /// Captions of another name that serve it, as for kohya's trainer (<see cref="Caption.LenderOf"/>): <c>face.txt</c>
    /// for <c>face_1_2_3_4.png</c>. Only of extensions that none of its own has.
    /// </summary>
    public IReadOnlyList<Companion> Borrowed { get; init; } = [];

    /// <summary>Its mask, <c>masks/name.png</c> beside it; null if it has none.</summary>
    public Companion? Mask { get; init; }

    /// <summary>Its tags seen and pruned, <c>name.tags.json</c>; null if it has none.</summary>
    public Companion? Tags { get; init; }

    /// <summary>Sidecars, tags and mask.</summary>
    public IEnumerable<Companion> Companions =>
        [.. Sidecars, .. Tags is null ? (Companion[])[] : [Tags], .. Mask is null ? (Companion[])[] : [Mask]];

    /// <summary>All files that a copy of it needs: its companions, and what it borrows.</summary>
    public IEnumerable<Companion> Needed => Borrowed.Count == 0 ? Companions : [.. Companions, .. Borrowed];

    /// <summary>Its captions, its own first, then those that it borrows.</summary>
    public IReadOnlyList<Companion> Captions => Borrowed.Count == 0 ? Sidecars : [.. Sidecars, .. Borrowed];

    /// <summary>The folder it is in, within the data set; empty at the top.</summary>
    public string Folder => RelativePath.Folder(Path);

    /// <summary>Its name without extension.</summary>
    public string Stem => RelativePath.Stem(Path);

    /// <summary>N of the nearest <c>N_name</c> folder above it, else null.</summary>
    public int? Repeats => Folder.Split('/').Reverse().Select(RelativePath.Repeats).FirstOrDefault(n => n is not null);

    /// <summary>Where its mask is to be.</summary>
    public string MaskPath => Mask?.Path ?? RelativePath.Join(Folder, $"{MaskFolder}/{Stem}.png");

    /// <summary>Where its tags seen and pruned are to be.</summary>
    public string TagsPath => Tags?.Path ?? RelativePath.Join(Folder, Stem + PictureFiles.TagsExtension);

    /// <summary>
    /// Where its caption is: the first sidecar that is there (<c>.txt</c> before <c>.caption</c>), else one that it
    /// borrows, else <c>name.txt</c>.
    /// </summary>
    public string CaptionPath => Caption?.Path ?? RelativePath.Join(Folder, Stem + ".txt");

    /// <summary>Its caption, its own or one that it borrows, if there is one.</summary>
    public Companion? Caption =>
        Sidecars.Count > 0 ? Sidecars[0]
        : Borrowed.Count > 0 ? Borrowed[0]
        : null;

    /// <summary>
    /// Where a companion goes when the picture goes to another path; what it borrows becomes its own there.
    /// </summary>
    /// <param name="companion">One of <see cref="Needed"/>.</param>
    /// <param name="picture">The picture's new path.</param>
    public string PathFor(Companion companion, string picture)
    {
        var (folder, name) = (RelativePath.Folder(picture), RelativePath.Name(companion.Path));
        if (companion == Mask)
        {
            return RelativePath.Join(
                folder,
                $"{MaskFolder}/{RelativePath.Stem(picture)}{System.IO.Path.GetExtension(name)}"
            );
        }

        if (Borrowed.Contains(companion))
        {
            return RelativePath.Join(
                folder,
                RelativePath.Stem(picture) + name[Forno.Data.Caption.LenderOf(Stem)!.Length..]
            );
        }

        string whole = RelativePath.Name(Path);
        return RelativePath.Join(
            folder,
            name.StartsWith(whole + ".", StringComparison.Ordinal)
                ? RelativePath.Name(picture) + name[whole.Length..]
                : RelativePath.Stem(picture) + name[Stem.Length..]
        );
    }

    /// <summary>
    /// The picture and its companions at another path, the files where they are; what it borrows is its own there.
    /// </summary>
    /// <param name="picture">The new path.</param>
    public PictureItem At(string picture) =>
        this with
        {
            Path = picture,
            Sidecars =
            [
                .. Sidecars.Select(s => s with { Path = PathFor(s, picture) }),
                .. Borrowed.Select(b => new Companion(PathFor(b, picture), b.File)),
            ],
            Borrowed = [],
            Tags = Tags is null ? null : Tags with { Path = PathFor(Tags, picture) },
            Mask = Mask is null ? null : Mask with { Path = PathFor(Mask, picture) },
        };
}

using System.Buffers;
using Forno.Files;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>A picture with its caption.</summary>
/// <param name="Picture">The picture and what belongs to it.</param>
/// <param name="Caption">Its caption; null if there is none, or none that can be read (then <see cref="File"/> is
/// there).</param>
public sealed record CaptionedPicture(PictureItem Picture, CaptionText? Caption)
{
    /// <summary>The caption's file; null if there is none.</summary>
    public Companion? File { get; init; }

    /// <summary>How the caption is stored.</summary>
    public TextEncoding Encoding { get; init; }

    /// <summary>
    /// Whether the caption is another name's, which serves this picture too (<see cref="PictureItem.Borrowed"/>).
    /// </summary>
    public bool IsBorrowed => File is { Lent: true } file && Picture.Borrowed.Contains(file);
}

/// <summary>The captions of a data set, in memory.</summary>
public sealed class CaptionSet
{
    /// <summary>Longer files are no captions.</summary>
    public const int MostBytes = 16 << 20;

    private CaptionSet(string? extension, IReadOnlyList<CaptionedPicture> pictures, IReadOnlyList<Problem> problems)
    {
        Extension = extension;
        Pictures = pictures;
        Problems = problems;
    }

    /// <summary>
    /// The extension that captions must have, with its dot; null = the first of
    /// <see cref="PictureFiles.CaptionExtensions"/> that is there.
    /// </summary>
    public string? Extension { get; }

    /// <summary>The pictures, in order of path.</summary>
    public IReadOnlyList<CaptionedPicture> Pictures { get; }

    /// <summary>
    /// What could not be looked into, and captions that cannot be read (by the caption's path), with the reason.
    /// </summary>
    public IReadOnlyList<Problem> Problems { get; }

    /// <summary>Reads the captions of pictures, several at a time.</summary>
    /// <param name="folder">The pictures; with an extension of one's own scan for it, too.</param>
    /// <param name="extension">The extension that captions must have, with or without its dot; null = the first kind
    /// that is there.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    public static CaptionSet Read(
        PictureFolder folder,
        string? extension = null,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        string? ending = extension is null ? null : PictureFiles.CaptionExtension(extension);
        var items = folder.Pictures;
        var (pictures, problems) = (new CaptionedPicture[items.Count], new Problem?[items.Count]);
        var files = new (Companion? File, string? Text, TextEncoding Encoding)[items.Count];
        var options = new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = Environment.ProcessorCount,
        };
        long done = 0;
        Parallel.For(
            0,
            items.Count,
            options,
            i =>
            {
                var file = FileOf(items[i], ending);
                var (text, encoding, why) = file is null ? (null, TextEncoding.Utf8, null) : ReadFile(file.File);
                files[i] = (file, text, encoding);
                problems[i] = why is null ? null : new Problem(file!.Path, why);
                progress?.Report(Interlocked.Increment(ref done));
            }
        );

        // All files first: tags are found quickest while nothing else is done in between.
        Parallel.For(
            0,
            items.Count,
            options,
            i =>
            {
                var (file, text, encoding) = files[i];
                pictures[i] = new CaptionedPicture(items[i], text is null ? null : CaptionText.Parse(text))
                {
                    File = file,
                    Encoding = encoding,
                };
            }
        );
        return new CaptionSet(
            ending,
            pictures,
            [.. folder.Problems, .. problems.OfType<Problem>().DistinctBy(p => p.File)]
        );
    }

    /// <summary>Captions that are in memory already.</summary>
    /// <param name="pictures">The pictures, in order of path.</param>
    /// <param name="extension">As for <see cref="Read"/>.</param>
    public static CaptionSet Of(IReadOnlyList<CaptionedPicture> pictures, string? extension = null) =>
        new(extension is null ? null : PictureFiles.CaptionExtension(extension), pictures, []);

    /// <summary>Where a picture's caption is, or would be written, within the data set.</summary>
    public string PathOf(CaptionedPicture picture) =>
        picture.File?.Path
        ?? RelativePath.Join(
            picture.Picture.Folder,
            picture.Picture.Stem + (Extension ?? PictureFiles.CaptionExtensions[0])
        );

    /// <summary>Where a picture's own caption is, or would be written, though it borrows one now.</summary>
    public string OwnPathOf(CaptionedPicture picture) =>
        picture.IsBorrowed ? picture.Picture.PathFor(picture.File!, picture.Picture.Path) : PathOf(picture);

    private static Companion? FileOf(PictureItem item, string? extension) =>
        extension is null
            ? item.Caption
            : item.Captions.FirstOrDefault(s => s.Path.EndsWith(extension, StringComparison.OrdinalIgnoreCase));

    private static (string? Text, TextEncoding Encoding, string? Why) ReadFile(string file)
    {
        byte[]? buffer = null;
        try
        {
            buffer = SmallFile.Read(file, MostBytes, out long length);
            if (length > MostBytes)
            {
                return (null, default, Invariant.Text($"{length >> 20} MB long: no caption; left as it is"));
            }

            string? text = EncodedText.Decode(buffer.AsSpan(0, (int)length), out var encoding);
            return text is null ? (null, default, "neither UTF-8 nor UTF-16 text; save it as UTF-8")
                : text.Contains('\0', StringComparison.Ordinal)
                    ? (null, default, "not text (it contains zero bytes); save it as UTF-8, or remove it")
                : (text, encoding, null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return (null, default, $"cannot be read ({e.Message})");
        }
        finally
        {
            if (buffer is { Length: > 0 })
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
    }
}

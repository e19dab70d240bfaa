using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>A tag that a tagger saw in a picture.</summary>
/// <param name="Tag">The tag, as the tagger's list writes it.</param>
/// <param name="Confidence">0 to 1.</param>
/// <param name="Category">The tagger's category: <c>general</c>, <c>character</c>, <c>rating</c> …</param>
/// <param name="Tagger">The tagger's name.</param>
public sealed record SeenTag(string Tag, double Confidence, string Category = "general", string Tagger = "");

/// <summary>A tag that pruning took out of a caption: the trigger is to absorb it.</summary>
/// <param name="Tag">The tag, as it stood in the caption.</param>
/// <param name="Rule">The rule that took it out.</param>
public sealed record PrunedTag(string Tag, string Rule = "");

/// <summary>
/// What is known of a picture's tags beside its caption, in <c>name.tags.json</c>: those that taggers saw, with their
/// confidence, and those that were pruned. It goes where the picture goes.
/// </summary>
public sealed record TagSidecar
{
    private const int Newest = 1;

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = false,
    };

    /// <summary>The form of the file; 1.</summary>
    [JsonPropertyOrder(-1)]
    public int Version { get; init; } = Newest;

    /// <summary>What taggers saw.</summary>
    public IReadOnlyList<SeenTag> Seen { get; init; } = [];

    /// <summary>What was pruned from the caption.</summary>
    public IReadOnlyList<PrunedTag> Pruned { get; init; } = [];

    /// <summary>The file of a picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <returns>What it holds; null if there is none.</returns>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static TagSidecar? Of(PictureItem picture) => picture.Tags is { } tags ? Read(tags.File) : null;

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its full path.</param>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static TagSidecar Read(string file)
    {
        try
        {
            return Parse(File.ReadAllBytes(file), file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{file}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Reads the bytes of a file.</summary>
    /// <param name="bytes">The whole file: UTF-8, with or without byte order mark.</param>
    /// <param name="name">Its name, for what is wrong with it.</param>
    /// <exception cref="FornoException">They hold no such thing, or are of a later Forno.</exception>
    public static TagSidecar Parse(ReadOnlySpan<byte> bytes, string name)
    {
        if (bytes is [0xEF, 0xBB, 0xBF, ..])
        {
            bytes = bytes[3..];
        }

        TagSidecar? read;
        try
        {
            read = JsonSerializer.Deserialize<TagSidecar>(bytes, Options);
        }
        catch (JsonException e)
        {
            throw FornoException.ForFile(
                name,
                $"it is not a list of tags seen and pruned ({e.Message})",
                "Restore it, or remove it: `forno caption tag` makes a new one.",
                e
            );
        }

        return read is null || read.Seen.Any(s => s is null) || read.Pruned.Any(p => p is null)
                ? throw FornoException.ForFile(
                    name,
                    "it is not a list of tags seen and pruned",
                    "Restore it, or remove it: `forno caption tag` makes a new one."
                )
            : read.Version <= Newest ? read
            : throw FornoException.ForFile(
                name,
                $"it is of version {read.Version}, and this Forno knows {Newest}",
                "Use the Forno that wrote it, or a newer one."
            );
    }

    /// <summary>The bytes of the file: UTF-8, ending in a line feed.</summary>
    public byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Options), (byte)'\n'];
}

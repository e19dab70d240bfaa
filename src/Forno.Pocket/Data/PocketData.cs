using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;

namespace Forno.Pocket.Data;

/// <summary>
/// The data of the Pocket base model: emoji drawings of 128×128 pixels in eight styles, on white, with descriptions.
/// On disk a folder with <c>pictures.safetensors</c> (<c>pictures</c>: uint8 [N, 3, 128, 128], RGB planes) and
/// <c>records.json</c>. Opened, the pixels are memory-mapped; reading is safe from several threads.
/// </summary>
public sealed class PocketData : IDisposable
{
    /// <summary>Pixels of a side.</summary>
    public const int Side = 128;

    /// <summary>Bytes of a picture: 3 × 128 × 128.</summary>
    public const int PictureBytes = 3 * Side * Side;

    /// <summary>The pixels' file name.</summary>
    public const string PicturesFile = "pictures.safetensors";

    /// <summary>The descriptions' file name.</summary>
    public const string RecordsFile = "records.json";

    /// <summary>The tensor's name within its file.</summary>
    public const string PicturesTensor = "pictures";

    internal static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    // Every reduced set has these, so that the first prompts anyone tries have something behind them.
    private static readonly string[] AlwaysNamed = ["red heart", "green apple", "cat face"];

    private readonly SafetensorsFile file;

    private PocketData(SafetensorsFile file, PocketSidecar sidecar)
    {
        this.file = file;
        Records = sidecar.Records;
        Sha256 = sidecar.PicturesSha256;
    }

    /// <summary>One description a picture, in the order of the pixels.</summary>
    public IReadOnlyList<PocketRecord> Records { get; }

    /// <summary>Number of pictures.</summary>
    public int Count => Records.Count;

    /// <summary>SHA-256 of all pixels, as recorded when built: names the data in caches.</summary>
    public string Sha256 { get; }

    /// <summary>
    /// Draws all art sets. A drawing that fails is listed in the report and left out. Same packages, same file, byte
    /// for byte (given the same libvips and librsvg).
    /// </summary>
    /// <param name="assets">Folder with the fetched packages, each under its short name.</param>
    /// <param name="heldOut">Names of the concepts that trainings do not see: see <see cref="ReadHeldOut"/>.</param>
    /// <param name="folder">Where to write; made if need be.</param>
    /// <param name="progress">Told every few dozen drawings.</param>
    /// <param name="stop">Stops; no file is left behind.</param>
    /// <exception cref="FornoException">A package is missing.</exception>
    public static PocketReport Build(
        string assets,
        IReadOnlySet<string> heldOut,
        string folder,
        IProgress<PocketProgress>? progress = null,
        CancellationToken stop = default
    ) => PocketBuilder.Build(assets, heldOut, folder, progress, stop);

    /// <summary>Reads a list of names, one a line; lines that begin with # are remarks.</summary>
    /// <param name="path">The list, e.g. <c>pocket/held-out.txt</c>.</param>
    /// <exception cref="FornoException">There is no such file.</exception>
    public static IReadOnlySet<string> ReadHeldOut(string path) =>
        File.Exists(path)
            ? File.ReadLines(path).Select(l => l.Trim()).Where(l => l.Length > 0 && l[0] != '#').ToHashSet()
            : throw new FornoException($"{path}: there is no such list of held-out concepts");

    /// <summary>Opens built data.</summary>
    /// <param name="folder">The folder given to <see cref="Build"/>.</param>
    /// <exception cref="FornoException">The data is not there, or its files do not belong together.</exception>
    public static PocketData Open(string folder)
    {
        string path = Path.Combine(folder, PicturesFile);
        string recordsPath = Path.Combine(folder, RecordsFile);
        if (!File.Exists(path) || !File.Exists(recordsPath))
        {
            throw new FornoException($"{folder}: no Pocket data here; `forno pocket data` builds it");
        }

        PocketSidecar sidecar = JsonSerializer.Deserialize<PocketSidecar>(File.ReadAllBytes(recordsPath), Json)!;
        var file = SafetensorsFile.Open(path);
        if (
            file.Tensors.TryGetValue(PicturesTensor, out TensorInfo? tensor)
            && tensor.Type == ElementType.U8
            && tensor.Shape.SequenceEqual([sidecar.Records.Count, 3, Side, Side])
        )
        {
            return new PocketData(file, sidecar);
        }

        file.Dispose();
        throw new FornoException(
            $"{path}: does not hold the {sidecar.Records.Count} pictures of {RecordsFile}; build the data again"
        );
    }

    /// <summary>A picture's bytes: RGB planes [3, 128, 128]. Valid until the data is disposed.</summary>
    /// <param name="index">Its number.</param>
    public ReadOnlySpan<byte> Pixels(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return file.Bytes(PicturesTensor).Slice(index * PictureBytes, PictureBytes);
    }

    /// <summary>The numbers of a split's pictures, ascending.</summary>
    /// <param name="split">Which pictures.</param>
    /// <param name="sets">Only these art sets; all if none are given.</param>
    public int[] Indices(PocketSplit split, params ReadOnlySpan<string> sets)
    {
        string[] wanted = Known(sets);
        return
        [
            .. Enumerable
                .Range(0, Count)
                .Where(i => Records[i].Split == split && (wanted.Length == 0 || wanted.Contains(Records[i].Set))),
        ];
    }

    /// <summary>
    /// A reduced training set: concepts that all given art sets draw, chosen by a fixed shuffle ("red heart", "green
    /// apple" and "cat face" first, then the others of <see cref="PocketPrompts"/>), each in each set.
    /// </summary>
    /// <param name="concepts">How many concepts; fewer if there are fewer.</param>
    /// <param name="sets">Names of trained art sets.</param>
    /// <returns>The pictures' numbers, ascending.</returns>
    public int[] Reduced(int concepts, params ReadOnlySpan<string> sets)
    {
        string[] wanted = Known(sets);
        int[] all = Indices(PocketSplit.Training, wanted);
        HashSet<string> chosen =
        [
            .. all.GroupBy(i => Records[i].Concept)
                .Where(g => g.Select(i => Records[i].Set).Distinct().Count() == wanted.Length)
                .OrderBy(g =>
                    Records[g.First()].Name is var name && AlwaysNamed.Contains(name) ? 0
                    : PocketPrompts.Concepts.Contains(name) ? 1
                    : 2
                )
                .ThenBy(g => PocketBuilder.StableHash(g.Key))
                .ThenBy(g => g.Key, StringComparer.Ordinal)
                .Take(concepts)
                .Select(g => g.Key),
        ];
        return [.. all.Where(i => chosen.Contains(Records[i].Concept))];
    }

    /// <summary>Lets go of the mapped file.</summary>
    public void Dispose() => file.Dispose();

    private static string[] Known(ReadOnlySpan<string> sets)
    {
        foreach (string set in sets)
        {
            if (!ArtSet.All.Any(a => a.Name == set))
            {
                throw new ArgumentException(
                    $"no art set '{set}'; there are {string.Join(", ", ArtSet.All.Select(a => a.Name))}",
                    nameof(sets)
                );
            }
        }

        return sets.ToArray();
    }
}

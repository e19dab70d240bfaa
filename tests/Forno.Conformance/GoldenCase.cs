using System.Text.Json;

namespace Forno.Conformance;

/// <summary>One case of the goldens: a parsed <c>case.json</c> and the folder it lies in.</summary>
public sealed class GoldenCase
{
    private GoldenCase(string folder, JsonElement root)
    {
        Folder = folder;
        Root = root;
        Suite = Path.GetFileName(Path.GetDirectoryName(folder)!);
        Name = Path.GetFileName(folder);
        Params = root.TryGetProperty("params", out JsonElement parameters) ? parameters : default;
        Expect = root.TryGetProperty("expect", out JsonElement expect) ? expect : default;
        Tolerance = new Tolerance(root.TryGetProperty("tolerance", out JsonElement tolerance) ? tolerance : null);
    }

    /// <summary>The suite's folder name.</summary>
    public string Suite { get; }

    /// <summary>The case's folder name; for messages only, no computation may depend on it.</summary>
    public string Name { get; }

    /// <summary>The case's folder, absolute.</summary>
    public string Folder { get; }

    /// <summary>The suite's folder, which holds files that several cases share.</summary>
    public string SuiteFolder => Path.GetDirectoryName(Folder)!;

    /// <summary>The whole <c>case.json</c>.</summary>
    public JsonElement Root { get; }

    /// <summary><c>params</c>; of kind Undefined where the case has none.</summary>
    public JsonElement Params { get; }

    /// <summary><c>expect</c>; of kind Undefined where the case has none.</summary>
    public JsonElement Expect { get; }

    /// <summary>The limits for comparisons.</summary>
    public Tolerance Tolerance { get; }

    /// <summary>Path of the case's <c>tensors.safetensors</c>, whether or not it exists.</summary>
    public string TensorsPath => Path.Combine(Folder, "tensors.safetensors");

    /// <summary>Path of the case's <c>checkpoint.safetensors</c>, whether or not it exists.</summary>
    public string CheckpointPath => Path.Combine(Folder, "checkpoint.safetensors");

    /// <summary>Finds a file that the case names: in its own folder first, then in the suite's.</summary>
    /// <param name="file">A relative path as it stands in <c>case.json</c>.</param>
    /// <returns>The absolute path of an existing file.</returns>
    /// <exception cref="FornoException">Neither folder has it.</exception>
    public string PathOf(string file)
    {
        string own = Path.GetFullPath(file, Folder);
        if (File.Exists(own))
        {
            return own;
        }

        string shared = Path.GetFullPath(file, SuiteFolder);
        return File.Exists(shared) ? shared : throw new FornoException($"{own} does not exist; the case names it");
    }

    /// <summary>Reads a case.</summary>
    /// <param name="folder">The case's folder.</param>
    /// <returns>The parsed case.</returns>
    /// <exception cref="FornoException"><c>case.json</c> is absent or not readable JSON.</exception>
    public static GoldenCase Load(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        string path = Path.Combine(folder, "case.json");
        if (!File.Exists(path))
        {
            throw new FornoException($"{path} is absent: every folder inside a suite must be a case");
        }

        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new JsonDocumentOptions { MaxDepth = 512 }
            );
            return new GoldenCase(folder, document.RootElement.Clone());
        }
        catch (JsonException e)
        {
            throw new FornoException($"{path}: not valid JSON: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Suite}/{Name}";
}

using System.Text.Json;
using Forno.Data;
using Forno.Kohya;
using Forno.Toml;

namespace Forno.Conformance.Text;

/// <summary>
/// Suite <c>kohya_config</c>: other trainers' configuration files and the settings that are in force.
/// </summary>
internal sealed class KohyaConfigSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "kohya_config";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        var (p, comparison) = (golden.Params, new Comparison(golden));
        switch (p.GetProperty("kind").GetString())
        {
            case "dataset_config":
                string[] cli = CommandLine(p);
                var args = KohyaArgs.Read(
                    null,
                    "",
                    [.. cli, "--dataset_config", p.GetProperty("file").GetString()!],
                    IsSdxl(p)
                );
                Compare(golden, comparison, args);
                break;
            case "train_config":
                string path = golden.PathOf(p.GetProperty("file").GetString()!);
                Compare(
                    golden,
                    comparison,
                    KohyaArgs.Read(TomlFile.Read(path), Path.GetFileName(path), CommandLine(p), IsSdxl(p))
                );
                break;
            case "dataset_config_validity":
                comparison.Json(
                    "valid",
                    p.GetProperty("files").EnumerateArray().Select(f => IsValid(f.GetString()!)).ToArray(),
                    golden.Expect.GetProperty("valid")
                );
                break;
            case var kind:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static string[] CommandLine(JsonElement p) =>
        p.TryGetProperty("cli", out var cli) ? [.. cli.EnumerateArray().Select(w => w.GetString()!)] : [];

    private static bool IsSdxl(JsonElement p) => p.GetProperty("script").GetString() == "sdxl_train_network";

    private static bool IsValid(string text)
    {
        try
        {
            DatasetSchema.Validate(TomlFile.Parse(text), "case");
            return true;
        }
        catch (FornoException)
        {
            return false;
        }
    }

    private static void Compare(GoldenCase golden, Comparison comparison, KohyaArgs args)
    {
        var expect = golden.Expect;
        foreach (var want in expect.GetProperty("args").EnumerateObject().Where(w => args.Values.ContainsKey(w.Name)))
        {
            comparison.Json(want.Name, args[want.Name], want.Value);
        }

        comparison.Json(
            "ignored_keys",
            args.Unknown.Select(u => u.Name).Order(StringComparer.Ordinal).ToArray(),
            expect.GetProperty("ignored_keys")
        );
        var config = args["dataset_config"] is string file ? TomlFile.Read(golden.PathOf(file)) : null;
        var datasets = DatasetBlueprint.Resolve(
            config,
            "dataset config",
            args,
            folder => Folders(golden.Params, folder)
        );
        var described = datasets.Select(d => new Dictionary<string, object?>
        {
            ["kind"] = d.FineTuning ? "finetuning" : "dreambooth",
            ["params"] = d.Params,
            ["subsets"] = d.Subsets,
        });
        comparison.Json("datasets", described.ToArray(), expect.GetProperty("datasets"));
    }

    private static IReadOnlyList<(string Path, int NumRepeats, string ClassTokens)> Folders(
        JsonElement p,
        string folder
    )
    {
        var found = new List<(string, int, string)>();
        var names = p.GetProperty("images")
            .EnumerateObject()
            .Select(i => i.Name)
            .Where(n => n.StartsWith(folder + "/", StringComparison.Ordinal))
            .Select(n => n[(folder.Length + 1)..].Split('/')[0])
            .Distinct()
            .Order(StringComparer.Ordinal);
        foreach (string? name in names)
        {
            if (SubsetFolders.ParseName(name) is var (repeats, tokens))
            {
                found.Add(($"{folder}/{name}", repeats, tokens));
            }
        }

        return found;
    }
}

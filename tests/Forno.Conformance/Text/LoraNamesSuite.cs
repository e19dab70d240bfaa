using System.Globalization;
using System.Text.Json;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Models;
using Forno.Models.Families;
using Forno.Nn;

namespace Forno.Conformance.Text;

/// <summary>
/// Suite <c>lora_names</c>: names, shapes and blocks of the modules that adapters have over full-size models.
/// </summary>
internal sealed class LoraNamesSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "lora_names";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        var comparison = new Comparison(golden);
        switch (golden.Params.GetProperty("kind").GetString())
        {
            case "kohya-lora":
                Kohya(golden, comparison);
                break;
            case "lycoris":
                Lycoris(golden, comparison);
                break;
            case "sdxl-aliases":
                Aliases(golden, comparison);
                break;
            case var kind:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static void Kohya(GoldenCase golden, Comparison comparison)
    {
        JsonElement p = golden.Params,
            expect = golden.Expect;
        ModelFamily family = ModelFamily.All[p.GetProperty("model").GetString()!];
        var arguments = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string name in (string[])["conv_dim", "conv_alpha"])
        {
            if (p.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
            {
                arguments[name] = value.ToString();
            }
        }

        if (p.TryGetProperty("network_args", out JsonElement args))
        {
            foreach (JsonProperty arg in args.EnumerateObject())
            {
                arguments[arg.Name] = arg.Value.ToString();
            }
        }

        var settings = LoraSettings.Read(
            family == ModelFamily.Sdxl,
            Number(p, "network_dim") is { } dim ? (int)dim : null,
            Number(p, "network_alpha"),
            null,
            arguments
        );
        AdapterModule[] modules = [.. settings.Choose(PatchTargets.FullSize(family))];
        Rows(comparison, expect, modules.Select(m => m.Target), modules.Select(Row));
        if (expect.TryGetProperty("block_lr_weight", out JsonElement weights))
        {
            comparison.Json("block_lr_weight", settings.Blocks?.LrWeights, weights);
        }

        if (expect.TryGetProperty("param_groups_for_te_lr_5e-5_unet_lr_1e-4", out JsonElement groups))
        {
            comparison.Json("param_groups", Groups(modules, settings), groups);
        }
    }

    private static object?[] Row(AdapterModule m)
    {
        IReadOnlyList<long> shape = m.Target.Shape;
        (long[] down, long[] up) = LoraAdapter.Shapes(shape, m.Rank);
        return [m.Target.Name, down, up, m.Alpha, m.Target.BlockIndex, m.Target.WeightIndex];
    }

    // The reference counted tensors before its network was applied, when each module still holds its original's.
    private static object?[][] Groups(AdapterModule[] modules, LoraSettings settings) =>
        [
            .. AdapterGroups
                .Of(modules, settings, 5e-5, 1e-4)
                .Select(g => new object?[] { g.Name, g.Lr, g.Modules.Sum(m => m.Target.HasBias ? 4 : 3) }),
        ];

    private static void Lycoris(GoldenCase golden, Comparison comparison)
    {
        ModelFamily family = ModelFamily.All[golden.Params.GetProperty("model").GetString()!];
        PatchTarget[] targets =
        [
            .. LycorisPreset.Choose(golden.Params.GetProperty("preset").GetString()!, PatchTargets.FullSize(family)),
        ];
        Rows(comparison, golden.Expect, targets, targets.Select(t => new object?[] { t.Name, t.Shape, 4 }));
    }

    private static void Rows(
        Comparison comparison,
        JsonElement expect,
        IEnumerable<PatchTarget> targets,
        IEnumerable<object?[]> rows
    )
    {
        var counts = targets.CountBy(t => t.IsText).ToDictionary(c => c.Key, c => c.Value);
        comparison.Json(
            "counts",
            new Dictionary<string, int>
            {
                ["text_encoder"] = counts.GetValueOrDefault(true),
                ["unet"] = counts.GetValueOrDefault(false),
            },
            expect.GetProperty("counts")
        );
        var got = rows.ToDictionary(r => (string)r[0]!, StringComparer.Ordinal);
        comparison.Same("modules", got.Count, expect.GetProperty("modules").GetArrayLength());
        foreach (JsonElement row in expect.GetProperty("modules").EnumerateArray())
        {
            string name = row[0].GetString()!;
            if (got.TryGetValue(name, out object?[]? mine))
            {
                comparison.Json(name, mine, row);
            }
            else
            {
                comparison.Fail($"{name} is missing");
            }
        }
    }

    private static void Aliases(GoldenCase golden, Comparison comparison)
    {
        IReadOnlyDictionary<string, PatchTarget> names = AdapterFile.ByName(PatchTargets.FullSize(ModelFamily.Sdxl));
        foreach (JsonElement pair in golden.Expect.GetProperty("pairs").EnumerateArray())
        {
            string name = pair[0].GetString()!;
            comparison.Same(name, names.TryGetValue(name, out PatchTarget? t) ? t.Name : null, pair[1].GetString());
        }
    }

    private static double? Number(JsonElement p, string name) =>
        p.TryGetProperty(name, out JsonElement v) && v.ValueKind == JsonValueKind.Number
            ? double.Parse(v.GetRawText(), CultureInfo.InvariantCulture)
            : null;
}

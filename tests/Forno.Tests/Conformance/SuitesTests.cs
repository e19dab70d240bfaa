using Forno.Conformance;
using Forno.TestKit;

namespace Forno.Tests.Conformance;

/// <summary>
/// Every suite that the registry names agrees with the goldens; a new suite is tested by its registry line.
/// </summary>
[Collection(Alone.Name)] // some cases have limits of time
public class SuitesTests
{
    /// <summary>
    /// How many cases of each suite are known: what was once known stays so. Where more are, the number is raised;
    /// where the reference has got cases of kinds that are not built yet, it stays.
    /// </summary>
    private static readonly SortedDictionary<string, int> Known = new(StringComparer.Ordinal)
    {
        ["adapters"] = 33,
        ["buckets"] = 13,
        ["captions"] = 8,
        ["checkpoint_manifest"] = 2,
        ["clip_text"] = 3,
        ["clip_vision"] = 4,
        ["extra_networks"] = 4,
        ["images"] = 6,
        ["kohya_config"] = 7,
        ["lora_names"] = 10,
        ["lora_on_model"] = 10,
        ["loss_weights"] = 45,
        ["lr_schedules"] = 32,
        ["metadata"] = 6,
        ["optimizers"] = 31,
        ["pickles"] = 186,
        ["png_meta"] = 63,
        ["prompt_attention"] = 6,
        ["prompt_chunks"] = 12,
        ["safetensors"] = 96,
        ["samplers"] = 49,
        ["sigma_schedules"] = 20,
        ["tokenizer"] = 10,
        ["train_loop"] = 11,
        ["unet"] = 4,
        ["upscalers"] = 18,
        ["vae"] = 4,
    };

    public static TheoryData<string> Names => [.. SuiteRegistry.All.Keys.Order(StringComparer.Ordinal)];

    [GoldenTheory]
    [MemberData(nameof(Names))]
    public void ASuiteAgreesWithTheReference(string suite)
    {
        List<string> failures = [],
            unknown = [];
        ConformanceReport report = new ConformanceRunner(SuiteRegistry.All).Run(
            Goldens.Folder!,
            suite,
            line =>
            {
                if (line.StartsWith("FAIL", StringComparison.Ordinal))
                {
                    failures.Add(line);
                }
                else if (line.StartsWith("unknown", StringComparison.Ordinal))
                {
                    unknown.Add(line);
                }
            },
            default
        );
        Assert.True(report.Failed == 0, string.Join('\n', failures));
        Assert.True(report.Ok > 0, $"no case of {suite} is known");

        // A case that waits for a package is known; NothingWaitsForAPackage counts it.
        int known = report.Ok + report.Failed + report.Skipped,
            wanted = Known.GetValueOrDefault(suite);
        Assert.True(known >= wanted, $"{suite}: {known} cases are known, {wanted} were\n{string.Join('\n', unknown)}");
    }

    [Fact]
    public void EverySuiteHasItsNumber() =>
        Assert.Equal(SuiteRegistry.All.Keys.Order(StringComparer.Ordinal), Known.Keys);

    [FetchedGolden("waifu2x", "package.json")]
    public void NothingWaitsForAPackage()
    {
        List<string> waiting = [];
        ConformanceReport report = new ConformanceRunner(SuiteRegistry.All).Run(
            Goldens.Folder!,
            "upscalers",
            line =>
            {
                if (line.StartsWith("skip", StringComparison.Ordinal))
                {
                    waiting.Add(line);
                }
            },
            default
        );
        Assert.True(report.Skipped == 0, string.Join('\n', waiting));
    }
}

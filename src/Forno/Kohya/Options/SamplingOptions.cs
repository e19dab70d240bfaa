using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of sample pictures.</summary>
internal static class SamplingOptions
{
    private static readonly string[] Samplers =
    [
        "ddim",
        "pndm",
        "lms",
        "euler",
        "euler_a",
        "heun",
        "dpm_2",
        "dpm_2_a",
        "dpmsolver",
        "dpmsolver++",
        "dpmsingle",
        "k_lms",
        "k_euler",
        "k_euler_a",
        "k_dpm_2",
        "k_dpm_2_a",
    ];

    public static KohyaOption[] Rows { get; } =
    [
        Input("sample_prompts").Lands((r, v) => r with { Sampling = r.Sampling with { PromptsPath = v } }),
        Whole("sample_every_n_epochs").Lands((r, v) => r with { Sampling = r.Sampling with { EveryNEpochs = v } }) with
        {
            OffBelowOne = true,
        },
        Whole("sample_every_n_steps").Lands((r, v) => r with { Sampling = r.Sampling with { EveryNSteps = v } }) with
        {
            OffBelowOne = true,
        },
        Flag("sample_at_first").Lands((r, v) => r with { Sampling = r.Sampling with { AtFirst = v } }),
        Str("sample_sampler", "ddim")
            .OneOf(Samplers)
            .Lands((r, v) => r with { Sampling = r.Sampling with { Sampler = v } }),
    ];
}

using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Datasets.Checks;
using Forno.Datasets.Repeats;
using Forno.Kohya;

namespace Forno.Studio.Training;

/// <summary>What decides about repeats, where it is to be other than in the training configuration.</summary>
public sealed record BakeChoice
{
    /// <summary>The recipe.</summary>
    public RepeatRecipe Recipe { get; init; } = RepeatRecipe.Balanced;

    /// <summary>The optimizer by kohya's name; null: the configuration's, else Prodigy.</summary>
    public string? Optimizer { get; init; }

    /// <summary>Whether the base model is of SDXL's family; null: as the configuration's, else not.</summary>
    public bool? Sdxl { get; init; }

    /// <summary>Whether the pictures are animation of the 1980s or 1990s; null: as the captions say.</summary>
    public bool? Retro { get; init; }

    /// <summary>Whether <c>min_snr_gamma</c> is on though the configuration does not say so.</summary>
    public bool MinSnrGamma { get; init; }

    /// <summary>Whether <c>ip_noise_gamma</c> is on though the configuration does not say so.</summary>
    public bool IpNoiseGamma { get; init; }

    /// <summary>Whether <c>scale_weight_norms</c> is on though the configuration does not say so.</summary>
    public bool ScaleWeightNorms { get; init; }

    /// <summary><c>network_module</c>; null: the configuration's.</summary>
    public string? Network { get; init; }

    /// <summary><c>network_dim</c>; null: the configuration's.</summary>
    public int? Dim { get; init; }

    /// <summary><c>network_alpha</c>; null: the configuration's.</summary>
    public double? Alpha { get; init; }

    /// <summary><c>train_batch_size</c>; null: the configuration's, else 1.</summary>
    public int? Batch { get; init; }

    /// <summary><c>gradient_accumulation_steps</c>; null: the configuration's, else 1.</summary>
    public int? Accumulation { get; init; }

    /// <summary>Epochs; null: the recipe's.</summary>
    public int? Epochs { get; init; }

    /// <summary>Image steps an epoch for each concept; null: the recipe's.</summary>
    public int? StepsPerConcept { get; init; }

    /// <summary>The settings that come of it.</summary>
    /// <param name="config">The training configuration, or null.</param>
    /// <param name="set">The captions, which say how old the animation is.</param>
    public BakeSettings Of(ConfigEdit? config, CaptionSet set)
    {
        BakeSettings said = Said(config, set);
        return said with
        {
            Recipe = Recipe,
            Optimizer = Optimizer ?? said.Optimizer,
            Sdxl = Sdxl ?? said.Sdxl,
            Retro = Retro ?? said.Retro,
            MinSnrGamma = said.MinSnrGamma || MinSnrGamma,
            IpNoiseGamma = said.IpNoiseGamma || IpNoiseGamma,
            ScaleWeightNorms = said.ScaleWeightNorms || ScaleWeightNorms,
            Network = Network ?? said.Network,
            Dim = Dim ?? said.Dim,
            Alpha = Alpha ?? said.Alpha,
            Batch = Batch ?? said.Batch,
            Accumulation = Accumulation ?? said.Accumulation,
            Epochs = Epochs,
            StepsPerConcept = StepsPerConcept,
        };
    }

    // The settings of a configuration, or the recipe's own.
    private static BakeSettings Said(ConfigEdit? config, CaptionSet set)
    {
        CaptionText[] captions = [.. set.Pictures.Select(p => p.Caption).OfType<CaptionText>()];
        bool retro =
            captions.Length > 0 && captions.Count(c => c.Normal.Any(PictureCheck.IsRetro)) * 2 > captions.Length;
        if (config is null)
        {
            return new BakeSettings { Retro = retro };
        }

        KohyaArgs args = config.Args;
        return new BakeSettings
        {
            Optimizer = OptimizerNames.TypeOf(args.Values.GetValueOrDefault),
            Sdxl = ConfigModel.Of(config).Family == "sdxl",
            MinSnrGamma = Real(args["min_snr_gamma"]) > 0,
            IpNoiseGamma = Real(args["ip_noise_gamma"]) > 0,
            ScaleWeightNorms = Real(args["scale_weight_norms"]) > 0,
            Retro = retro,
            Network = args["network_module"] as string,
            Dim = args.Given.ContainsKey("network_dim") ? (int)Real(args["network_dim"]) : null,
            Alpha = args.Given.ContainsKey("network_alpha") ? Real(args["network_alpha"]) : null,
            Batch = (int)Math.Clamp((long)Real(args["train_batch_size"]), 1, 1 << 20),
            Accumulation = (int)Math.Clamp((long)Real(args["gradient_accumulation_steps"]), 1, 1 << 20),
        };
    }

    private static double Real(object? value) =>
        value switch
        {
            long n => n,
            double d => d,
            _ => 0,
        };
}

using System.CommandLine;
using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Datasets.Checks;
using Forno.Datasets.Repeats;
using Forno.Findings;
using Forno.Kohya;

namespace Forno.Cli.Commands.Training;

/// <summary>What decides about repeats, from the command line, else from the training configuration.</summary>
internal sealed class PlanSettings
{
    private readonly Option<string> recipe = new("--recipe")
    {
        Description =
            "balanced: 8 epochs, so many image steps for each concept; simple: 900 image steps an epoch, "
            + "2500 batches in all",
        DefaultValueFactory = _ => "balanced",
    };

    private readonly Option<string?> optimizer = new("--optimizer")
    {
        Description = "Prodigy, AdamW … (default: the configuration's, else Prodigy)",
    };
    private readonly Option<string?> family = new("--base")
    {
        Description = "Family of the base model: sd15, sd21 or sdxl (default: the configuration's model, else sd15)",
    };
    private readonly Option<string> era = new("--era")
    {
        Description = "retro: animation of the 1980s or 1990s, which is learnt three times as fast; auto looks at tags",
        DefaultValueFactory = _ => "auto",
    };
    private readonly Option<bool> minSnr = new("--min-snr-gamma") { Description = "min_snr_gamma is on" };
    private readonly Option<bool> ipNoise = new("--ip-noise-gamma") { Description = "ip_noise_gamma is on" };
    private readonly Option<bool> scaleNorms = new("--scale-weight-norms") { Description = "scale_weight_norms is on" };
    private readonly Option<string?> network = new("--network")
    {
        Description = "network_module (default: the configuration's, else networks.lora)",
    };
    private readonly Option<int?> dim = new("--dim")
    {
        Description = "network_dim (default: the configuration's, else 32)",
    };
    private readonly Option<double?> alpha = new("--alpha")
    {
        Description = "network_alpha (default: the configuration's, else 16)",
    };
    private readonly Option<int?> batch = new("--batch")
    {
        Description = "train_batch_size (default: the configuration's, else 1)",
    };
    private readonly Option<int?> accumulation = new("--accumulation")
    {
        Description = "gradient_accumulation_steps (default: the configuration's, else 1)",
    };
    private readonly Option<int?> epochs = new("--epochs") { Description = "Epochs (default: the recipe's)" };
    private readonly Option<int?> steps = new("--steps")
    {
        Description = "Image steps an epoch for each concept (default: the recipe's); a sub-concept gets a third",
    };

    /// <summary>Gives a command these options.</summary>
    public PlanSettings AddTo(Command command)
    {
        recipe.AcceptOnlyFromAmong("balanced", "simple");
        family.AcceptOnlyFromAmong("sd15", "sd21", "sdxl");
        era.AcceptOnlyFromAmong("auto", "retro", "modern");
        foreach (
            Option option in (Option[])
                [
                    recipe,
                    optimizer,
                    family,
                    era,
                    minSnr,
                    ipNoise,
                    scaleNorms,
                    network,
                    dim,
                    alpha,
                    batch,
                    accumulation,
                    epochs,
                    steps,
                ]
        )
        {
            command.Options.Add(option);
        }

        return this;
    }

    /// <summary>The settings of a command line.</summary>
    public BakeSettings Of(ParseResult parsed, ConfigEdit? config, CaptionSet set) =>
        Of(config, set) is var found
            ? found with
            {
                Recipe = parsed.GetValue(recipe) == "simple" ? RepeatRecipe.Simple : RepeatRecipe.Balanced,
                Optimizer = parsed.GetValue(optimizer) ?? found.Optimizer,
                Sdxl = parsed.GetValue(family) is { } f ? f == "sdxl" : found.Sdxl,
                Retro = parsed.GetValue(era) switch
                {
                    "retro" => true,
                    "modern" => false,
                    _ => found.Retro,
                },
                MinSnrGamma = found.MinSnrGamma || parsed.GetValue(minSnr),
                IpNoiseGamma = found.IpNoiseGamma || parsed.GetValue(ipNoise),
                ScaleWeightNorms = found.ScaleWeightNorms || parsed.GetValue(scaleNorms),
                Network = parsed.GetValue(network) ?? found.Network,
                Dim = parsed.GetValue(dim) ?? found.Dim,
                Alpha = parsed.GetValue(alpha) ?? found.Alpha,
                Batch = parsed.GetValue(batch) ?? found.Batch,
                Accumulation = parsed.GetValue(accumulation) ?? found.Accumulation,
                Epochs = parsed.GetValue(epochs),
                StepsPerConcept = parsed.GetValue(steps),
            }
            : found;

    /// <summary>The settings of a configuration, or the recipe's own.</summary>
    public static BakeSettings Of(ConfigEdit? config, CaptionSet set)
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

    /// <summary>What of a configuration contradicts the recipe.</summary>
    public static IEnumerable<Finding> Contradictions(ConfigEdit config, BakeSettings settings) =>
        [
            .. RateFindings.Find(
                new ConfigFacts { Values = config.Args.Values, Given = config.Args.Given },
                settings.Optimizer
            ),
            .. ConfigFindings.Rates(config, settings.Optimizer),
        ];

    private static double Real(object? value) =>
        value switch
        {
            long n => n,
            double d => d,
            _ => 0,
        };
}

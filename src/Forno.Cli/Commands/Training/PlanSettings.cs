using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Datasets.Repeats;
using Forno.Studio.Captions;
using Forno.Studio.Training;

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
    public BakeChoice Of(ParseResult parsed) =>
        new()
        {
            Recipe = parsed.GetValue(recipe) == "simple" ? RepeatRecipe.Simple : RepeatRecipe.Balanced,
            Optimizer = parsed.GetValue(optimizer),
            Sdxl = parsed.GetValue(family) is { } f ? f == "sdxl" : null,
            Retro = parsed.GetValue(era) switch
            {
                "retro" => true,
                "modern" => false,
                _ => null,
            },
            MinSnrGamma = parsed.GetValue(minSnr),
            IpNoiseGamma = parsed.GetValue(ipNoise),
            ScaleWeightNorms = parsed.GetValue(scaleNorms),
            Network = parsed.GetValue(network),
            Dim = parsed.GetValue(dim),
            Alpha = parsed.GetValue(alpha),
            Batch = parsed.GetValue(batch),
            Accumulation = parsed.GetValue(accumulation),
            Epochs = parsed.GetValue(epochs),
            StepsPerConcept = parsed.GetValue(steps),
        };
}

using System.Globalization;
using Forno.Findings;

namespace Forno.Advice;

/// <summary>What a training configuration gets wrong without a word of the trainer. Pure.</summary>
public static class ConfigFindings
{
    private const int LeastForAlpha = 8,
        DefaultDim = 4;
    private const double MuchBelow = 0.75,
        MuchAbove = 1.75;

    /// <summary>Finds all that needs no look at captions or pictures, worst first.</summary>
    /// <param name="facts">The configuration.</param>
    public static IReadOnlyList<Finding> Find(ConfigFacts facts)
    {
        var found = new List<Finding>();
        found.AddRange(RateFindings.Default(facts));
        found.AddRange(RateFindings.Find(facts));
        Noise(facts, found);
        Dropout(facts, found);
        Caches(facts, found);
        Network(facts, found);
        Resolution(facts, found);
        Length(facts, found);
        ClipSkip(facts, found);
        Saves(facts, found);
        return [.. found.OrderByDescending(f => f.Level)]; // stable
    }

    private static void Noise(ConfigFacts facts, List<Finding> found)
    {
        if (facts.PredictsV is { } why && !facts.On("v_parameterization"))
        {
            found.Add(
                new Finding(
                    FindingKind.VPrediction,
                    FindingLevel.Bad,
                    $"the base model predicts v ({why}), and v_parameterization is not on",
                    "The LoRA learns another target than its base has: pictures dissolve.",
                    facts.Family == "sd21" && !facts.On("v2")
                        ? Fix.All(Fix.Set("v_parameterization", true), Fix.Set("v2", true))
                        : Fix.Set("v_parameterization", true)
                )
            );
        }

        if (!facts.On("zero_terminal_snr"))
        {
            return;
        }

        if (!facts.On("v_parameterization"))
        {
            found.Add(
                new Finding(
                    FindingKind.ZeroSnr,
                    FindingLevel.Bad,
                    $"zero_terminal_snr without v_parameterization{facts.Where("zero_terminal_snr")}",
                    "Where nothing but noise is left, noise teaches nothing: the last timestep divides 0 by 0.",
                    Fix.Set("v_parameterization", true).Noting("with a base model that predicts v"),
                    Fix.Remove("zero_terminal_snr")
                )
            );
        }

        if (facts.Number("noise_offset") != 0)
        {
            found.Add(
                new Finding(
                    FindingKind.NoiseOffset,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"noise_offset = {facts.Number("noise_offset")} with zero_terminal_snr"
                            + $"{facts.Where("noise_offset")}"
                    ),
                    "Both teach very dark and very bright pictures; together they overshoot.",
                    Fix.Remove("noise_offset")
                )
            );
        }
    }

    private static void Dropout(ConfigFacts facts, List<Finding> found)
    {
        TrainedFolder[] never =
        [
            .. facts.Folders.Where(f =>
                !f.IsReg && (f.Number("caption_dropout_every_n_epochs") == 1 || f.Number("caption_dropout_rate") >= 1)
            ),
        ];
        if (never.Length > 0)
        {
            string option =
                never[0].Number("caption_dropout_rate") >= 1
                    ? "caption_dropout_rate"
                    : "caption_dropout_every_n_epochs";
            found.Add(
                new Finding(
                    FindingKind.Dropout,
                    FindingLevel.Bad,
                    Invariant.Text($"{option} = {never[0].Number(option)}{facts.Where(option)}"),
                    "Every caption is dropped every time: nothing is trained with words.",
                    Fix.Remove(option),
                    option == "caption_dropout_rate" ? Fix.SetWithin(option, 0.05, 0.2) : Fix.SetWithin(option, 2)
                )
            );
        }
    }

    private static void Caches(ConfigFacts facts, List<Finding> found)
    {
        if (facts.On("cache_text_encoder_outputs"))
        {
            (string Option, Func<TrainedFolder, bool> Varies)[] all =
            [
                ("shuffle_caption", f => f.On("shuffle_caption")),
                ("caption_dropout_rate", f => f.Number("caption_dropout_rate") > 0),
                ("caption_tag_dropout_rate", f => f.Number("caption_tag_dropout_rate") > 0),
                ("token_warmup_step", f => f.Number("token_warmup_step") > 0),
            ];
            string[] varying = [.. all.Where(a => facts.Folders.Any(a.Varies)).Select(a => a.Option)];
            if (varying.Length > 0)
            {
                found.Add(
                    new Finding(
                        FindingKind.CachedCaptions,
                        FindingLevel.Bad,
                        $"cache_text_encoder_outputs with {string.Join(", ", varying)}",
                        "The trainer stops: captions that change with every draw cannot be kept.",
                        Fix.Set("cache_text_encoder_outputs", false),
                        Fix.Remove(varying)
                    )
                );
            }

            if (!facts.On("network_train_unet_only"))
            {
                found.Add(
                    new Finding(
                        FindingKind.CachedTextEncoder,
                        FindingLevel.Bad,
                        "cache_text_encoder_outputs without network_train_unet_only",
                        "The trainer stops: a text encoder whose answers are kept cannot learn.",
                        Fix.Set("network_train_unet_only", true),
                        Fix.Set("cache_text_encoder_outputs", false)
                    )
                );
            }
        }

        string[] moving = facts.On("cache_latents")
            ? [.. ((string[])["color_aug", "random_crop"]).Where(o => facts.Folders.Any(f => f.On(o)))]
            : [];
        if (moving.Length > 0)
        {
            found.Add(
                new Finding(
                    FindingKind.CachedLatents,
                    FindingLevel.Bad,
                    $"cache_latents with {string.Join(" and ", moving)}",
                    "The trainer stops: pictures that change with every draw cannot be kept.",
                    Fix.Set("cache_latents", false),
                    Fix.Remove(moving)
                )
            );
        }
    }

    private static void Network(ConfigFacts facts, List<Finding> found)
    {
        if (facts.On("dim_from_weights") || facts.Says("network_weights"))
        {
            return;
        }

        double dim = facts.Number("network_dim");
        if (!facts.Says("network_dim"))
        {
            found.Add(
                new Finding(
                    FindingKind.NetworkDim,
                    FindingLevel.Warning,
                    $"no network_dim: it is {DefaultDim}",
                    "So small a LoRA learns a simple thing; characters with outfits, and styles, blur.",
                    Fix.All(Fix.Set("network_dim", 32), Fix.Set("network_alpha", 16))
                )
            );
        }
        else if (!facts.Says("network_alpha") && dim >= LeastForAlpha)
        {
            bool own = RateFindings.FindsItsOwn(facts.Optimizer);
            found.Add(
                new Finding(
                    FindingKind.NetworkAlpha,
                    own ? FindingLevel.Note : FindingLevel.Warning,
                    Invariant.Text($"no network_alpha: it is 1, with network_dim = {dim}"),
                    Invariant.Text(
                        $"What is learnt counts alpha ÷ dim = {1 / dim:0.###}, a {Math.Round(dim / 2)}th of "
                            + $"what recipes are made for: "
                            + $"{(own ? $"{facts.Optimizer} makes up for it, if it has the steps." : "hardly anything shows.")}"
                    ),
                    Fix.Set("network_alpha", Math.Max(1, Math.Floor(dim / 2)))
                )
            );
        }
    }

    private static void Resolution(ConfigFacts facts, List<Finding> found)
    {
        if (facts.Resolution is not { } size)
        {
            found.Add(
                new Finding(
                    FindingKind.Resolution,
                    FindingLevel.Bad,
                    "no resolution",
                    "The trainer stops at once.",
                    Fix.Set("resolution", Invariant.Text($"{Native(facts) ?? 512}"))
                )
            );
            return;
        }

        if (Native(facts) is not { } native)
        {
            return;
        }

        double side = Math.Sqrt((double)size.Width * size.Height);
        if (side < native * MuchBelow)
        {
            found.Add(
                new Finding(
                    FindingKind.Resolution,
                    FindingLevel.Warning,
                    $"resolution {size} with a base of {Name(facts.Family)}{facts.Where("resolution")}",
                    Invariant.Text(
                        $"It draws at {native}: trained so small it learns coarse shapes, and blurs what the "
                            + $"base can do."
                    ),
                    Fix.Set("resolution", Invariant.Text($"{native}"))
                )
            );
        }
        else if (side > native * MuchAbove)
        {
            found.Add(
                new Finding(
                    FindingKind.Resolution,
                    FindingLevel.Note,
                    $"resolution {size} with a base of {Name(facts.Family)}{facts.Where("resolution")}",
                    Invariant.Text(
                        $"It draws at {native}; so much more takes {side * side / native / native:0.#} times "
                            + $"the work and may double limbs."
                    ),
                    Fix.Set("resolution", Invariant.Text($"{(native == 512 ? 768 : native)}")).Noting("is enough")
                )
            );
        }
    }

    private static void Length(ConfigFacts facts, List<Finding> found)
    {
        bool epochs = facts.Values.GetValueOrDefault("max_train_epochs") is long,
            steps = facts.Says("max_train_steps");
        if (epochs && steps)
        {
            found.Add(
                new Finding(
                    FindingKind.Length,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"max_train_epochs = {facts.Number("max_train_epochs")} and max_train_steps = "
                            + $"{facts.Number("max_train_steps")}{facts.Where("max_train_steps")}"
                    ),
                    "The epochs count: the steps have no effect.",
                    Fix.Remove("max_train_steps")
                )
            );
        }
        else if (!epochs && !steps)
        {
            found.Add(
                new Finding(
                    FindingKind.Length,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"neither max_train_epochs nor max_train_steps: it trains "
                            + $"{facts.Number("max_train_steps")} steps"
                    ),
                    "That is the same for any number of pictures: few burn in, many stay weak.",
                    Fix.Run("plan").OnDataSet().Changing().WithConfig().With("apply").Noting("writes max_train_epochs")
                )
            );
        }

        if (facts.Says("dataset_config") && facts.Says("train_data_dir"))
        {
            found.Add(
                new Finding(
                    FindingKind.TwoSources,
                    FindingLevel.Warning,
                    $"train_data_dir and dataset_config{facts.Where("train_data_dir")}",
                    "The folders are those of dataset_config; train_data_dir has no effect.",
                    Fix.Remove("train_data_dir"),
                    Fix.Remove("dataset_config")
                )
            );
        }
    }

    private static void ClipSkip(ConfigFacts facts, List<Finding> found)
    {
        double skip = facts.Number("clip_skip");
        if (facts.Says("clip_skip") && facts.Family == "sdxl" && skip != 2)
        {
            found.Add(
                new Finding(
                    FindingKind.ClipSkip,
                    FindingLevel.Note,
                    Invariant.Text($"clip_skip = {skip} with a base of SDXL{facts.Where("clip_skip")}"),
                    "SDXL always takes the last layer but one: it has no effect.",
                    Fix.Remove("clip_skip")
                )
            );
        }
        else if ((facts.Family is null or "sd15" && skip > 2) || (facts.Family == "sd21" && skip > 1))
        {
            found.Add(
                new Finding(
                    FindingKind.ClipSkip,
                    FindingLevel.Warning,
                    Invariant.Text($"clip_skip = {skip}{facts.Where("clip_skip")}"),
                    facts.Family == "sd21"
                        ? "SD 2 takes the last layer but one already: this skips one more, which nobody draws with."
                        : "Models are drawn with 1, or 2 for those of anime: trained otherwise, the words mean "
                            + "something else when it is used.",
                    facts.Family == "sd21"
                        ? [Fix.Remove("clip_skip")]
                        : [Fix.Set("clip_skip", 1), Fix.Set("clip_skip", 2).Noting("for anime models")]
                )
            );
        }
    }

    private static void Saves(ConfigFacts facts, List<Finding> found)
    {
        if (
            !facts.Says("save_every_n_epochs")
            && !facts.Says("save_every_n_steps")
            && !facts.Says("save_n_epoch_ratio")
        )
        {
            found.Add(
                new Finding(
                    FindingKind.OnlyLast,
                    FindingLevel.Note,
                    "no save_every_n_epochs: only the end is kept",
                    "The best epoch is often an earlier one, and it is then lost.",
                    Fix.Set("save_every_n_epochs", 1).Noting("a grid then compares them")
                )
            );
        }
    }

    // SD 2 comes in two sizes; the larger one predicts v.
    private static int? Native(ConfigFacts facts) =>
        facts.Family switch
        {
            "sd15" => 512,
            "sd21" => facts.PredictsV is not null || facts.On("v_parameterization") ? 768 : 512,
            "sdxl" => 1024,
            _ => null,
        };

    private static string Name(string? family) =>
        family switch
        {
            "sd15" => "SD 1.5",
            "sd21" => "SD 2",
            _ => "SDXL",
        };
}

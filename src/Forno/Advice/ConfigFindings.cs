using System.Globalization;
using Forno.Findings;
using Forno.Kohya;
using Forno.Optim.Optimizers;
using Forno.Training.Recipes;

namespace Forno.Advice;

/// <summary>What a training configuration gets wrong without a word of the trainer. Pure.</summary>
public static class ConfigFindings
{
    /// <summary>The effect of what the trainer refuses.</summary>
    public const string Stops = "The trainer stops at once.";

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
        found.AddRange(facts.Breaches.Where(b => b.Level != BreachLevel.Note).Select(Broken));
        VPrediction(facts, found);
        Dropout(facts, found);
        Network(facts, found);
        Resolution(facts, found);
        Length(facts, found);
        ClipSkip(facts, found);
        Saves(facts, found);
        return [.. found.OrderByDescending(f => f.Level)]; // stable
    }

    /// <summary>Rates that differ though an optimizer has one for all.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="optimizer">The optimizer by kohya's name.</param>
    public static IEnumerable<Finding> Rates(ConfigEdit config, string optimizer)
    {
        TrainRecipe recipe = config.Read().Recipe;
        return RecipeRules
            .Check(recipe with { Optimizer = recipe.Optimizer with { Type = optimizer } })
            .Where(b => b.Kind == FindingKind.Rates)
            .Select(Broken);
    }

    // What the trainer refuses, or warns of.
    private static Finding Broken(RuleBreach breach) =>
        new(
            breach.Kind,
            breach.Level == BreachLevel.Refuse ? FindingLevel.Bad : FindingLevel.Warning,
            $"{breach.What}{(breach.Where is null ? "" : $" ({breach.Where})")}",
            breach.Effect ?? Stops,
            breach.Remedies.Count > 0
                ? breach.Remedies
                : [Fix.ByHand(breach.WayOut.Length > 0 ? breach.WayOut : "correct it in the configuration")]
        );

    private static void VPrediction(ConfigFacts facts, List<Finding> found)
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
                    "Such a small LoRA learns something simple; characters with outfits, and styles, blur.",
                    Fix.All(Fix.Set("network_dim", 32), Fix.Set("network_alpha", 16))
                )
            );
        }
        else if (!facts.Says("network_alpha") && dim >= LeastForAlpha)
        {
            bool own = OptimizerRegistry.FindsItsOwnRate(facts.Optimizer);
            string shows = own ? $"{facts.Optimizer} makes up for it, if it has the steps." : "hardly anything shows.";
            found.Add(
                new Finding(
                    FindingKind.NetworkAlpha,
                    own ? FindingLevel.Note : FindingLevel.Warning,
                    Invariant.Text($"no network_alpha: it is 1, with network_dim = {dim}"),
                    Invariant.Text(
                        $"What is learnt counts alpha ÷ dim = {1 / dim:0.###}, a {Math.Round(dim / 2)}th of "
                            + $"what recipes are made for: "
                            + $"{shows}"
                    ),
                    Fix.Set("network_alpha", Math.Max(1, Math.Floor(dim / 2)))
                )
            );
        }
    }

    private static void Resolution(ConfigFacts facts, List<Finding> found)
    {
        if (facts.Resolution is not { } size || Native(facts) is not { } native)
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
                        ? "SD 2 takes the last layer but one already: this skips one more, which nobody uses."
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

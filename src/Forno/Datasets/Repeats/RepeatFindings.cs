using System.Globalization;
using Forno.Findings;

namespace Forno.Datasets.Repeats;

/// <summary>What to know about a plan of repeats. Pure.</summary>
internal static class RepeatFindings
{
    /// <summary>Finds all, worst first.</summary>
    public static IReadOnlyList<Finding> Find(RepeatPlan plan)
    {
        var found = new List<Finding>();
        BakeSettings settings = plan.Settings;
        if (settings.Recipe == RepeatRecipe.Balanced)
        {
            Totals(plan, found);
        }

        foreach (FolderRepeats few in plan.Folders.Where(f => f.Pictures < RepeatPlanner.FewPictures))
        {
            found.Add(
                new Finding(
                    FindingKind.FewPictures,
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{Name(few)} has {few.Pictures} {(few.Pictures == 1 ? "picture" : "pictures")}, "
                            + $"drawn {few.Repeats} times an epoch each"
                    ),
                    "Fewer than 8 of an outfit are copied rather than learnt.",
                    Fix.ByHand("add pictures"),
                    Fix.Run("dataset crop").OnDataSet().Changing().Noting("cuts closer shots out of large ones")
                )
            );
        }

        if (settings.ScaleWeightNorms && settings.IsProdigy)
        {
            found.Add(
                new Finding(
                    FindingKind.ScaleWeightNorms,
                    FindingLevel.Warning,
                    $"scale_weight_norms with {settings.Optimizer}",
                    "It shrinks weights while the optimizer judges its rate by how far they moved: the rate "
                        + "grows without limit.",
                    Fix.Remove("scale_weight_norms"),
                    Fix.Set("optimizer_type", "AdamW")
                )
            );
        }

        FolderRepeats? half =
            plan.Folders.Count > 1 ? plan.Folders.FirstOrDefault(f => f.ImageSteps * 2 > plan.ImageSteps) : null;
        if (half is not null)
        {
            found.Add(
                new Finding(
                    FindingKind.Half,
                    FindingLevel.Warning,
                    Invariant.Text($"{Name(half)} makes {half.ImageSteps} of {plan.ImageSteps} image steps an epoch"),
                    "More than half of all steps are its: the rest of the LoRA will look like it.",
                    half.Repeats > 1
                        ? [Fix.ByHand("add pictures to the other folders")]
                        : [Fix.ByHand("add pictures to the other folders"), Fix.ByHand("take pictures out of it")]
                )
            );
        }

        foreach (
            FolderRepeats many in plan.Folders.Where(f => f.Why.Contains("1 is the least", StringComparison.Ordinal))
        )
        {
            found.Add(
                new Finding(
                    FindingKind.ManyPictures,
                    FindingLevel.Note,
                    Invariant.Text($"{Name(many)} has {many.Pictures} pictures, more than its image steps an epoch"),
                    "Even once each they are trained more than their share.",
                    Fix.ByHand("train fewer epochs"),
                    Fix.ByHand("leave the weakest pictures out")
                )
            );
        }

        Unbalanced(plan, found);
        if (settings.Recipe == RepeatRecipe.Balanced)
        {
            Adapter(settings, found);
        }

        if (settings.MinSnrGamma != settings.IpNoiseGamma && settings.Recipe == RepeatRecipe.Balanced)
        {
            found.Add(
                new Finding(
                    FindingKind.OneGamma,
                    FindingLevel.Note,
                    $"{(settings.MinSnrGamma ? "min_snr_gamma" : "ip_noise_gamma")} without "
                        + $"{(settings.MinSnrGamma ? "ip_noise_gamma" : "min_snr_gamma")}",
                    "Both together make the recipe take 3/5 of the steps; with one of them it takes all.",
                    Fix.CompareEpochs()
                )
            );
        }

        return [.. found.OrderByDescending(f => f.Level)];
    }

    private static void Totals(RepeatPlan plan, List<Finding> found)
    {
        var (low, high) = RepeatPlanner.Range(plan.Settings);
        int cap = RepeatPlanner.Cap(plan.Settings);
        foreach (TriggerSteps main in plan.Triggers.Where(t => t.Main && t.PerEpoch > 0))
        {
            if (main.Total > cap)
            {
                found.Add(
                    new Finding(
                        FindingKind.OverCap,
                        FindingLevel.Warning,
                        Invariant.Text(
                            $"{main.Trigger}: {main.Total} image steps, more than {cap} for {plan.Settings.Optimizer}"
                        ),
                        "It burns in: colours glare, poses repeat, other words lose their effect.",
                        cap / main.PerEpoch is > 0 and var epochs
                            ? Fix.Run("plan")
                                .OnDataSet()
                                .With("epochs", epochs)
                                .Noting(Invariant.Text($"{main.PerEpoch * epochs} image steps"))
                            : Fix.ByHand("take pictures out")
                    )
                );
            }
            else if (main.Total < low || main.Total > high)
            {
                int epochs = main.Total < low ? (low + main.PerEpoch - 1) / main.PerEpoch : high / main.PerEpoch;
                found.Add(
                    new Finding(
                        main.Total < low ? FindingKind.ShortTraining : FindingKind.LongTraining,
                        FindingLevel.Note,
                        Invariant.Text($"{main.Trigger}: {main.Total} image steps; {low} to {high} suit it"),
                        main.Total < low
                            ? "It may come out weak."
                            : "Its last epochs may be burnt in; one of the earlier ones may be the best.",
                        epochs > 0 && epochs != plan.Epochs
                            ? Fix.Run("plan").OnDataSet().With("epochs", epochs)
                            : Fix.CompareEpochs()
                    )
                );
            }
        }
    }

    private static void Adapter(BakeSettings settings, List<Finding> found)
    {
        if (settings.Network is { } network && !network.EndsWith(".lora", StringComparison.Ordinal))
        {
            found.Add(
                new Finding(
                    FindingKind.Network,
                    FindingLevel.Note,
                    $"network_module = {network}",
                    "The recipe is for plain LoRA; other kinds learn faster or more slowly.",
                    Fix.CompareEpochs()
                )
            );
        }

        if (settings.Dim is not (null or RepeatPlanner.Dim) || settings.Alpha is not (null or RepeatPlanner.Alpha))
        {
            double scale = (settings.Alpha ?? RepeatPlanner.Alpha) / (settings.Dim ?? RepeatPlanner.Dim);
            found.Add(
                new Finding(
                    FindingKind.DimAlpha,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"dim {settings.Dim ?? RepeatPlanner.Dim}, alpha "
                            + $"{settings.Alpha ?? RepeatPlanner.Alpha}; the recipe is for {RepeatPlanner.Dim} and "
                            + $"{RepeatPlanner.Alpha}"
                    ),
                    scale < 0.5
                            ? Invariant.Text(
                                $"Alpha ÷ dim is {scale:0.##} instead of 0.5: it learns more slowly than planned."
                            )
                        : scale > 0.5
                            ? Invariant.Text(
                                $"Alpha ÷ dim is {scale:0.##} instead of 0.5: it learns faster than planned."
                            )
                        : "It can learn more or less than planned, at the same pace.",
                    Fix.All(Fix.Set("network_dim", RepeatPlanner.Dim), Fix.Set("network_alpha", RepeatPlanner.Alpha)),
                    Fix.CompareEpochs()
                )
            );
        }
    }

    private static void Unbalanced(RepeatPlan plan, List<Finding> found)
    {
        var steps = plan
            .Folders.Where(f => !f.Main)
            .GroupBy(f => f.Concept)
            .Select(g => (Name: g.Key, Steps: g.Sum(f => f.ImageSteps)))
            .OrderBy(g => g.Steps)
            .ToArray();
        if (steps.Length > 1 && steps[^1].Steps * 2 > steps[0].Steps * 3)
        {
            found.Add(
                new Finding(
                    FindingKind.Unbalanced,
                    FindingLevel.Note,
                    Invariant.Text(
                        $"{steps[^1].Name} gets {steps[^1].Steps} image steps an epoch, {steps[0].Name} "
                            + $"{steps[0].Steps}"
                    ),
                    "Whole repeats cannot balance them better; the one with more will be drawn better.",
                    Fix.ByHand("even out the numbers of pictures")
                )
            );
        }
    }

    private static string Name(FolderRepeats folder) => folder.Folder.Length > 0 ? folder.Folder : "the folder";
}

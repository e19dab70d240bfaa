using System.Globalization;
using Forno.Findings;
using Forno.Optim.Optimizers;
using Forno.Training.Recipes;

namespace Forno.Advice;

/// <summary>Learning rates that do not go with the optimizer. Pure.</summary>
public static class RateFindings
{
    // From ten times the usual 1e-4 to 5e-4 on a LoRA bursts; Lion's rates are a tenth of AdamW's.
    private const double High = 1e-2,
        HighLion = 1e-3,
        Bursts = 0.1,
        Low = 1e-6,
        LowOwn = 0.1,
        HighOwn = 2;
    private static readonly string[] Rates = ["learning_rate", "unet_lr", "text_encoder_lr"];

    /// <summary>Finds those that are written down.</summary>
    /// <param name="facts">The configuration.</param>
    /// <param name="optimizer">The optimizer by kohya's name; null = the configuration's.</param>
    public static IEnumerable<Finding> Find(ConfigFacts facts, string? optimizer = null)
    {
        optimizer ??= facts.Optimizer;
        foreach (string option in Rates.Where(facts.Says))
        {
            foreach (double rate in facts.Numbers(option).Where(r => r > 0).Distinct())
            {
                string what = Invariant.Text($"{option} = {rate:0.############} with {optimizer}{facts.Where(option)}");
                if (
                    (OptimizerRegistry.FindsItsOwnRate(optimizer) ? Own(option, rate) : Usual(optimizer, rate, facts))
                    is var (level, effect, usual)
                )
                {
                    yield return new Finding(FindingKind.Rate, level, what, effect, Fix.Set(option, usual));
                }
            }
        }
    }

    /// <summary>Finds a rate that is left to kohya's default, which is for whole models.</summary>
    /// <param name="facts">The configuration.</param>
    public static IEnumerable<Finding> Default(ConfigFacts facts)
    {
        if (
            !facts.Says("learning_rate")
            && !facts.Says("unet_lr")
            && !facts.Optimizer.StartsWith("Adafactor", StringComparison.OrdinalIgnoreCase)
        )
        {
            yield return new Finding(
                FindingKind.Rate,
                FindingLevel.Bad,
                Invariant.Text(
                    $"no learning_rate: it is {facts.Number("learning_rate"):0.############}, with {facts.Optimizer}"
                ),
                "That is for fine-tuning whole models: a LoRA learns next to nothing.",
                Fix.Set("learning_rate", OptimizerRegistry.FindsItsOwnRate(facts.Optimizer) ? 1 : 1e-4)
            );
        }
    }

    private static (FindingLevel Level, string Effect, double Usual)? Own(string option, double rate) =>
        rate < LowOwn
            ? (FindingLevel.Warning, "It finds its rate itself and multiplies it by this: nothing would be learnt.", 1)
        : rate > HighOwn ? (FindingLevel.Warning, "It multiplies the rate that it finds by this: it burns in.", 1)
        : rate != 1 && option != "text_encoder_lr"
            ? (FindingLevel.Note, "It finds its rate itself and multiplies it by this; recipes are made for 1.", 1)
        : null;

    private static (FindingLevel Level, string Effect, double Usual)? Usual(
        string optimizer,
        double rate,
        ConfigFacts facts
    )
    {
        bool lion = optimizer.Contains("Lion", StringComparison.OrdinalIgnoreCase);
        double usual = lion ? 2e-5 : 1e-4;
        if (
            optimizer.StartsWith("SGD", StringComparison.OrdinalIgnoreCase)
            || (
                optimizer.StartsWith("Adafactor", StringComparison.OrdinalIgnoreCase)
                && facts
                    .Values.GetValueOrDefault("optimizer_args")
                    ?.ToString()
                    ?.Contains("relative_step=False", StringComparison.Ordinal) != true
            )
        )
        {
            return null; // other scales, or rates of its own
        }

        return rate >= Bursts ? (FindingLevel.Warning, "The training diverges within a few steps.", usual)
            : rate >= (lion ? HighLion : High)
                ? (
                    FindingLevel.Warning,
                    Invariant.Text(
                        $"{usual:0e0} is usual; more than ten times that diverges or burns in within an epoch."
                    ),
                    usual
                )
            : rate < Low
                ? (
                    FindingLevel.Warning,
                    Invariant.Text($"{usual:0e0} is usual for a LoRA: it learns next to nothing."),
                    usual
                )
            : null;
    }
}

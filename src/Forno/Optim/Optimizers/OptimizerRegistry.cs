using System.Collections.Frozen;
using Forno.Files;

namespace Forno.Optim.Optimizers;

/// <summary>
/// Optimizers by the names that users write in <c>optimizer_type</c>; case does not matter, and a full path to the
/// Python class is understood, as in kohya's trainer.
/// </summary>
public static class OptimizerRegistry
{
    /// <summary>
    /// Every optimizer, one line each: those with a class here, and by name those that kohya's trainer has besides,
    /// for what depends on the name alone (metadata, findings). A new class takes the place of its name's line.
    /// </summary>
    public static IReadOnlyList<OptimizerInfo> All { get; } =
    [
        Adam.Info,
        Adam.InfoW,
        Prodigy.Info,
        Named("AdamW8bit", "bitsandbytes.optim.adamw.AdamW8bit"),
        Named("PagedAdamW", "bitsandbytes.optim.adamw.PagedAdamW"),
        Named("PagedAdamW8bit", "bitsandbytes.optim.adamw.PagedAdamW8bit"),
        Named("PagedAdamW32bit", "bitsandbytes.optim.adamw.PagedAdamW32bit"),
        Named("AdEMAMix8bit", "bitsandbytes.optim.ademamix.AdEMAMix8bit"),
        Named("PagedAdEMAMix8bit", "bitsandbytes.optim.ademamix.PagedAdEMAMix8bit"),
        Lion.Info,
        Named("Lion8bit", "bitsandbytes.optim.lion.Lion8bit"),
        Named("PagedLion8bit", "bitsandbytes.optim.lion.PagedLion8bit"),
        Sgd.Info,
        Sgd.InfoNesterov,
        Named("SGDNesterov8bit", "bitsandbytes.optim.sgd.SGD8bit"),
        Adafactor.Info,
        Named("CAME", "came_pytorch.CAME.CAME"),
        AdamWScheduleFree.Info,
        Named("RAdamScheduleFree", "schedulefree.radam_schedulefree.RAdamScheduleFree") with
        {
            ScheduleFree = true,
        },
        Named("SGDScheduleFree", "schedulefree.sgd_schedulefree.SGDScheduleFree") with
        {
            ScheduleFree = true,
        },
        OwnRate("DAdaptAdamPreprint", "dadaptation.experimental.dadapt_adam_preprint.DAdaptAdamPreprint") with
        {
            Aliases = ["DAdaptation"],
        },
        OwnRate("DAdaptAdaGrad", "dadaptation.dadapt_adagrad.DAdaptAdaGrad"),
        OwnRate("DAdaptAdam", "dadaptation.dadapt_adam.DAdaptAdam"),
        OwnRate("DAdaptAdan", "dadaptation.dadapt_adan.DAdaptAdan"),
        OwnRate("DAdaptAdanIP", "dadaptation.experimental.dadapt_adan_ip.DAdaptAdanIP"),
        OwnRate("DAdaptLion", "dadaptation.dadapt_lion.DAdaptLion"),
        OwnRate("DAdaptSGD", "dadaptation.dadapt_sgd.DAdaptSGD"),
        OwnRate("ProdigyPlusScheduleFree", "prodigyplus.prodigy_plus_schedulefree.ProdigyPlusScheduleFree") with
        {
            ScheduleFree = true,
        },
    ];

    private static readonly FrozenDictionary<string, OptimizerInfo> ByName = All.SelectMany(info =>
            info.Names.Distinct(StringComparer.OrdinalIgnoreCase).Select(name => KeyValuePair.Create(name, info))
        )
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>The names of those that can be trained with, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [.. All.Where(info => info.Make is not null).Select(info => info.Name).Order(StringComparer.Ordinal)];

    /// <summary>What is known of a name, whether it can be trained with or not; null: nothing.</summary>
    public static OptimizerInfo? Known(string name) => ByName.GetValueOrDefault(name);

    /// <summary>Whether there is an optimizer of this name to train with.</summary>
    public static bool Has(string name) => Known(name)?.Make is not null;

    /// <summary>Whether the optimizer of this name finds its own rate; false where the name is not known.</summary>
    public static bool FindsItsOwnRate(string name) => Known(name)?.FindsItsOwnRate == true;

    /// <summary>The optimizer of a name.</summary>
    /// <param name="name">One of its names.</param>
    /// <param name="where">What is wrong if there is none, for the error.</param>
    /// <exception cref="FornoException">There is none to train with; those that there are, are listed.</exception>
    public static OptimizerInfo Find(string name, string where = "optimizer_type")
    {
        if (Known(name) is not { } info)
        {
            string near = Spelling.DidYouMean(name, All.Select(i => i.Name));
            throw new FornoException(
                $"{where}: there is no optimizer '{name}'{(near.Length > 0 ? near : ".")} {Choice()}"
            );
        }
        return info.Make is not null
            ? info
            : throw new FornoException($"{where}: the optimizer {info.Name} is not yet supported. {Choice()}");
    }

    /// <summary>Makes an optimizer.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="groups">Parameter groups.</param>
    /// <param name="options">Its options by name (<c>lr</c> among them): what <c>optimizer_args</c> hold.</param>
    /// <exception cref="FornoException">An unknown name or option, or a wrong value; valid ones are listed.</exception>
    public static Optimizer Create(
        string name,
        IReadOnlyList<ParameterGroup> groups,
        IReadOnlyDictionary<string, object?> options
    ) => Find(name).Create(groups, options);

    private static string Choice() => $"Choose one of: {string.Join(", ", Names)}.";

    private static OptimizerInfo Named(string name, string @class) => new(name, @class);

    private static OptimizerInfo OwnRate(string name, string @class) => new(name, @class) { FindsItsOwnRate = true };
}

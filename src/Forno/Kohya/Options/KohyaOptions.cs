using System.Collections.Frozen;
using Forno.Files;

namespace Forno.Kohya.Options;

/// <summary>
/// The options of kohya's train_network.py and sdxl_train_network.py and of its dataset configs (facts of its argument
/// parser and schema, v0.11.1): one row each, in one table. A new option is one row in one of the files beside this.
/// </summary>
public static class KohyaOptions
{
    /// <summary>Every row. Later ones land later.</summary>
    public static IReadOnlyList<KohyaOption> Rows { get; } =
    [
        .. ModelOptions.Rows,
        .. NetworkOptions.Rows,
        .. OptimizerOptions.Rows,
        .. LossOptions.Rows,
        .. DatasetOptions.Rows,
        .. CaptionOptions.Rows,
        .. OutputOptions.Rows,
        .. SamplingOptions.Rows,
        .. MachineOptions.Rows,
    ];

    /// <summary>Every training option by name.</summary>
    public static FrozenDictionary<string, KohyaOption> All { get; } =
        Rows.Where(o => o.IsArgument).ToFrozenDictionary(o => o.Name, StringComparer.Ordinal);

    /// <summary>What may stand in dataset configs, by the name that it has there.</summary>
    public static FrozenDictionary<string, KohyaOption> InConfigs { get; } =
        Rows.Where(o => o.Level != ConfigLevel.None || o.Resolved != ConfigLevel.None)
            .ToFrozenDictionary(o => o.ConfigName, StringComparer.Ordinal);

    /// <summary>What to write after an unknown name: the nearest valid one.</summary>
    public static string Hint(string unknown) => Spelling.DidYouMean(unknown, All.Keys);
}

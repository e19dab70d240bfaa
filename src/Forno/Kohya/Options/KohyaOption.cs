using System.Globalization;
using Forno.Data;
using Forno.Training.Recipes;

namespace Forno.Kohya.Options;

/// <summary>
/// One of kohya's options: one row of the table. It says all that is known of it: its name, kind, default, where it may
/// stand, what its values may be, whether it works, where it lands, and its name in the metadata.
/// </summary>
/// <param name="Name">Its name among the training options, or in a dataset config if it stands only there.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Default">Value when it is not given: bool, string, long, double or null.</param>
public abstract record KohyaOption(string Name, OptionKind Kind, object? Default)
{
    /// <summary>Whether it takes a list.</summary>
    public bool List { get; init; }

    /// <summary>The values that kohya allows, or null for any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>The choices that work, if not all of them.</summary>
    public IReadOnlyList<string>? Usable { get; init; }

    /// <summary>The numbers it may have.</summary>
    public OptionRange Range { get; init; } = OptionRange.Any;

    /// <summary>What Forno does with it.</summary>
    public OptionState State { get; init; } = OptionState.Works;

    /// <summary>Which of kohya's trainers has it.</summary>
    public OptionScript Script { get; init; }

    /// <summary>Whether it is a training option; otherwise it stands in dataset configs only.</summary>
    public bool IsArgument { get; init; } = true;

    /// <summary>Its name in dataset configs, where that is another one.</summary>
    public string ConfigName { get; init; } = Name;

    /// <summary>Where in a dataset config it may stand.</summary>
    public ConfigLevel Level { get; init; }

    /// <summary>Where in a data set it has a value; training options that say it for all are among them.</summary>
    public ConfigLevel Resolved { get; init; }

    /// <summary>The kinds of subsets that know it.</summary>
    public SubsetKinds Subsets { get; init; } = SubsetKinds.All;

    /// <summary>The kinds of subsets in which it has a value all the same; null = those that know it.</summary>
    public SubsetKinds? ResolvedSubsets { get; init; }

    /// <summary>Its default for a subset, where that is not <see cref="Default"/>.</summary>
    public object? SubsetDefault { get; init; }

    /// <summary>Whether a dataset config may write a whole number for this real one.</summary>
    public bool TakesWhole { get; init; }

    /// <summary>Whether a data set's options leave it out where it is not set (newer than kohya 0.10).</summary>
    public bool Sparse { get; init; }

    /// <summary>Whether 0 and less mean that it is not set.</summary>
    public bool OffBelowOne { get; init; }

    /// <summary>The option that it switches on with itself.</summary>
    public string? TurnsOn { get; init; }

    /// <summary>Its name in the metadata behind <c>ss_</c>; null = it has no entry of its own.</summary>
    public string? Metadata { get; init; }

    /// <summary>Its name among the fields of modelspec; null = none.</summary>
    public string? SpecField { get; init; }

    /// <summary>Its default at a level of data sets.</summary>
    public object? DefaultAt(ConfigLevel level) => level == ConfigLevel.Subset ? SubsetDefault ?? Default : Default;

    /// <summary>Whether a value says no more than the default.</summary>
    public bool IsDefault(object? value, ConfigLevel level = ConfigLevel.None) => Same(value, DefaultAt(level));

    /// <summary>The default as one would write it.</summary>
    public string ShownDefault => Shown(Default);

    /// <summary>What is wrong with a value of the right kind, as the end of a sentence; null = nothing.</summary>
    public string? Problem(object? value)
    {
        foreach (
            object number in value is IEnumerable<object> list ? list
            : value is null ? []
            : [value]
        )
        {
            if (number is long or double && Range.Problem(number, Kind) is { } wrong)
            {
                return $"{ConfigOr(Name)} = {Shown(value)} must be {wrong}";
            }
        }

        return null;
    }

    /// <summary>Lays a value into a recipe.</summary>
    /// <param name="recipe">The recipe so far.</param>
    /// <param name="value">A value of the right kind and range.</param>
    /// <param name="paths">What relative paths mean.</param>
    /// <exception cref="FornoException">The value makes no sense there.</exception>
    internal abstract TrainRecipe Land(TrainRecipe recipe, object? value, PathRules paths);

    /// <summary>Lays a value into a data set.</summary>
    /// <inheritdoc cref="Land(TrainRecipe, object?, PathRules)"/>
    internal abstract DatasetSettings Land(DatasetSettings dataset, object? value, PathRules paths);

    /// <summary>Lays a value into a subset.</summary>
    /// <inheritdoc cref="Land(TrainRecipe, object?, PathRules)"/>
    internal abstract Subset Land(Subset subset, object? value, PathRules paths);

    /// <summary>A value as one would write it.</summary>
    internal static string Shown(object? value) =>
        value switch
        {
            null => "not set",
            bool flag => flag ? "true" : "false",
            string text => $"\"{text}\"",
            IEnumerable<object> list => $"[{string.Join(", ", list.Select(Shown))}]",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    private string ConfigOr(string name) => ConfigName == name ? name : $"{name} ({ConfigName})";

    private static bool Same(object? a, object? b) =>
        (a, b) switch
        {
            (long or double, long or double) => Convert.ToDouble(a, CultureInfo.InvariantCulture)
                == Convert.ToDouble(b, CultureInfo.InvariantCulture),
            (List<object> { Count: 0 }, null) or ("", null) => true,
            _ => Equals(a, b),
        };
}

/// <summary>A row whose values are of one type.</summary>
/// <typeparam name="T">The type in which its values land.</typeparam>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Default">Value when it is not given.</param>
/// <param name="Read">From a value as it is written to one that lands.</param>
internal sealed record KohyaOption<T>(string Name, OptionKind Kind, object? Default, Func<object, PathRules, T> Read)
    : KohyaOption(Name, Kind, Default)
{
    private Func<TrainRecipe, T, TrainRecipe>? InRecipe { get; init; }

    private Func<DatasetSettings, T, DatasetSettings>? InSet { get; init; }

    private Func<Subset, T, Subset>? InFolder { get; init; }

    /// <summary>How it lands in the recipe; not called where the option has no value.</summary>
    public KohyaOption<T> Lands(Func<TrainRecipe, T, TrainRecipe> lay) => this with { InRecipe = lay };

    /// <summary>It is an option of data sets; how it lands in one.</summary>
    public KohyaOption<T> InDataset(Func<DatasetSettings, T, DatasetSettings>? lay = null) =>
        this with
        {
            Level = Level | ConfigLevel.Dataset,
            Resolved = Resolved | ConfigLevel.Dataset,
            InSet = lay,
        };

    /// <summary>It is an option of subsets, and may stand above them for all; how it lands in one.</summary>
    public KohyaOption<T> InSubset(Func<Subset, T, Subset>? lay = null) =>
        this with
        {
            Level = Level | ConfigLevel.Subset,
            Resolved = Resolved | ConfigLevel.Subset,
            InFolder = lay,
        };

    /// <summary>It is an option of subsets that may stand nowhere else; how it lands in one.</summary>
    public KohyaOption<T> InSubsetOnly(Func<Subset, T, Subset>? lay = null) =>
        InSubset(lay) with
        {
            Level = ConfigLevel.Own,
        };

    /// <summary>Only dataset configs have it.</summary>
    public KohyaOption<T> ConfigOnly() => this with { IsArgument = false };

    /// <summary>Only these kinds of subsets have it.</summary>
    public KohyaOption<T> Of(SubsetKinds kinds) => this with { Subsets = kinds };

    /// <summary>Its smallest number.</summary>
    public KohyaOption<T> From(double least) => this with { Range = Range with { Least = least } };

    /// <summary>Its largest number.</summary>
    public KohyaOption<T> To(double most) => this with { Range = Range with { Most = most } };

    /// <summary>The number above which it must be.</summary>
    public KohyaOption<T> Above(double least) => this with { Range = Range with { Least = least, Open = true } };

    /// <summary>The values that kohya allows.</summary>
    public KohyaOption<T> OneOf(params string[] choices) => this with { Choices = choices };

    /// <summary>The values that work.</summary>
    public KohyaOption<T> Only(params string[] usable) => this with { Usable = usable };

    /// <summary>It has an entry in the metadata.</summary>
    public KohyaOption<T> InMetadata(string? name = null) => this with { Metadata = name ?? Name };

    /// <summary>It is a field of modelspec.</summary>
    public KohyaOption<T> InSpec(string field) => this with { SpecField = field };

    /// <summary>It is accepted, and something else does its work.</summary>
    public KohyaOption<T> Accepted(string why) => this with { State = OptionState.Accepted(why) };

    /// <summary>It does not work yet.</summary>
    public KohyaOption<T> Later() => this with { State = OptionState.Refused("is not supported yet") };

    /// <summary>It is about machinery that Forno does not have.</summary>
    public KohyaOption<T> Foreign() =>
        this with
        {
            State = OptionState.Refused("is about machinery that Forno does not have"),
        };

    /// <summary>It is of another of kohya's trainers.</summary>
    public KohyaOption<T> For(OptionScript script) => this with { Script = script };

    internal override TrainRecipe Land(TrainRecipe recipe, object? value, PathRules paths) =>
        InRecipe is not null && IsSet(value) ? InRecipe(recipe, Read(value!, paths)) : recipe;

    internal override DatasetSettings Land(DatasetSettings dataset, object? value, PathRules paths) =>
        InSet is not null && IsSet(value) ? InSet(dataset, Read(value!, paths)) : dataset;

    internal override Subset Land(Subset subset, object? value, PathRules paths) =>
        InFolder is not null && IsSet(value) ? InFolder(subset, Read(value!, paths)) : subset;

    private static bool IsSet(object? value) => value is not (null or "" or List<object> { Count: 0 });
}

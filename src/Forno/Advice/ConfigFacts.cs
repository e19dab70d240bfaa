using System.Globalization;
using Forno.Imaging;
using Forno.Kohya;
using Forno.Training.Recipes;

namespace Forno.Advice;

/// <summary>What a training configuration says.</summary>
public sealed record ConfigFacts
{
    /// <summary>
    /// The effective value of every training option by kohya's name: bool, long, double, string, a list or null.
    /// </summary>
    public required IReadOnlyDictionary<string, object?> Values { get; init; }

    /// <summary>The options that are written down, and where: <c>train.toml line 12</c>.</summary>
    public required IReadOnlyDictionary<string, string> Given { get; init; }

    /// <summary>The rules that it breaks, as the trainer finds them.</summary>
    public IReadOnlyList<RuleBreach> Breaches { get; init; } = [];

    /// <summary>The folders that are trained.</summary>
    public IReadOnlyList<TrainedFolder> Folders { get; init; } = [];

    /// <summary>The training resolution, which may stand in the dataset config; null = nowhere.</summary>
    public Size? Resolution { get; init; }

    /// <summary>The base model's family: sd15, sd21 or sdxl; null = not known.</summary>
    public string? Family { get; init; }

    /// <summary>Why the base model seems to predict v; null = it does not, or nothing tells.</summary>
    public string? PredictsV { get; init; }

    /// <summary>The optimizer by kohya's name.</summary>
    public string Optimizer => OptimizerNames.TypeOf(Values.GetValueOrDefault);

    /// <summary>Whether a switch is on.</summary>
    public bool On(string option) => Values.GetValueOrDefault(option) is true;

    /// <summary>Whether an option is written down.</summary>
    public bool Says(string option) => Given.ContainsKey(option);

    /// <summary>A number; 0 where there is none.</summary>
    public double Number(string option) => Real(Values.GetValueOrDefault(option));

    /// <summary>A number or the numbers of a list.</summary>
    public IEnumerable<double> Numbers(string option) =>
        Values.GetValueOrDefault(option) switch
        {
            null => [],
            IEnumerable<object> list => list.Select(Real),
            var one => [Real(one)],
        };

    /// <summary>Where an option stands, in brackets; empty if nowhere.</summary>
    public string Where(string option) => Given.TryGetValue(option, out string? where) ? $" ({where})" : "";

    /// <summary>A value as a number; 0 if it is none.</summary>
    internal static double Real(object? value) =>
        value is long or double ? Convert.ToDouble(value, CultureInfo.InvariantCulture) : 0;
}

using System.Globalization;

namespace Forno.Kohya.Options;

/// <summary>What an option's value is.</summary>
public enum OptionKind
{
    /// <summary>A switch.</summary>
    Flag,

    /// <summary>Text.</summary>
    Text,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A real number.</summary>
    Real,

    /// <summary>A whole number of steps, or a fraction of all steps.</summary>
    Steps,

    /// <summary>Width and height: "512" or "512,768".</summary>
    Size,

    /// <summary>Two real numbers: "1.0,2.0".</summary>
    Span,

    /// <summary>A table of a dataset config.</summary>
    Table,
}

/// <summary>Where an option may stand in a dataset config.</summary>
[Flags]
public enum ConfigLevel
{
    /// <summary>Nowhere.</summary>
    None = 0,

    /// <summary>In a dataset, and in [general] for all.</summary>
    Dataset = 1,

    /// <summary>In a subset, and in its dataset or in [general] for all.</summary>
    Subset = 2,

    /// <summary>In a subset alone.</summary>
    Own = 4,
}

/// <summary>Kinds of subsets.</summary>
[Flags]
public enum SubsetKinds
{
    /// <summary>Folders with caption files (kohya's DreamBooth method).</summary>
    Folder = 1,

    /// <summary>A JSON file of captions (kohya's fine-tuning method).</summary>
    Json = 2,

    /// <summary>Folders with a folder of masks each.</summary>
    Masked = 4,

    /// <summary>All of them.</summary>
    All = Folder | Json | Masked,
}

/// <summary>Which of kohya's trainers has an option.</summary>
public enum OptionScript
{
    /// <summary>train_network.py and sdxl_train_network.py.</summary>
    Both,

    /// <summary>Only sdxl_train_network.py.</summary>
    SdxlOnly,

    /// <summary>Neither: their parsers do not offer it.</summary>
    Neither,

    /// <summary>Training of textual inversions.</summary>
    TextualInversion,

    /// <summary>Training of whole models.</summary>
    WholeModel,

    /// <summary>Training of sliders.</summary>
    Leco,
}

/// <summary>What Forno does with an option that is given.</summary>
/// <param name="Reason">Why it is not simply done.</param>
public sealed record OptionState(string? Reason)
{
    /// <summary>It works with kohya's meaning.</summary>
    public static OptionState Works { get; } = new((string?)null);

    /// <summary>Whether it is refused.</summary>
    public bool IsRefused { get; private init; }

    /// <summary>Whether it is accepted and has no effect of its own.</summary>
    public bool IsAccepted { get; private init; }

    /// <summary>It is accepted, and another mechanism does its work.</summary>
    /// <param name="why">Which.</param>
    public static OptionState Accepted(string why) => new(why) { IsAccepted = true };

    /// <summary>It is refused where it is given with another value than its default.</summary>
    /// <param name="reason">Why, as a sentence behind its name.</param>
    public static OptionState Refused(string reason) => new(reason) { IsRefused = true };
}

/// <summary>The numbers that an option may have.</summary>
/// <param name="Least">The smallest.</param>
/// <param name="Most">The largest.</param>
/// <param name="Open">Whether it must be above the smallest.</param>
public readonly record struct OptionRange(double Least, double Most, bool Open = false)
{
    /// <summary>Any finite number.</summary>
    public static OptionRange Any { get; } = new(double.NegativeInfinity, double.PositiveInfinity);

    /// <summary>What a number should be that is not in it; null if it is.</summary>
    /// <param name="number">A long or a double.</param>
    /// <param name="kind">The option's kind.</param>
    public string? Problem(object number, OptionKind kind)
    {
        double value = Convert.ToDouble(number, CultureInfo.InvariantCulture);
        bool whole = kind is OptionKind.Whole or OptionKind.Size;
        bool fits = double.IsFinite(value) && (Open ? value > Least : value >= Least) && value <= Most;
        (bool below, bool above) = (Least > int.MinValue, Most < int.MaxValue);
        string bounds =
            below && above ? Invariant.Text($" from {Least} to {Most}")
            : above ? Invariant.Text($" of at most {Most}")
            : !below ? ""
            : Open ? Invariant.Text($" above {Least}")
            : Invariant.Text($" of at least {Least}");
        return fits ? null : $"a {(whole ? "whole " : bounds.Length == 0 ? "finite " : "")}number{bounds}";
    }
}

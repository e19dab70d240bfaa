namespace Forno.Kohya;

/// <summary>What an option's value is.</summary>
public enum OptionKind
{
    /// <summary>A switch.</summary>
    Flag,

    /// <summary>Text.</summary>
    Str,

    /// <summary>A whole number.</summary>
    Whole,

    /// <summary>A real number.</summary>
    Real,

    /// <summary>A whole number of steps, or a fraction of all steps.</summary>
    Steps,
}

/// <summary>What Forno does with an option that is given.</summary>
public enum OptionSupport
{
    /// <summary>It works with kohya's meaning.</summary>
    Now,

    /// <summary>It is accepted, and another mechanism does its work; a notice says which.</summary>
    Note,

    /// <summary>It belongs to the plan but does not work yet, so it is refused.</summary>
    Later,

    /// <summary>It is about machinery that Forno does not have, so it is refused.</summary>
    Foreign,
}

/// <summary>Which of kohya's two LoRA trainers has an option.</summary>
public enum OptionScript
{
    /// <summary>train_network.py and sdxl_train_network.py.</summary>
    Both,

    /// <summary>Only sdxl_train_network.py.</summary>
    SdxlOnly,

    /// <summary>Neither: their parsers do not offer it.</summary>
    Neither,
}

/// <summary>One of kohya's training options.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Kind">What its value is.</param>
/// <param name="Default">Value when it is not given: bool, string, long, double or null.</param>
/// <param name="Support">What Forno does with it.</param>
public sealed record KohyaOption(string Name, OptionKind Kind, object? Default, OptionSupport Support)
{
    /// <summary>Whether it takes a list.</summary>
    public bool List { get; init; }

    /// <summary>The values that kohya allows, or null for any.</summary>
    public IReadOnlyList<string>? Choices { get; init; }

    /// <summary>The choices that work now, if not all of them.</summary>
    public IReadOnlyList<string>? Usable { get; init; }

    /// <summary>Which of kohya's trainers has it.</summary>
    public OptionScript Script { get; init; }

    /// <summary>For <see cref="OptionSupport.Note"/>: what happens instead.</summary>
    public string? Why { get; init; }
}

namespace Forno.Training.Recipes;

/// <summary>How much a breach of a rule matters.</summary>
public enum BreachLevel
{
    /// <summary>Good to know: something else does an option's work.</summary>
    Note,

    /// <summary>It trains, and not as one would want.</summary>
    Warn,

    /// <summary>The trainer stops at it.</summary>
    Refuse,
}

/// <summary>A rule that a configuration breaks. The trainer throws the worst, the doctor reports all.</summary>
/// <param name="Kind">One of <see cref="RuleKinds"/>.</param>
/// <param name="Level">How much it matters.</param>
/// <param name="What">What is wrong, without the place.</param>
/// <param name="WayOut">What to do about it.</param>
public sealed record RuleBreach(string Kind, BreachLevel Level, string What, string WayOut)
{
    /// <summary>What it does to the training; null = the trainer stops.</summary>
    public string? Effect { get; init; }

    /// <summary>The options that it is about.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Where the first of them stands: <c>train.toml line 5</c>; null = nowhere.</summary>
    public string? Where { get; init; }

    /// <inheritdoc/>
    public override string ToString() =>
        (Where is null ? "" : $"{Where}: ") + What + (WayOut.Length > 0 ? $"; {WayOut}" : "");
}

/// <summary>The kinds of breaches, which are the kinds of the doctor's findings too.</summary>
public static class RuleKinds
{
    /// <summary>A name that no option has.</summary>
    public const string UnknownOption = "unknown-option";

    /// <summary>An option that does not work here.</summary>
    public const string Unsupported = "unsupported-option";

    /// <summary>A value that its option cannot have.</summary>
    public const string Value = "option-value";

    /// <summary>An option that must be given.</summary>
    public const string Missing = "missing-option";

    /// <summary>A dataset config that is not valid.</summary>
    public const string DatasetConfig = "dataset-config";

    /// <summary>Nothing to train on.</summary>
    public const string EmptyFolder = "empty-folder";

    /// <summary>No resolution, or one that makes no latent.</summary>
    public const string Resolution = "resolution";

    /// <summary>Buckets that cannot be laid out.</summary>
    public const string Buckets = "buckets";

    /// <summary>Masks that are asked for and absent, or the other way round.</summary>
    public const string Masks = "masked-loss";

    /// <summary>An adapter that cannot be made.</summary>
    public const string Network = "network";

    /// <summary>Nothing learns.</summary>
    public const string NothingTrained = "nothing-trained";

    /// <summary>An optimizer that is not there, or its arguments.</summary>
    public const string Optimizer = "optimizer";

    /// <summary>Several rates for an optimizer that has one.</summary>
    public const string Rates = "rates";

    /// <summary>A learning-rate schedule that cannot be made.</summary>
    public const string Scheduler = "lr-scheduler";

    /// <summary>Captions that vary cannot be kept.</summary>
    public const string CachedCaptions = "cached-captions";

    /// <summary>A text encoder whose outputs are kept cannot learn.</summary>
    public const string CachedTextEncoder = "cached-text-encoder";

    /// <summary>Pictures that vary cannot be kept.</summary>
    public const string CachedLatents = "cached-latents";

    /// <summary>Timesteps of which none is left.</summary>
    public const string Timesteps = "timesteps";

    /// <summary>Noise options that exclude each other.</summary>
    public const string Noise = "noise-offset";

    /// <summary>Loss options that exclude each other.</summary>
    public const string Loss = "loss";

    /// <summary>Zero terminal SNR without v-prediction.</summary>
    public const string ZeroSnr = "zero-snr";

    /// <summary>Sample pictures without prompts.</summary>
    public const string Samples = "sample-prompts";
}

/// <summary>A configuration that the trainer refuses.</summary>
/// <param name="breaches">Why, all of it; the first is the worst.</param>
public sealed class RecipeRefusedException(IReadOnlyList<RuleBreach> breaches)
    : FornoException(string.Join('\n', breaches))
{
    /// <summary>Why, all of it.</summary>
    public IReadOnlyList<RuleBreach> Breaches { get; } = breaches;
}

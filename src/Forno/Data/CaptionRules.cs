namespace Forno.Data;

/// <summary>What is done with captions on every draw; names and meaning are kohya's.</summary>
public sealed record CaptionRules
{
    /// <summary><c>shuffle_caption</c>.</summary>
    public bool Shuffle { get; init; }

    /// <summary><c>caption_separator</c>: what parts tags.</summary>
    public string Separator { get; init; } = ",";

    /// <summary><c>keep_tokens</c>: so many tags at the front stay in place.</summary>
    public int KeepTokens { get; init; }

    /// <summary><c>keep_tokens_separator</c>: tags before it (and after a second one) stay in place.</summary>
    public string? KeepTokensSeparator { get; init; }

    /// <summary>
    /// <c>secondary_separator</c>: joins tags that travel together; replaced by <see cref="Separator"/> at the end.
    /// </summary>
    public string? SecondarySeparator { get; init; }

    /// <summary><c>enable_wildcard</c>: <c>{a|b}</c> and one line of several.</summary>
    public bool Wildcard { get; init; }

    /// <summary><c>caption_prefix</c>.</summary>
    public string? Prefix { get; init; }

    /// <summary><c>caption_suffix</c>.</summary>
    public string? Suffix { get; init; }

    /// <summary><c>caption_dropout_rate</c>: probability of an empty caption.</summary>
    public double DropoutRate { get; init; }

    /// <summary><c>caption_dropout_every_n_epochs</c>: every n-th epoch has empty captions; 0 = none.</summary>
    public int DropoutEveryNEpochs { get; init; }

    /// <summary><c>caption_tag_dropout_rate</c>: probability with which each tag that is not kept falls out.</summary>
    public double TagDropoutRate { get; init; }

    /// <summary><c>token_warmup_min</c>: tags at the start of the warmup.</summary>
    public int WarmupMin { get; init; } = 1;

    /// <summary>
    /// <c>token_warmup_step</c>: steps over which the number of tags grows; below 1 a fraction of all steps.
    /// </summary>
    public double WarmupStep { get; init; }

    /// <summary>
    /// The options by which a caption can differ between draws, by kohya's names; then text outputs cannot be cached.
    /// </summary>
    public IEnumerable<string> Varying =>
        new (string Option, bool Varies)[]
        {
            ("shuffle_caption", Shuffle),
            ("caption_dropout_rate", DropoutRate > 0),
            ("caption_dropout_every_n_epochs", DropoutEveryNEpochs > 0),
            ("caption_tag_dropout_rate", TagDropoutRate > 0),
            ("token_warmup_step", WarmupStep > 0),
            ("enable_wildcard", Wildcard),
        }
            .Where(o => o.Varies)
            .Select(o => o.Option);

    /// <summary>Whether a caption can differ between draws.</summary>
    public bool Varies => Varying.Any();
}

/// <summary>Where training stands when a caption is drawn.</summary>
/// <param name="Epoch">The epoch, counted from 1.</param>
/// <param name="Step">Optimizer steps taken so far.</param>
/// <param name="TotalSteps">Optimizer steps of the whole training.</param>
public readonly record struct CaptionState(int Epoch, long Step, long TotalSteps);

using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Kohya;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>How jobs that only look at triggers know them.</summary>
public sealed record TriggerSearch
{
    /// <summary>
    /// The triggers; empty: those of <c>triggers.toml</c>, else what stands before <c>|||</c> in captions.
    /// </summary>
    public IReadOnlyList<TriggerName> Named { get; init; } = [];

    /// <summary>Folder of word lists of the user's that add to those of Forno, or null.</summary>
    public string? Lists { get; init; }

    /// <summary>The lists of traits.</summary>
    public TraitLists Traits() => TraitLists.Read(Lists);

    /// <summary>The triggers of captions.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="folders">Where they were looked for.</param>
    /// <param name="set">Their captions.</param>
    /// <param name="traits">The lists of traits.</param>
    /// <param name="config">The training configuration, or null.</param>
    public IReadOnlyList<TriggerName> Names(
        PictureFolder folder,
        IReadOnlyList<string> folders,
        CaptionSet set,
        TraitLists traits,
        ConfigEdit? config = null
    ) =>
        TriggerScenes.Names(
            set,
            Named.Count > 0 ? Named : TriggerFile.Read(TriggerFile.PlaceFor(folder, folders)),
            traits,
            config?.Args["keep_tokens"] is long keep and > 0 ? (int)Math.Min(keep, 75) : 0
        );
}

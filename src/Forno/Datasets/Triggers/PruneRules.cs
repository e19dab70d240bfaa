using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>What is pruned from which picture.</summary>
internal sealed class PruneRules
{
    private readonly TriggerScene scene;
    private readonly TraitLists traits;
    private readonly PruneSettings settings;
    private readonly Trigger[] used;
    private readonly TriggerKind[] kinds;
    private readonly HashSet<string>[] wanted;
    private readonly HashSet<string> names;
    private readonly Trigger[] blackAndWhite;
    private readonly Dictionary<(int Trigger, string Tag), int> shares = [];

    public PruneRules(TriggerScene scene, TraitLists traits, PruneSettings settings)
    {
        (this.scene, this.traits, this.settings) = (scene, traits, settings);
        used = [.. scene.Triggers.Where(t => !t.Extent.IsEmpty)];
        kinds = [.. used.Select(Kind)];
        wanted = [.. kinds.Select(k => Wanted(k).ToHashSet(StringComparer.Ordinal))];
        names = [.. scene.Triggers.Select(t => TagExpression.Normal(t.Name))];
        blackAndWhite = [.. used.Where((_, i) => kinds[i] == TriggerKind.Style)];
    }

    /// <summary>Whether a rule of the craft is on.</summary>
    public bool On(string rule) => !settings.Without.Contains(rule);

    /// <summary>The lists.</summary>
    public TraitLists Traits => traits;

    /// <summary>Styles whose pictures are mostly black and white; set by <see cref="Judge"/>.</summary>
    public IReadOnlyList<Trigger> BlackAndWhite { get; private set; } = [];

    /// <summary>Finds the black-and-white styles.</summary>
    /// <param name="set">The captions.</param>
    public void Judge(CaptionSet set) =>
        BlackAndWhite = [
            .. blackAndWhite.Where(style =>
                style.Extent.Members.Count(i =>
                    set.Pictures[i].Caption?.Normal.Any(t => traits.Has(TraitLists.Monochrome, t)) == true
                ) * 2
                >= style.Extent.Count
            ),
        ];

    /// <summary>Counts what triggers would absorb, for the least share.</summary>
    public void Count(int picture, IReadOnlyList<string> tags)
    {
        for (int t = 0; t < used.Length; t++)
        {
            if (used[t].Extent[picture])
            {
                foreach (string tag in tags)
                {
                    if (traits.Of(tag) is { } category && wanted[t].Contains(category))
                    {
                        shares[(t, tag)] = shares.GetValueOrDefault((t, tag)) + 1;
                    }
                }
            }
        }
    }

    /// <summary>What is pruned from one picture.</summary>
    public PictureRules For(int picture, PictureItem item)
    {
        int[] here = [.. Enumerable.Range(0, used.Length).Where(t => used[t].Extent[picture])];
        // Levels 2 and 3 are about what is trained in the first place: an outfit's clothes only where there is no
        // character.
        bool main = here.Any(t => kinds[t] is TriggerKind.Character or TriggerKind.Style);
        int[] asking =
            settings.Level == PruneLevel.MultiTrigger || !main
                ? here
                : [.. here.Where(t => kinds[t] is TriggerKind.Character or TriggerKind.Style)];
        bool pair =
            here.Count(t => kinds[t] == TriggerKind.Character) > 1
            || RelativePath.Name(TriggerScenes.FolderOf(item)).Contains('+', StringComparison.Ordinal);
        bool grey = BlackAndWhite.Any(t => t.Extent[picture]);
        return new PictureRules(here.Length > 0, tag => Rule(tag, asking, pair, grey));
    }

    /// <summary>Characters that a tagger recognised in a caption, and that are no trigger.</summary>
    public IEnumerable<string> OtherCharacters(CaptionText caption, TagSidecar? sidecar) =>
        sidecar is null || !On("other-character")
            ? []
            : sidecar
                .Seen.Where(s => s.Category == "character")
                .Select(s => TagExpression.Normal(s.Tag))
                .Distinct()
                .Where(t => !names.Contains(t) && caption.Normal.Contains(t));

    private string? Rule(string tag, int[] asking, bool pair, bool grey)
    {
        if (names.Contains(tag) || Named(settings.Keep, tag))
        {
            return null;
        }

        if (Named(settings.Also, tag))
        {
            return "asked for";
        }

        if (pair && On("pair") && traits.Has(TraitLists.People, tag))
        {
            return "pair";
        }

        if (grey && On("monochrome") && traits.Has(TraitLists.Monochrome, tag))
        {
            return "monochrome";
        }

        return traits.Of(tag) is { } category && asking.Any(t => wanted[t].Contains(category) && OftenEnough(t, tag))
            ? category
            : null;
    }

    private bool OftenEnough(int trigger, string tag) =>
        settings.LeastShare <= 0
        || shares.GetValueOrDefault((trigger, tag)) * 100.0 >= settings.LeastShare * used[trigger].Extent.Count;

    private bool Named(IReadOnlyList<string> words, string tag) =>
        words.Count > 0
        && words.Any(word =>
            (traits.Named(word) is { } categories && traits.Of(tag) is { } category && categories.Contains(category))
            || TraitLists.Fits(TagExpression.Normal(word), tag)
        );

    // The kind that the user says, else what the sets show.
    private TriggerKind Kind(Trigger trigger) =>
        trigger.Kind != TriggerKind.Unknown ? trigger.Kind
        : TriggerFindings.IsWide(trigger, used) ? TriggerKind.Character
        : used.Any(o =>
            o != trigger
            && o.Kind != TriggerKind.Style
            && o.Extent.Count > trigger.Extent.Count
            && trigger.Extent.IsWithin(o.Extent)
        )
            ? TriggerKind.Outfit
        : TriggerKind.Character;

    private IEnumerable<string> Wanted(TriggerKind kind) =>
        kind switch
        {
            TriggerKind.Character =>
            [
                .. TraitLists.Intrinsic,
                .. On("body-size") ? (string[])[] : [TraitLists.BodySize],
            ],
            TriggerKind.Outfit =>
            [
                .. traits.Garments,
                TraitLists.Ornaments,
                .. On("footwear") ? (string[])[] : [TraitLists.Footwear],
            ],
            TriggerKind.Style => [TraitLists.Style],
            _ => [],
        };
}

/// <summary>What is pruned from one picture.</summary>
/// <param name="HasTrigger">Whether its caption has a trigger at all.</param>
/// <param name="RuleFor">The category or rule by which a tag (as <see cref="TagExpression.Normal"/> writes it) is
/// pruned; null if it stays.</param>
internal sealed record PictureRules(bool HasTrigger, Func<string, string?> RuleFor);

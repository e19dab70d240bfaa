using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>From captions and sidecars to sets of pictures.</summary>
public static class TriggerScenes
{
    // What stands before ||| without being a trigger.
    private static readonly string[] Quality =
    [
        "masterpiece",
        "best quality",
        "high quality",
        "good quality",
        "normal quality",
        "amazing quality",
        "very aesthetic",
        "aesthetic",
        "absurdres",
        "highres",
        "newest",
        "recent",
        "safe",
        "sensitive",
        "general",
        "rating *",
        "score *",
        "source *",
    ];

    /// <summary>
    /// The folder that a picture counts to: the nearest <c>N_name</c> above it, else the one it is in.
    /// </summary>
    public static string FolderOf(PictureItem item)
    {
        for (string at = item.Folder; at.Length > 0; at = RelativePath.Folder(at))
        {
            if (RelativePath.Repeats(RelativePath.Name(at)) is not null)
            {
                return at;
            }
        }

        return item.Folder;
    }

    /// <summary>
    /// The triggers of captions: those that are known, then, if none is, the tags before <c>|||</c>, or as many in
    /// front as <c>keep_tokens</c> says, that are no traits, counts of people or words of quality.
    /// </summary>
    /// <param name="set">The captions.</param>
    /// <param name="known">Those that a user or <c>triggers.toml</c> names.</param>
    /// <param name="traits">The lists of traits.</param>
    /// <param name="keepTokens">The trainer's <c>keep_tokens</c>; 0 = none.</param>
    public static IReadOnlyList<TriggerName> Names(
        CaptionSet set,
        IReadOnlyList<TriggerName> known,
        TraitLists traits,
        int keepTokens = 0
    )
    {
        if (known.Count > 0)
        {
            return [.. known.DistinctBy(t => TagExpression.Normal(t.Name))];
        }

        var found = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (CaptionText caption in set.Pictures.Select(p => p.Caption).OfType<CaptionText>())
        {
            int kept = caption.HasSeparator ? caption.Kept : Math.Min(keepTokens, caption.Tags.Count);
            for (int i = 0; i < kept; i++)
            {
                string normal = caption.Normal[i];
                if (
                    !found.ContainsKey(normal)
                    && !caption.IsSentence(i)
                    && traits.Of(normal) is null
                    && !Quality.Any(q => TraitLists.Fits(q, normal))
                )
                {
                    found[normal] = caption.Tags[i];
                }
            }
        }

        return
        [
            .. found
                .OrderBy(f => f.Key, StringComparer.Ordinal)
                .Select(f => new TriggerName(f.Value, TriggerKind.Unknown)),
        ];
    }

    /// <summary>Makes the sets.</summary>
    /// <param name="set">The captions.</param>
    /// <param name="names">The triggers.</param>
    /// <param name="traits">The lists of traits; their tags count as known to base models.</param>
    /// <param name="pruned">The tags that were pruned from a picture's caption: those of its sidecar.</param>
    /// <param name="knownTags">Further tags that base models know, as <see cref="TagExpression.Normal"/> writes
    /// them.</param>
    public static TriggerScene Of(
        CaptionSet set,
        IReadOnlyList<TriggerName> names,
        TraitLists traits,
        Func<CaptionedPicture, IReadOnlyList<PrunedTag>> pruned,
        IReadOnlySet<string>? knownTags = null
    )
    {
        int count = set.Pictures.Count;
        var groups = new Dictionary<string, List<int>>(StringComparer.Ordinal);
        var triggers = names.Select(_ => new List<int>()).ToArray();
        var features = new List<(string Tag, string Normal, List<int> Pruned, List<int> Told)>();
        var featureOf = new Dictionary<string, int>(StringComparer.Ordinal);
        (string Path, List<int> Pictures) folder = ("\0", []);
        for (int i = 0; i < count; i++)
        {
            PictureItem item = set.Pictures[i].Picture;
            if (!item.Path.AsSpan(0, Math.Max(0, item.Path.LastIndexOf('/'))).SequenceEqual(folder.Path))
            {
                folder = (item.Folder, ListOf(groups, FolderOf(item)));
            }

            folder.Pictures.Add(i);
            foreach (PrunedTag tag in pruned(set.Pictures[i]))
            {
                if (!featureOf.TryGetValue(tag.Tag, out int feature))
                {
                    string normal = TagExpression.Normal(tag.Tag);
                    feature = featureOf[tag.Tag] = featureOf.TryGetValue(normal, out int known)
                        ? known
                        : features.Count;
                    featureOf[normal] = feature;
                    if (feature == features.Count)
                    {
                        features.Add((tag.Tag, normal, [], []));
                    }
                }

                features[feature].Pruned.Add(i);
            }
        }

        // One look at each tag of each caption.
        var lists = features.ToDictionary(f => f.Normal, f => f.Told, StringComparer.Ordinal);
        for (int t = 0; t < names.Count; t++)
        {
            lists[TagExpression.Normal(names[t].Name)] = triggers[t];
        }

        // The captions of a set share a few thousand tags: what each of them belongs to is found once.
        List<int> none = [];
        var belongs = new TagLookup<List<int>>(tag => lists.GetValueOrDefault(tag.Normal, none));
        for (int i = 0; i < count; i++)
        {
            foreach (PooledTag tag in set.Pictures[i].Caption is { } caption ? caption.Pooled : default)
            {
                List<int> list = belongs.Get(tag);
                if (list != none)
                {
                    list.Add(i);
                }
            }
        }

        return new TriggerScene
        {
            Pictures = count,
            Groups = [.. groups.Select(g => new PictureGroup(g.Key, new Extent(count, g.Value)))],
            Triggers = [.. names.Select((n, t) => new Trigger(n.Name, n.Kind, new Extent(count, triggers[t])))],
            Features =
            [
                .. features.Select(f => new Feature(
                    f.Tag,
                    traits.Of(f.Normal),
                    new Extent(count, f.Pruned).Minus(new Extent(count, f.Told)),
                    new Extent(count, f.Told)
                )),
            ],
            KnownTags = names
                .Select(n => TagExpression.Normal(n.Name))
                .Where(n => traits.Tags.Contains(n) || knownTags?.Contains(n) == true)
                .ToHashSet(StringComparer.Ordinal),
        };
    }

    /// <summary>The pruned tags of every picture's sidecar, several read at a time.</summary>
    /// <param name="set">The captions.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>What is pruned, by picture, and sidecars that cannot be read.</returns>
    public static (Func<CaptionedPicture, IReadOnlyList<PrunedTag>> Pruned, IReadOnlyList<Problem> Problems) ReadPruned(
        CaptionSet set,
        CancellationToken cancel = default
    )
    {
        PictureItem[] items = [.. set.Pictures.Select(p => p.Picture)];
        var (read, problems) = ChangePlan.ForEach(items, item => TagSidecar.Of(item)?.Pruned, cancel: cancel);
        var byPath = items
            .Zip(read)
            .Where(r => r.Second is { Count: > 0 })
            .ToDictionary(r => r.First.Path, r => r.Second!, StringComparer.Ordinal);
        return (picture => byPath.GetValueOrDefault(picture.Picture.Path) ?? [], problems);
    }

    private static List<int> ListOf(Dictionary<string, List<int>> map, string key)
    {
        if (!map.TryGetValue(key, out List<int>? list))
        {
            map[key] = list = [];
        }

        return list;
    }
}

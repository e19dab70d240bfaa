using Forno.Text;

namespace Forno.Datasets.Captions;

/// <summary>A tag of a caption that is edited.</summary>
internal readonly record struct EditedTag(PooledTag Tag, bool Sentence)
{
    public string Text => Tag.Text;

    public string Normal => Tag.Normal;

    public static EditedTag Of(string text) => new(TagPool.Get(text.Trim()), false);
}

/// <summary>Another form of tags, each made once.</summary>
/// <param name="form">Makes it.</param>
/// <param name="what">What it does, in a few words.</param>
internal sealed class EditedForm(Func<string, string> form, string what)
{
    private readonly TagLookup<PooledTag> known = new(t => TagPool.Get(form(t.Text).Trim()));

    public string What { get; } = what;

    public PooledTag Of(PooledTag tag) => known.Get(tag);
}

/// <summary>The tags of a caption while they are edited. Each edit notes what it did.</summary>
internal sealed class EditedLine
{
    private const int MostNamed = 8,
        FewTags = 48;
    private readonly CaptionText caption;
    private readonly List<EditedTag> tags;
    private int kept;
    private int ending;
    private int first;

    /// <summary>Begins.</summary>
    /// <param name="caption">The caption.</param>
    /// <param name="keepTokens">How many tags stay in place where it has no <c>|||</c>.</param>
    public EditedLine(CaptionText caption, int keepTokens)
    {
        this.caption = caption;
        var pooled = caption.Pooled;
        tags = new List<EditedTag>(pooled.Length + 4);
        for (int i = 0; i < pooled.Length; i++)
        {
            tags.Add(new EditedTag(pooled[i], caption.IsSentence(i)));
        }

        kept = caption.HasSeparator ? caption.Kept : Math.Min(keepTokens, pooled.Length);
        ending = caption.Ending;
    }

    /// <summary>Where tags are added.</summary>
    public enum Place
    {
        First,
        Kept,
        Last,
    }

    private int End => tags.Count - ending;

    public void Remove(IReadOnlyList<TagPattern> patterns, List<string> reasons)
    {
        List<(TagPattern Pattern, string Tag)>? removed = null;
        for (int i = 0; i < tags.Count && patterns.Count > 0; i++)
        {
            if (Named(patterns, i) is { } pattern)
            {
                (removed ??= []).Add((pattern, tags[i].Text));
                RemoveAt(i--);
            }
        }

        foreach (var group in removed?.GroupBy(r => r.Pattern) ?? [])
        {
            reasons.Add(
                $"remove {string.Join(", ", group.Select(g => g.Tag))}{(group.Key.IsExact ? "" : $" ({group.Key})")}"
            );
        }
    }

    public void Replace(IReadOnlyList<(TagPattern From, string To)> rules, List<string> reasons)
    {
        for (int i = 0; i < tags.Count && rules.Count > 0; i++)
        {
            for (int rule = 0; rule < rules.Count; rule++)
            {
                var ((from, to), tag) = (rules[rule], tags[i]);
                if (
                    !May(from, i)
                    || !from.Matches(tag.Tag)
                    || from.Replace(tag.Text, tag.Normal, to) is not { } text
                    || text == tag.Text
                )
                {
                    continue;
                }

                var with = CaptionText.Parse(text).Tags;
                reasons.Add(with.Count == 0 ? $"remove {tag.Text}" : $"{tag.Text} → {string.Join(", ", with)}");
                var (wasKept, wasEnding) = (i < kept, i >= End);
                RemoveAt(i);
                tags.InsertRange(i, with.Select(EditedTag.Of));
                kept += wasKept ? with.Count : 0;
                ending += wasEnding ? with.Count : 0;
                i += with.Count - 1;
                break;
            }
        }
    }

    public void Form(EditedForm form, List<string> reasons)
    {
        bool changed = false;
        for (int i = kept; i < End; i++)
        {
            if (!tags[i].Sentence && form.Of(tags[i].Tag) is var made && !PooledTag.Same(made, tags[i].Tag))
            {
                tags[i] = new EditedTag(made, false);
                changed = true;
            }
        }

        if (changed)
        {
            reasons.Add(form.What);
        }
    }

    public void Deduplicate(List<string> reasons)
    {
        var seen = tags.Count > FewTags ? new HashSet<string>(StringComparer.Ordinal) : null;
        for (int i = 0; i < tags.Count; i++)
        {
            if ((seen is null ? IsBefore(i) : !seen.Add(tags[i].Normal)) && i >= kept)
            {
                reasons.Add($"{tags[i].Text} is there twice");
                RemoveAt(i--);
            }
        }
    }

    /// <summary>Sorts the places that tags have; sentences, and tags that are going to be added, keep theirs.</summary>
    public void Sort(TagOrder order, Dictionary<string, int> counts, string[] added, List<string> reasons)
    {
        int[] places =
        [
            .. Enumerable
                .Range(kept, Math.Max(0, End - kept))
                .Where(i => !tags[i].Sentence && !added.Contains(tags[i].Normal)),
        ];
        var unsorted = places.Select(i => tags[i]);
        EditedTag[] sorted =
        [
            .. (
                order == TagOrder.Frequency
                    ? unsorted.OrderByDescending(u => counts.GetValueOrDefault(u.Normal))
                    : unsorted.OrderBy(_ => 0)
            ).ThenBy(u => u.Normal, StringComparer.Ordinal),
        ];
        bool moved = false;
        for (int i = 0; i < places.Length; i++)
        {
            moved |= !PooledTag.Same(tags[places[i]].Tag, sorted[i].Tag);
            tags[places[i]] = sorted[i];
        }

        if (moved)
        {
            reasons.Add(order == TagOrder.Frequency ? "sorted by frequency" : "sorted by alphabet");
        }
    }

    /// <summary>Drops tags from the end, none that is going to be added.</summary>
    public void Truncate(int mostTags, int? mostTokens, string[] added, List<string> reasons)
    {
        int[] droppable =
        [
            .. Enumerable
                .Range(kept, Math.Max(0, End - kept))
                .Where(i => !tags[i].Sentence && !added.Contains(tags[i].Normal)),
        ];
        string[] absent = [.. added.Where(a => !tags.Exists(u => u.Normal == a))];
        int drop = Math.Clamp(tags.Count + absent.Length - mostTags, 0, droppable.Length);
        if (mostTokens is { } most && Tokens(drop) > most)
        {
            // The fewest that are enough: tokens never grow when tags go.
            int enough = droppable.Length;
            while (drop < enough)
            {
                int middle = (drop + enough) / 2;
                (drop, enough) = Tokens(middle) > most ? (middle + 1, enough) : (drop, middle);
            }
        }

        if (drop > 0)
        {
            int[] gone = droppable[^drop..];
            reasons.Add(
                $"cut {string.Join(", ", gone.Take(MostNamed).Select(i => tags[i].Text))}"
                    + $"{(drop > MostNamed ? Invariant.Text($" and {drop - MostNamed} more") : "")}"
            );
            for (int i = drop - 1; i >= 0; i--)
            {
                tags.RemoveAt(gone[i]);
            }
        }

        int Tokens(int count)
        {
            HashSet<int> gone = [.. droppable.AsSpan(droppable.Length - count)];
            return ClipTokenizer
                .Default.Encode(
                    string.Join(", ", tags.Where((_, i) => !gone.Contains(i)).Select(u => u.Text).Concat(absent))
                )
                .Count;
        }
    }

    public void Add(IReadOnlyList<string> adding, Place place, List<string> reasons)
    {
        List<EditedTag>? before = null;
        var placed = new List<EditedTag>(adding.Count);
        for (int a = 0; a < adding.Count; a++)
        {
            var tag = EditedTag.Of(adding[a]);
            if (Find(placed, tag.Normal, 0, placed.Count) >= 0 || Find(tags, tag.Normal, 0, kept) >= 0)
            {
                continue;
            }

            before ??= [.. tags];
            for (int i; (i = Find(tags, tag.Normal, kept, End)) >= 0; )
            {
                tags.RemoveAt(i);
            }

            // A tag that was there keeps the way it is written.
            placed.Add(Find(before, tag.Normal, 0, before.Count) is >= 0 and var was ? before[was] : tag);
        }

        if (before is null)
        {
            return;
        }

        tags.InsertRange(
            place switch
            {
                Place.First => 0,
                Place.Kept => Math.Max(kept, first),
                _ => End,
            },
            placed
        );
        first = place == Place.First ? placed.Count : first;
        kept += place == Place.First && caption.HasSeparator ? placed.Count : 0;
        if (!Same(tags, before))
        {
            string where = place switch
            {
                Place.First => "first",
                Place.Kept => "behind the tags that stay in place",
                _ => "last",
            };
            reasons.Add($"add {string.Join(", ", placed.Select(u => u.Text))} {where}");
        }
    }

    public CaptionText Result()
    {
        var given = new PooledTag[tags.Count];
        for (int i = 0; i < given.Length; i++)
        {
            given[i] = tags[i].Tag;
        }

        // Where no trigger is left, ||| goes; one that stood alone stays.
        return caption.With(
            given,
            caption.HasSeparator && (kept > 0 || caption.Kept == 0 || ending > 0),
            caption.HasSeparator ? kept : 0,
            ending
        );
    }

    private static int Find(List<EditedTag> list, string normal, int from, int to)
    {
        for (int i = from; i < to; i++)
        {
            if (list[i].Normal == normal)
            {
                return i;
            }
        }

        return -1;
    }

    private static bool Same(List<EditedTag> a, List<EditedTag> b)
    {
        if (a.Count != b.Count)
        {
            return false;
        }

        for (int i = 0; i < a.Count; i++)
        {
            if (!PooledTag.Same(a[i].Tag, b[i].Tag))
            {
                return false;
            }
        }

        return true;
    }

    private bool IsBefore(int i) => Find(tags, tags[i].Normal, 0, i) >= 0;

    // Tags that stay in place and sentences are named exactly or not at all.
    private bool May(TagPattern pattern, int i) => pattern.IsExact || (i >= kept && i < End && !tags[i].Sentence);

    private TagPattern? Named(IReadOnlyList<TagPattern> patterns, int i)
    {
        for (int p = 0; p < patterns.Count; p++)
        {
            if (May(patterns[p], i) && patterns[p].Matches(tags[i].Tag))
            {
                return patterns[p];
            }
        }

        return null;
    }

    private void RemoveAt(int i)
    {
        ending -= i >= End ? 1 : 0;
        kept -= i < kept ? 1 : 0;
        tags.RemoveAt(i);
    }
}

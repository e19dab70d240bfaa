using Forno.Text;

namespace Forno.Prepare.Captions;

/// <summary>The tags of a caption while they are edited. Each edit notes what it did.</summary>
/// <param name="caption">The caption.</param>
/// <param name="keepTokens">How many tags stay in place where it has no <c>|||</c>.</param>
internal sealed class EditedLine(CaptionText caption, int keepTokens)
{
    private const int MostNamed = 8;
    private readonly List<Unit> units = [.. caption.Tags.Select((tag, i) => new Unit(tag, caption.Normal[i], caption.IsSentence(i)))];
    private int kept = caption.HasSeparator ? caption.Kept : Math.Min(keepTokens, caption.Tags.Count);
    private int ending = caption.Ending;
    private int first;

    /// <summary>Where tags are added.</summary>
    public enum Place
    {
        First,
        Kept,
        Last,
    }

    private int End => units.Count - ending;

    public void Remove(IReadOnlyList<TagPattern> patterns, List<string> reasons)
    {
        for (var i = 0; i < units.Count && patterns.Count > 0; i++)
        {
            if (Named(patterns, i) is { } pattern)
            {
                reasons.Add(pattern.IsExact ? $"remove {units[i].Text}" : $"remove {units[i].Text} ({pattern})");
                RemoveAt(i--);
            }
        }
    }

    public void Replace(IReadOnlyList<(TagPattern From, string To)> rules, List<string> reasons)
    {
        for (var i = 0; i < units.Count && rules.Count > 0; i++)
        {
            foreach (var (from, to) in rules)
            {
                var unit = units[i];
                if (!May(from, i) || from.Replace(unit.Text, unit.Normal, to) is not { } text || text == unit.Text)
                {
                    continue;
                }

                var tags = CaptionText.Parse(text).Tags;
                reasons.Add(tags.Count == 0 ? $"remove {unit.Text}" : $"{unit.Text} → {string.Join(", ", tags)}");
                var (wasKept, wasEnding) = (i < kept, i >= End);
                RemoveAt(i);
                for (var t = 0; t < tags.Count; t++)
                {
                    units.Insert(i + t, Unit.Of(tags[t]));
                }

                kept += wasKept ? tags.Count : 0;
                ending += wasEnding ? tags.Count : 0;
                i += tags.Count - 1;
                break;
            }
        }
    }

    public void Form(Func<string, string>? form, string what, List<string> reasons)
    {
        var changed = false;
        for (var i = kept; i < End && form is not null; i++)
        {
            if (!units[i].Sentence && form(units[i].Text) is var text && text != units[i].Text)
            {
                units[i] = Unit.Of(text);
                changed = true;
            }
        }

        if (changed)
        {
            reasons.Add(what);
        }
    }

    public void Deduplicate(List<string> reasons)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < units.Count; i++)
        {
            if (!seen.Add(units[i].Normal) && i >= kept)
            {
                reasons.Add($"{units[i].Text} is there twice");
                RemoveAt(i--);
            }
        }
    }

    /// <summary>Sorts the places that tags have; sentences keep theirs.</summary>
    public void Sort(TagOrder order, Dictionary<string, int> counts, List<string> reasons)
    {
        int[] places = [.. Enumerable.Range(kept, Math.Max(0, End - kept)).Where(i => !units[i].Sentence)];
        var tags = places.Select(i => units[i]);
        Unit[] sorted = [.. (order == TagOrder.Frequency ? tags.OrderByDescending(u => counts.GetValueOrDefault(u.Normal)) : tags.OrderBy(_ => 0))
            .ThenBy(u => u.Normal, StringComparer.Ordinal)];
        var moved = false;
        for (var i = 0; i < places.Length; i++)
        {
            moved |= units[places[i]] != sorted[i];
            units[places[i]] = sorted[i];
        }

        if (moved)
        {
            reasons.Add(order == TagOrder.Frequency ? "sorted by frequency" : "sorted by alphabet");
        }
    }

    /// <summary>Drops tags from the end, none that is going to be added.</summary>
    public void Truncate(int mostTags, int? mostTokens, string[] added, List<string> reasons)
    {
        int[] droppable = [.. Enumerable.Range(kept, Math.Max(0, End - kept)).Where(i => !units[i].Sentence && !added.Contains(units[i].Normal))];
        string[] absent = [.. added.Where(a => !units.Exists(u => u.Normal == a))];
        var drop = Math.Clamp(units.Count + absent.Length - mostTags, 0, droppable.Length);
        if (mostTokens is { } most && Tokens(drop) > most)
        {
            // The fewest that are enough: tokens never grow when tags go.
            var enough = droppable.Length;
            while (drop < enough)
            {
                var middle = (drop + enough) / 2;
                (drop, enough) = Tokens(middle) > most ? (middle + 1, enough) : (drop, middle);
            }
        }

        if (drop > 0)
        {
            int[] gone = droppable[^drop..];
            reasons.Add($"cut {string.Join(", ", gone.Take(MostNamed).Select(i => units[i].Text))}{(drop > MostNamed ? FormattableString.Invariant($" and {drop - MostNamed} more") : "")}");
            for (var i = drop - 1; i >= 0; i--)
            {
                units.RemoveAt(gone[i]);
            }
        }

        int Tokens(int count)
        {
            HashSet<int> gone = [.. droppable.AsSpan(droppable.Length - count)];
            return ClipTokenizer.Default.Encode(string.Join(", ", units.Where((_, i) => !gone.Contains(i)).Select(u => u.Text).Concat(absent))).Count;
        }
    }

    public void Add(IReadOnlyList<string> tags, Place place, List<string> reasons)
    {
        if (tags.Count == 0)
        {
            return;
        }

        Unit[] before = [.. units];
        Unit[] adding = [.. tags.Select(Unit.Of).DistinctBy(u => u.Normal).Where(u => !units.Take(kept).Any(k => k.Normal == u.Normal))];
        foreach (var unit in adding)
        {
            for (var i = End - 1; i >= kept; i--)
            {
                if (units[i].Normal == unit.Normal)
                {
                    units.RemoveAt(i);
                }
            }
        }

        var at = place switch { Place.First => 0, Place.Kept => Math.Max(kept, first), _ => End };
        first = place == Place.First ? adding.Length : first;
        // A tag that was there keeps the way it is written.
        units.InsertRange(at, adding.Select(u => Array.Find(before, b => b.Normal == u.Normal) ?? u));
        kept += place == Place.First && caption.HasSeparator ? adding.Length : 0;
        if (!units.SequenceEqual(before))
        {
            reasons.Add($"add {string.Join(", ", adding.Select(u => u.Text))} {place switch { Place.First => "first", Place.Kept => "behind the tags that stay in place", _ => "last" }}");
        }
    }

    public CaptionText Result() => caption.With([.. units.Select(u => u.Text)], !caption.HasSeparator || (kept == 0 && caption.Kept == 0) ? null : kept, ending);

    // Tags that stay in place and sentences are named exactly or not at all.
    private bool May(TagPattern pattern, int i) => pattern.IsExact || (i >= kept && i < End && !units[i].Sentence);

    private TagPattern? Named(IReadOnlyList<TagPattern> patterns, int i)
    {
        for (var p = 0; p < patterns.Count; p++)
        {
            if (May(patterns[p], i) && patterns[p].Matches(units[i].Text, units[i].Normal))
            {
                return patterns[p];
            }
        }

        return null;
    }

    private void RemoveAt(int i)
    {
        kept -= i < kept ? 1 : 0;
        ending -= i >= End ? 1 : 0;
        units.RemoveAt(i);
    }

    private sealed record Unit(string Text, string Normal, bool Sentence)
    {
        public static Unit Of(string text)
        {
            var tag = TagPool.Get(text.Trim());
            return new Unit(tag.Text, tag.Normal, false);
        }
    }
}

namespace Forno.Datasets.Captions;

/// <summary>The tags of a caption while they are cleaned.</summary>
/// <param name="caption">The caption.</param>
/// <param name="kept">How many tags at the front stay in place.</param>
/// <param name="spare">Tags that no rule touches.</param>
/// <param name="lists">The lists.</param>
/// <param name="done">Takes what is done.</param>
internal sealed class CleanedLine(
    CaptionText caption,
    int kept,
    IReadOnlyList<TagPattern> spare,
    CleanLists lists,
    List<(string Rule, string What)> done
)
{
    private const int MostWords = 4;
    private readonly List<Tag> tags =
    [
        .. caption.Tags.Select(
            (text, i) =>
                new Tag(
                    text,
                    caption.Normal[i],
                    speaks: i >= kept && i < caption.Tags.Count - caption.Ending && !caption.IsSentence(i),
                    spared: spare.Any(p => p.Matches(text, caption.Normal[i]))
                )
        ),
    ];

    private readonly bool underscores = TagForms.UsesUnderscores(caption) ?? false;

    public IReadOnlyList<string> Tags => [.. tags.Select(t => t.Text)];

    public void Apply(string rule)
    {
        switch (rule)
        {
            case "useless":
                Useless();
                break;
            case "synonyms":
                Synonyms();
                break;
            case "redundancy":
                Redundancy();
                break;
            case "consolidation":
                Consolidation();
                break;
            case "split":
                Split();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(rule), rule, null);
        }
    }

    private void Useless()
    {
        for (int i = 0; i < tags.Count; i++)
        {
            if (tags[i].Free && lists.Useless(tags[i].Text, tags[i].Normal) is { } entry)
            {
                done.Add(("useless", $"{tags[i].Text}: {(entry.Section.Length > 0 ? entry.Section : "listed")}"));
                tags.RemoveAt(i--);
            }
        }
    }

    private void Synonyms()
    {
        for (int i = 0; i < tags.Count; i++)
        {
            if (tags[i].Free && lists.Synonyms.TryGetValue(tags[i].Normal, out var synonym))
            {
                var chosen = Written(synonym.Chosen, tags[i]);
                done.Add(("synonyms", $"{tags[i].Text} → {chosen.Text}"));
                if (tags.Exists(t => t.Normal == synonym.Chosen))
                {
                    tags.RemoveAt(i--);
                }
                else
                {
                    tags[i] = chosen;
                }
            }
        }
    }

    private void Redundancy()
    {
        for (int i = 0; i < tags.Count; i++)
        {
            if (tags[i].Free && SaidBy(i) is { } other)
            {
                done.Add(
                    (
                        "redundancy",
                        other.Normal == tags[i].Normal
                            ? $"{tags[i].Text}: there twice"
                            : $"{tags[i].Text}: {other.Text} says it"
                    )
                );
                tags.RemoveAt(i--);
            }
        }
    }

    // Of tags that say the same the first stays.
    private Tag? SaidBy(int i)
    {
        var (tag, words) = (tags[i], lists.WordsOf(tags[i].Normal));
        for (int j = 0; j < tags.Count; j++)
        {
            var other = tags[j];
            if (j == i)
            {
                continue;
            }

            if (other.Normal == tag.Normal ? j < i || !other.Speaks : other.Speaks && Says(other, tag, words, j < i))
            {
                return other;
            }
        }

        return null;
    }

    private bool Says(Tag other, Tag tag, TagWords? words, bool earlier)
    {
        if (lists.Implied.TryGetValue(other.Normal, out var implied) && implied.ContainsKey(tag.Normal))
        {
            return true;
        }

        return words is not null
            && lists.WordsOf(other.Normal) is { } more
            && (more.Includes(words) || (earlier && more.Repeats(words)));
    }

    private void Consolidation()
    {
        if (
            tags.Count < 2
            || tags.Exists(t => lists.IsSeveral(t.Normal))
            || (tags.Exists(t => t.Normal == "1girl") && tags.Exists(t => t.Normal == "1boy"))
        )
        {
            return;
        }

        foreach (var garment in Garments())
        {
            var words = garment.SelectMany(g => g.Words).Distinct().OrderBy(w => w.Class).ToArray();
            if (garment.Length < 2 || words.Length > MostWords || words.DistinctBy(w => w.Class).Count() < words.Length)
            {
                continue;
            }

            var first = garment[0].Tag;
            string normal = $"{string.Join(' ', words.Select(w => w.Word))} {garment[0].Noun}";
            var style =
                Array
                    .Find(
                        garment,
                        g =>
                            g.Tag.Text.Contains('_', StringComparison.Ordinal)
                            || g.Tag.Text.Contains(' ', StringComparison.Ordinal)
                    )
                    .Tag
                ?? first;
            var one = Written(normal, style);
            done.Add(("consolidation", $"{string.Join(" + ", garment.Select(g => g.Tag.Text))} → {one.Text}"));
            tags[tags.IndexOf(first)] = one;
            foreach (var (tag, _, _) in garment.Skip(1))
            {
                tags.Remove(tag);
            }
        }
    }

    private (Tag Tag, string Noun, List<(string Word, int Class)> Words)[][] Garments() =>
        [
            .. tags.Where(t => t.Free)
                .Select(t => (Tag: t, Split: lists.WordsOf(t.Normal)))
                .Where(t => t.Split is { Words.Length: > 0 } split && lists.IsGarment(split.Head))
                .Select(t => (t.Tag, Noun: t.Split!.Head, Words: lists.Classified(t.Split.Words)!))
                .Where(t => t.Words is not null)
                .GroupBy(t => t.Noun)
                .Select(g => g.ToArray()),
        ];

    private void Split()
    {
        for (int i = 0; i < tags.Count; i++)
        {
            if (!tags[i].Free || !lists.Splits.TryGetValue(tags[i].Normal, out var entry))
            {
                continue;
            }

            var generic = tags[i];
            Tag[] parts = [.. entry.Words.Select(w => Written(TagExpression.Normal(w), generic))];
            done.Add(("split", $"{generic.Text} → {string.Join(", ", parts.Select(p => p.Text))}"));
            tags.RemoveAt(i);
            Tag[] missing = [.. parts.Where(p => !tags.Exists(t => t.Normal == p.Normal))];
            tags.InsertRange(i, missing);
            i += missing.Length - 1;
        }
    }

    // In the way that the tag it comes from is written, or else the caption.
    private Tag Written(string normal, Tag like)
    {
        bool under =
            like.Text.Contains('_', StringComparison.Ordinal)
            || (!like.Text.Contains(' ', StringComparison.Ordinal) && underscores);
        string text = like.Text.Contains('\\', StringComparison.Ordinal) ? TagForms.Escaped(normal) : normal;
        return new Tag(TagForms.Like(text, under), normal, speaks: true, spared: false);
    }

    // A class, so that equal tags are still two.
    private sealed class Tag(string text, string normal, bool speaks, bool spared)
    {
        public string Text { get; } = text;

        public string Normal { get; } = normal;

        /// <summary>Whether it counts: a tag, and none that stays in place.</summary>
        public bool Speaks { get; } = speaks;

        /// <summary>Whether it may be changed.</summary>
        public bool Free { get; } = speaks && !spared;
    }
}

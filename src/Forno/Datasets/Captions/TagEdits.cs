using System.Globalization;
using Forno.Files;
using Forno.Text;

namespace Forno.Datasets.Captions;

/// <summary>Edits captions by settings. Safe for several threads.</summary>
public sealed class TagEdits
{
    private readonly TagEditSettings settings;
    private readonly Dictionary<string, int> counts;
    private readonly string[] added;
    private readonly EditedForm? underscores,
        escape;
    private int prose,
        bare,
        furtherLines;

    /// <summary>Makes ready.</summary>
    /// <param name="settings">The edits.</param>
    /// <param name="set">The whole set, whose frequencies sorting goes by.</param>
    /// <exception cref="FornoException">The settings make no sense, or the tokenizer's vocabulary is needed and
    /// absent.</exception>
    public TagEdits(TagEditSettings settings, CaptionSet set)
    {
        this.settings = settings;
        if (settings.MostTags < 1 || settings.MostTokens < 1 || settings.KeepTokens < 0)
        {
            throw new FornoException("--truncate and --truncate-tokens take 1 and more, --keep-tokens 0 and more");
        }

        underscores = settings.Underscores switch
        {
            true => new EditedForm(TagForms.Underscored, "spaces to underscores"),
            false => new EditedForm(TagForms.Spaced, "underscores to spaces"),
            null => null,
        };
        escape = settings.Escape switch
        {
            true => new EditedForm(TagForms.Escaped, "parentheses escaped"),
            false => new EditedForm(TagForms.Unescaped, "parentheses unescaped"),
            null => null,
        };
        counts = settings.Sort == TagOrder.Frequency ? Count(set) : [];
        added = [.. settings.AddFirst.Concat(settings.AddKept).Concat(settings.AddLast).Select(TagExpression.Normal)];
        _ = settings.MostTokens is null ? null : ClipTokenizer.Default;
    }

    /// <summary>What was passed by and why, a line each.</summary>
    public IReadOnlyList<string> Notes
    {
        get
        {
            var notes = new List<string>();
            Note(prose, "in natural language, left alone; --prose edits them too");
            Note(
                furtherLines,
                "of several lines: only the first was edited, as only that is trained; with enable_wildcard "
                    + "use --all-lines"
            );
            if (bare > 0)
            {
                notes.Add(
                    Invariant.Text(
                        $"{bare} {(bare == 1 ? "picture has" : "pictures have")} no caption to add to; "
                            + $"--create makes {(bare == 1 ? "it" : "them")} one"
                    )
                );
            }

            return notes;

            void Note(int count, string what)
            {
                if (count > 0)
                {
                    notes.Add(Invariant.Text($"{count} {(count == 1 ? "caption is" : "captions are")} {what}"));
                }
            }
        }
    }

    /// <summary>Edits a picture's caption.</summary>
    /// <returns>The caption as it is to be, with what was done; null leaves it as it is.</returns>
    /// <exception cref="FornoException">A regular expression takes too long.</exception>
    public CaptionEdit? Edit(CaptionedPicture picture)
    {
        var caption = picture.Caption ?? CaptionText.Empty;
        if (settings.Where is { } where && !where.Matches(caption))
        {
            return null;
        }

        if (picture.Caption is null && !settings.Create)
        {
            Interlocked.Add(ref bare, added.Length > 0 ? 1 : 0);
            return null;
        }

        var reasons = new List<string>();
        var text = settings.AllLines && caption.HasMoreLines ? AllLines(caption, reasons) : Line(caption, reasons);
        if (text != caption && caption.HasMoreLines && !settings.AllLines)
        {
            Interlocked.Increment(ref furtherLines);
        }

        TextEncoding? encoding = settings.Utf8 && picture.Encoding != TextEncoding.Utf8 ? TextEncoding.Utf8 : null;
        if (encoding is not null)
        {
            reasons.Add(picture.Encoding == TextEncoding.Utf8Mark ? "byte order mark removed" : "UTF-16 to UTF-8");
        }

        return reasons.Count == 0 ? null : new CaptionEdit(text, reasons) { Encoding = encoding };
    }

    private static Dictionary<string, int> Count(CaptionSet set)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var picture in set.Pictures)
        {
            seen.Clear();
            foreach (string tag in picture.Caption?.Normal ?? [])
            {
                if (seen.Add(tag))
                {
                    counts[tag] = counts.GetValueOrDefault(tag) + 1;
                }
            }
        }

        return counts;
    }

    private CaptionText AllLines(CaptionText caption, List<string> reasons)
    {
        string text = caption.ToString();
        var built = new System.Text.StringBuilder(text.Length);
        for (int at = 0; at < text.Length; )
        {
            int length = text.AsSpan(at).IndexOfAny('\r', '\n');
            int end = length < 0 ? text.Length : at + length;
            built.Append(end == at ? "" : Line(CaptionText.Parse(text[at..end]), reasons).ToString());
            at = Math.Min(end + 1, text.Length);
            built.Append(text, end, at - end);
        }

        return built.Equals(text) ? caption : CaptionText.Parse(built.ToString());
    }

    private CaptionText Line(CaptionText caption, List<string> reasons)
    {
        if (caption.IsProse && !settings.Prose)
        {
            Interlocked.Increment(ref prose);
            return caption;
        }

        var line = new EditedLine(caption, settings.KeepTokens);
        line.Remove(settings.Remove, reasons);
        line.Replace(settings.Replace, reasons);
        if (underscores is not null)
        {
            line.Form(underscores, reasons);
        }

        if (escape is not null)
        {
            line.Form(escape, reasons);
        }

        if (settings.Deduplicate)
        {
            line.Deduplicate(reasons);
        }

        if (settings.Sort is { } order)
        {
            line.Sort(order, counts, added, reasons);
        }

        if (settings.MostTags is not null || settings.MostTokens is not null)
        {
            line.Truncate(settings.MostTags ?? int.MaxValue, settings.MostTokens, added, reasons);
        }

        line.Add(settings.AddFirst, EditedLine.Place.First, reasons);
        line.Add(settings.AddKept, EditedLine.Place.Kept, reasons);
        line.Add(settings.AddLast, EditedLine.Place.Last, reasons);
        return line.Result();
    }
}

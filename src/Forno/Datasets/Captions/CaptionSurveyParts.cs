using Forno.Text;

namespace Forno.Datasets.Captions;

/// <summary>The counting of large sets in parts, several at a time.</summary>
internal sealed partial class CaptionSurvey
{
    private const int PartSize = 4000;

    /// <summary>Counts the tags of a set.</summary>
    /// <param name="set">The captions.</param>
    /// <param name="options">Which of them, and what counts as a trigger.</param>
    public static CaptionSurvey Of(CaptionSet set, CaptionReportOptions options)
    {
        var tokens = Tokenizer() is { } tokenizer ? new TokenCounts(tokenizer) : null;
        int count = Math.Clamp(set.Pictures.Count / PartSize, 1, Environment.ProcessorCount);
        var parts = new CaptionSurvey[count];
        Parallel.For(
            0,
            count,
            i =>
                parts[i] = new CaptionSurvey(
                    set.Pictures,
                    (int)((long)set.Pictures.Count * i / count),
                    (int)((long)set.Pictures.Count * (i + 1) / count),
                    options,
                    tokens
                )
        );
        foreach (var part in parts.AsSpan(1))
        {
            parts[0].Take(part);
        }

        foreach (var (tag, _) in parts[0].folders.Values.SelectMany(f => f.Counts))
        {
            tag.Folders++;
        }

        return parts[0];
    }

    // Without the vocabulary everything but the number of tokens can be told.
    private static ClipTokenizer? Tokenizer()
    {
        try
        {
            return ClipTokenizer.Default;
        }
        catch (FornoException)
        {
            return null;
        }
    }

    // The next part: its tags get the numbers that they have here.
    private void Take(CaptionSurvey part)
    {
        int[] here = new int[part.entries.Count];
        foreach (var tag in part.entries)
        {
            if (!byNormal.TryGetValue(tag.Normal, out var entry))
            {
                byNormal.Add(tag.Normal, entry = new TagEntry(tag.Text, tag.Normal, entries.Count));
                entries.Add(entry);
            }

            entry.Take(tag);
            here[tag.Index] = entry.Index;
        }

        foreach (int[] caption in part.captions)
        {
            for (int i = 0; i < caption.Length; i++)
            {
                caption[i] = here[caption[i]];
            }
        }

        captions.AddRange(part.captions);
        foreach (var folder in part.folders.Values)
        {
            Folder(folder.Name).Take(folder, entries, here);
        }

        Pictures += part.Pictures;
        Prose += part.Prose;
        Mixed += part.Mixed;
        Repeating += part.Repeating;
        SeveralLines += part.SeveralLines;
        SpaceParted += part.SpaceParted;
        Bare.AddRange(part.Bare);
        Long.AddRange(part.Long);
        Add(Encodings, part.Encodings);
        Add(Extensions, part.Extensions);
    }

    private static void Add<T>(Dictionary<T, int> to, Dictionary<T, int> from)
        where T : notnull
    {
        foreach (var (key, count) in from)
        {
            to[key] = to.GetValueOrDefault(key) + count;
        }
    }
}

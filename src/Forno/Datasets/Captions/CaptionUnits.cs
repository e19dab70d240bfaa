namespace Forno.Datasets.Captions;

/// <summary>
/// The rules of what in a caption is a sentence, and where it begins.
/// <list type="bullet">
/// <item>A piece between commas that ends in <c>.</c>, <c>!</c> or <c>?</c> after a letter or digit ends a sentence, if
/// that has at least four words or a verb, article or pronoun: <c>k-on!</c> is a tag.</item>
/// <item>Such a sentence may hold commas: it begins at the first piece since the last sentence that starts with a
/// capital article or pronoun (<c>A woman</c>, <c>She</c>), else the nearest that starts with a capital, else the first
/// that starts with a small article or pronoun, else at its last comma.</item>
/// <item>A piece without a full stop is a sentence if it has no underscore and is of at least eight words, of five with
/// an article, or of four with a verb or pronoun: <c>a photo of a cat</c>, but not <c>looking at viewer</c>. Names of
/// works (<c>the legend of zelda: breath of the wild</c>) with a colon or bracket are tags.</item>
/// </list>
/// </summary>
internal static class CaptionUnits
{
    private static readonly string[] Articles = ["a", "an", "the", "this", "that"];
    private static readonly string[] Verbs =
    [
        "is",
        "are",
        "was",
        "were",
        "has",
        "have",
        "had",
        "she",
        "he",
        "they",
        "it",
        "her",
        "his",
        "their",
        "there",
    ];

    /// <summary>Whether a piece can end a sentence.</summary>
    public static bool EndsSentence(ReadOnlySpan<char> piece)
    {
        if (char.IsLetterOrDigit(piece[^1]))
        {
            return false;
        }

        var bare = piece.TrimEnd("\"'”’)");
        var end = bare.TrimEnd(".!?。！？");
        return end.Length < bare.Length && end.Length > 0 && char.IsLetterOrDigit(end[^1]);
    }

    /// <summary>Whether a text that ends as a sentence does has enough words for one.</summary>
    public static bool IsSentence(ReadOnlySpan<char> text)
    {
        var (words, articles, verbs) = Count(text);
        return words >= 4 || (words >= 2 && articles + verbs > 0) || text[^1] == '。';
    }

    /// <summary>Whether a piece without a full stop is a sentence.</summary>
    public static bool IsClause(ReadOnlySpan<char> piece)
    {
        if (piece.Length < 10 || piece.Contains('_'))
        {
            return false;
        }

        var (words, articles, verbs) = Count(piece);
        return words >= 4
            && (
                (words >= 4 && verbs > 0)
                || (piece.IndexOfAny(':', '(') < 0 && (words >= 8 || (words >= 5 && articles > 0)))
            );
    }

    /// <summary>Where the sentence begins that a piece ends.</summary>
    /// <param name="line">The line.</param>
    /// <param name="pieces">Its pieces.</param>
    /// <param name="from">The first piece that may belong to it.</param>
    /// <param name="last">The piece that ends it.</param>
    public static int Begin(ReadOnlySpan<char> line, List<Range> pieces, int from, int last)
    {
        int capital = -1,
            article = -1;
        for (int i = from; i <= last; i++)
        {
            var piece = line[pieces[i]];
            bool opens = Opens(piece);
            if (char.IsUpper(piece[0]))
            {
                if (opens)
                {
                    return i;
                }

                capital = i;
            }
            else if (opens && article < 0)
            {
                article = i;
            }
        }

        return capital >= 0 ? capital
            : article >= 0 ? article
            : last;
    }

    // An article or pronoun with more words behind it.
    private static bool Opens(ReadOnlySpan<char> piece)
    {
        int space = piece.IndexOf(' ');
        return space > 0 && (Is(Articles, piece[..space]) || Is(Verbs, piece[..space]));
    }

    private static (int Words, int Articles, int Verbs) Count(ReadOnlySpan<char> text)
    {
        var (words, articles, verbs) = (0, 0, 0);
        foreach (var range in text.SplitAny(" ,"))
        {
            var word = text[range].TrimEnd(".!?");
            if (word.Length > 0)
            {
                words++;
                articles += Is(Articles, word) ? 1 : 0;
                verbs += Is(Verbs, word) ? 1 : 0;
            }
        }

        return (words, articles, verbs);
    }

    private static bool Is(string[] words, ReadOnlySpan<char> word)
    {
        if (word.Length <= 5)
        {
            foreach (string one in words)
            {
                if (word.Equals(one, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }
}

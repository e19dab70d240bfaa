using System.Globalization;
using System.Text;

namespace Forno.Text;

/// <summary>A stretch of a prompt and the weight of its tokens.</summary>
/// <param name="Text">The text without brackets and escapes.</param>
/// <param name="Weight">1 for plain text; for the word that closes a chunk, −1 with the text <c>BREAK</c>.</param>
public readonly record struct WeightedText(string Text, double Weight)
{
    /// <summary>
    /// Whether this is the word BREAK, which closes a chunk. Within brackets its weight changes and it is text.
    /// </summary>
    public bool IsBreak => Text == "BREAK" && Weight == -1;
}

/// <summary>
/// The prompt language of AUTOMATIC1111's web UI: emphasis by brackets
/// (<c>modules/prompt_parser.py</c>, <c>parse_prompt_attention</c>).
/// </summary>
public static class PromptGrammar
{
    private const double Round = 1.1;
    private const double Square = 1 / 1.1;
    private const string Break = "BREAK";

    /// <summary>
    /// Splits a prompt by emphasis: <c>(x)</c> is 1.1, <c>[x]</c> 1/1.1, <c>(x:1.3)</c> 1.3, nesting multiplies, a
    /// backslash takes the next bracket literally, BREAK stands alone.
    /// </summary>
    /// <param name="prompt">The prompt, without network tags.</param>
    /// <returns>At least one piece; neighbours with the same weight are joined.</returns>
    /// <exception cref="FornoException">A weight such as <c>1.2.3</c> is no number.</exception>
    public static IReadOnlyList<WeightedText> ParseAttention(string prompt)
    {
        List<WeightedText> pieces = [];
        Stack<int> round = new(),
            square = new();
        for (int at = 0; at < prompt.Length; )
        {
            char c = prompt[at];
            switch (c)
            {
                case '\\':
                    // Before anything but a bracket or itself the backslash just vanishes.
                    bool literal = at + 1 < prompt.Length && prompt[at + 1] is '(' or ')' or '[' or ']' or '\\';
                    pieces.Add(new(literal ? prompt[at + 1].ToString() : "", 1));
                    at += literal ? 2 : 1;
                    break;
                case '(':
                    round.Push(pieces.Count);
                    at++;
                    break;
                case '[':
                    square.Push(pieces.Count);
                    at++;
                    break;
                case ')' when round.Count > 0:
                    Multiply(pieces, round.Pop(), Round);
                    at++;
                    break;
                case ']' when square.Count > 0:
                    Multiply(pieces, square.Pop(), Square);
                    at++;
                    break;
                case ':' when WeightEnd(prompt, at, out Range number) is var end and > 0:
                    if (round.Count > 0)
                    {
                        Multiply(pieces, round.Pop(), Weight(prompt[number]));
                    }
                    else
                    {
                        pieces.Add(new(prompt[at..end], 1));
                    }

                    at = end;
                    break;
                default:
                    // A run without special characters, or one that means nothing here: a colon, a bracket too many.
                    int length = prompt.AsSpan(at).IndexOfAny("\\()[]:");
                    length = length < 0 ? prompt.Length - at : Math.Max(length, 1);
                    AddText(pieces, prompt.AsSpan(at, length));
                    at += length;
                    break;
            }
        }

        // In order of opening; Stack enumerates the other way.
        foreach (int open in round.Reverse())
        {
            Multiply(pieces, open, Round);
        }

        foreach (int open in square.Reverse())
        {
            Multiply(pieces, open, Square);
        }

        return Join(pieces);
    }

    private static void Multiply(List<WeightedText> pieces, int from, double factor)
    {
        for (int i = from; i < pieces.Count; i++)
        {
            pieces[i] = pieces[i] with { Weight = pieces[i].Weight * factor };
        }
    }

    // The end of ":" space? sign? [digits and dots]+ space? ")" at `at`, or 0.
    private static int WeightEnd(string prompt, int at, out Range number)
    {
        int start = SkipSpace(prompt, at + 1),
            end = start;
        if (end < prompt.Length && prompt[end] is '+' or '-')
        {
            end++;
        }

        int digits = end;
        while (end < prompt.Length && (prompt[end] == '.' || char.IsDigit(prompt[end])))
        {
            end++;
        }

        number = start..end;
        int close = SkipSpace(prompt, end);
        return end > digits && close < prompt.Length && prompt[close] == ')' ? close + 1 : 0;
    }

    private static int SkipSpace(string text, int at)
    {
        while (at < text.Length && char.IsWhiteSpace(text[at]))
        {
            at++;
        }

        return at;
    }

    private static double Weight(string text)
    {
        // Digits of any script count, as they do for the reference.
        string ascii = string.Concat(
            text.Select(c => char.IsDigit(c) ? (char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)) : c)
        );
        return double.TryParse(
            ascii,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint,
            CultureInfo.InvariantCulture,
            out double weight
        )
            ? weight
            : throw new FornoException(
                $"the prompt has the weight '{text}', which is not a number; write one like (word:1.2)"
            );
    }

    // Cuts BREAK out, with the white space round it; what lies before and after are pieces even if empty.
    private static void AddText(List<WeightedText> pieces, ReadOnlySpan<char> text)
    {
        int from = 0;
        for (int search = 0; text[search..].IndexOf(Break) is var found and >= 0; )
        {
            int start = search + found,
                end = start + Break.Length;
            search = end;
            if (
                (start > 0 && IsWord(text[..start], last: true))
                || (end < text.Length && IsWord(text[end..], last: false))
            )
            {
                continue;
            }

            pieces.Add(new(text[from..start].TrimEnd().ToString(), 1));
            pieces.Add(new(Break, -1));
            from = search = text.Length - text[end..].TrimStart().Length;
        }

        pieces.Add(new(text[from..].ToString(), 1));
    }

    private static bool IsWord(ReadOnlySpan<char> text, bool last)
    {
        Rune rune;
        _ = last ? Rune.DecodeLastFromUtf16(text, out rune, out _) : Rune.DecodeFromUtf16(text, out rune, out _);
        return rune.Value == '_' || Rune.IsLetter(rune) || Rune.IsNumber(rune);
    }

    private static List<WeightedText> Join(List<WeightedText> pieces)
    {
        List<WeightedText> joined = new(pieces.Count);
        for (int i = 0; i < pieces.Count; )
        {
            int next = i + 1;
            while (next < pieces.Count && pieces[next].Weight == pieces[i].Weight)
            {
                next++;
            }

            joined.Add(
                next == i + 1 ? pieces[i] : new(string.Concat(pieces[i..next].Select(p => p.Text)), pieces[i].Weight)
            );
            i = next;
        }

        return joined.Count > 0 ? joined : [new("", 1)];
    }
}

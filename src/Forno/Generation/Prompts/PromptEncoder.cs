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
/// <param name="request">What is drawn; its model, emphasis, clip skip and size are used.</param>
/// <param name="tokenizer">CLIP's tokenizer.</param>
internal sealed class PromptEncoder(FittedRequest request, ClipTokenizer tokenizer)
{
    private readonly BaseModel model = request.Model;
    private readonly PromptChunker[] chunkers =
    [
        .. request.Model.Text.Encoders.Select(
            (_, i) =>
                new PromptChunker(tokenizer)
                {
                    Pad = i > 0 || request.Model.Family == ModelFamily.Sd21 ? 0 : ClipTokenizer.EndOfText,
                    ParseEmphasis = request.Request.BracketsWeigh,
                }
        ),
    ];

    /// <summary>The conditionings of the request's steps, in the current scope.</summary>
    public ConditioningSchedule Schedule()
    {
        string positive = request.Request.Prompt,
            negative = request.Request.Asked.NegativePrompt;
        int chunks = request.Request.Asked.PadConds ? Math.Max(Chunks(positive), Chunks(negative)) : 1;
        return ConditioningSchedule.Constant(
            new StepConditioning(
                [new WeightedConditioning(Encode(positive, chunks, negative: false))],
                Encode(negative, chunks, negative: true)
            )
        );
    }

    private int Chunks(string prompt) => chunkers[0].Chunk(prompt).Chunks.Count;

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
        ApplyEmphasis? emphasis = weighted ? request.Request.Weigh : null;
        Conditioning made = model.Text.Encode(
            ids,
            new TextConditioningOptions { ClipSkip = request.Request.Asked.ClipSkip, Emphasis = emphasis },
            multipliers
        );
        if (made.Pooled is not { } pooled)
        {
            return new Conditioning(scope.Keep(made.Context));
        }

        bool zero = negative && prompt.Length == 0;
        var size = (request.Size.Height, request.Size.Width);
        Tensor sizes = Conditioning.Sizes(size, (0, 0), size).Unsqueeze(0).To(model.Device);
        return new Conditioning(
            scope.Keep(zero ? made.Context * 0 : made.Context),
            scope.Keep(zero ? pooled * 0 : pooled),
            scope.Keep(sizes)
        );
    }
}

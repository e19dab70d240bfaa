using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Text;
using Forno.Torch;

namespace Forno.Training;

/// <summary>Captions as training sees them: one chunk of 77 tokens, longer ones cut, no emphasis.</summary>
/// <param name="family">The model's family, which tells the padding.</param>
/// <param name="text">The model's text encoders.</param>
/// <param name="clipSkip"><c>clip_skip</c>; null: the family's usual.</param>
public sealed class CaptionEncoder(ModelFamily family, TextConditioning text, int? clipSkip)
{
    private readonly TextConditioningOptions options = new() { ClipSkip = clipSkip, Join = ChunkJoin.Inner };

    /// <summary>Captions → conditioning, without sizes.</summary>
    public Conditioning Encode(IReadOnlyList<string> captions)
    {
        using var scope = new Scope();
        var ids = new Tensor[text.Encoders.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            int pad = family.TextEncoders[i].FullSize.Naming == TextNaming.OpenClip ? 0 : ClipTokenizer.EndOfText;
            long[] flat =
            [
                .. captions.SelectMany(c => ClipTokenizer.Default.EncodePadded(c, pad)).Select(id => (long)id),
            ];
            ids[i] = Tensor.From(flat, captions.Count, ClipTokenizer.SequenceLength);
        }
        Conditioning made = text.Encode(ids, options);
        return new Conditioning(scope.Keep(made.Context), made.Pooled is { } pooled ? scope.Keep(pooled) : null);
    }
}

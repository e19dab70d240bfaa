using Forno.Text;

namespace Forno.Conformance.Text;

/// <summary>Suite <c>tokenizer</c>: text to CLIP's token ids, exactly.</summary>
public sealed class TokenizerSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "tokenizer";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        string kind = golden.Params.GetProperty("kind").GetString()!;
        int Param(string name) => golden.Params.GetProperty(name).GetInt32();
        Func<string, object>? encode = kind switch
        {
            "encode" => text => ClipTokenizer.Default.Encode(text),
            "pad" => text => ClipTokenizer.Default.EncodePadded(text, Param("pad"), Param("max_length")),
            "chunk" => text => ClipTokenizer.Default.EncodeRows(text, Param("pad"), Param("max_token_length")),
            _ => null,
        };
        if (encode is null)
        {
            return CaseResult.Unknown($"kind {kind}");
        }

        Comparison comparison = new(golden);
        string[] texts = [.. golden.Params.GetProperty("texts").EnumerateArray().Select(t => t.GetString()!)];
        comparison.Json("ids", texts.Select(encode).ToArray(), golden.Expect.GetProperty("ids"));
        return comparison.Result();
    }
}

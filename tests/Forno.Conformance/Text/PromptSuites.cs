using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Text;
using Forno.Torch;

namespace Forno.Conformance.Text;

/// <summary>Suite <c>prompt_attention</c>: emphasis brackets.</summary>
public sealed class PromptAttentionSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "prompt_attention";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        object[][][] parsed =
        [
            .. golden
                .Params.GetProperty("prompts")
                .EnumerateArray()
                .Select(prompt =>
                    PromptGrammar
                        .ParseAttention(prompt.GetString()!)
                        .Select(p => (object[])[p.Text, p.Weight])
                        .ToArray()
                ),
        ];
        comparison.Json("parsed", parsed, golden.Expect.GetProperty("parsed"));
        return comparison.Result();
    }
}

/// <summary>Suite <c>extra_networks</c>: <c>&lt;lora:…&gt;</c> and its like in prompts.</summary>
public sealed class ExtraNetworksSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "extra_networks";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        object[] results = [.. golden.Params.GetProperty("batches").EnumerateArray().Select(Result)];
        comparison.Json("results", results, golden.Expect.GetProperty("results"));
        return comparison.Result();
    }

    private static object Result(JsonElement batch)
    {
        var parsed = ExtraNetworks.Parse([.. batch.EnumerateArray().Select(p => p.GetString()!)]);
        object networks = parsed
            .Networks.Select(n => new
            {
                kind = n.Kind,
                items = n.Items,
                positional = n.Positional,
                named = n.Named,
            })
            .ToArray();
        try
        {
            return new
            {
                prompts = parsed.Prompts,
                networks,
                lora = parsed
                    .Loras()
                    .Select(l => new
                    {
                        name = l.Name,
                        te = l.TextEncoder,
                        unet = l.Unet,
                        dyn = l.Rank,
                    })
                    .ToArray(),
                hypernet = parsed.Hypernets().Select(h => new { name = h.Name, multiplier = h.Multiplier }).ToArray(),
            };
        }
        catch (FornoException)
        {
            return new
            {
                prompts = parsed.Prompts,
                networks,
                error = true,
            };
        }
    }
}

/// <summary>Suite <c>prompt_chunks</c>: chunks of 75 tokens, and their weights on the text encoder's output.</summary>
public sealed class PromptChunksSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "prompt_chunks";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden) =>
        golden.Params.GetProperty("kind").GetString() switch
        {
            "chunks" => Chunks(golden),
            "emphasis" => Weights(golden),
            var kind => CaseResult.Unknown($"kind {kind}"),
        };

    private static CaseResult Chunks(GoldenCase golden)
    {
        JsonElement p = golden.Params;
        PromptChunker chunker = new(ClipTokenizer.Default)
        {
            Pad = p.GetProperty("id_pad").GetInt32(),
            CommaPaddingBacktrack = p.GetProperty("comma_padding_backtrack").GetInt32(),
            ParseEmphasis = p.GetProperty("emphasis").GetString() != "None",
            Embeddings =
            [
                .. p.GetProperty("embeddings")
                    .EnumerateArray()
                    .Select(e => new EmbeddingName(
                        e.GetProperty("name").GetString()!,
                        e.GetProperty("vectors").GetInt32()
                    )),
            ],
        };
        Comparison comparison = new(golden);
        object[] prompts =
        [
            .. p.GetProperty("prompts")
                .EnumerateArray()
                .Select(text =>
                {
                    ChunkedPrompt prompt = chunker.Chunk(text.GetString()!);
                    return (object)
                        new
                        {
                            token_count = prompt.TokenCount,
                            chunks = prompt
                                .Chunks.Select(c => new
                                {
                                    tokens = c.Tokens,
                                    multipliers = c.Multipliers,
                                    embeddings = c.Embeddings.Select(e => new
                                    {
                                        name = e.Name,
                                        position = e.Position,
                                        vectors = e.Vectors,
                                    }),
                                })
                                .ToArray(),
                        };
                }),
        ];
        comparison.Json("prompts", prompts, golden.Expect.GetProperty("prompts"));
        return comparison.Result();
    }

    private static CaseResult Weights(GoldenCase golden)
    {
        using Scope scope = new();
        using var tensors = SafetensorsFile.Open(golden.TensorsPath);
        ApplyEmphasis apply = Emphasis.Named(golden.Params.GetProperty("emphasis").GetString()!);
        Comparison comparison = new(golden);
        comparison.Tensor("out.z", apply(tensors.Load("in.z"), tensors.Load("in.multipliers")), tensors);
        return comparison.Result();
    }
}

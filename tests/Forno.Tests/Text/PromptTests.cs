using Forno.Models.Clip;
using Forno.Text;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Text;

public class PromptTests
{
    [Theory]
    [InlineData("a (b:1.5) [c]", "a |1|b|1.5| |1|c|0.9090909090909091")]
    [InlineData("((x))", "x|1.2100000000000002")]
    [InlineData("a BREAK b", "a|1|BREAK|-1|b|1")]
    [InlineData("x:1.5)", "x:1.5)|1")]
    [InlineData("\\(a\\", "(a|1")]
    [InlineData("(a:١.٥)", "a|1.5")]
    [InlineData("", "|1")]
    public void EmphasisIsParsed(string prompt, string pieces) =>
        Assert.Equal(
            pieces,
            string.Join('|', PromptGrammar.ParseAttention(prompt).Select(p => Invariant.Text($"{p.Text}|{p.Weight:R}")))
        );

    [Fact]
    public void AWeightThatIsNoNumberIsNamed() =>
        Assert.Contains(
            "1.2.3",
            Assert.Throws<FornoException>(() => PromptGrammar.ParseAttention("(a:1.2.3)")).Message
        );

    [Fact]
    public void AnyTextParsesToPiecesThatHoldNoMoreThanIt() =>
        Prop.ForAll<string[]>(parts =>
            {
                string[] alphabet = ["(", ")", "[", "]", ":", "1.1", "\\", " ", "BREAK", "a_", "é"];
                string prompt = string.Concat((parts ?? []).Select(p => alphabet[(p?.Length ?? 0) % alphabet.Length]));
                IReadOnlyList<WeightedText> pieces = PromptGrammar.ParseAttention(prompt);
                return pieces.Count > 0
                    && pieces.Sum(p => p.Text.Length) <= prompt.Length
                    && pieces.Zip(pieces.Skip(1)).All(pair => pair.First.Weight != pair.Second.Weight);
            })
            .QuickCheckThrowOnFailure();

    [Fact]
    public void TheLorasOfAPromptAreTakenOutOfIt()
    {
        var networks = ExtraNetworks.Parse("a cat <lora:my style:0.8>, <lyco:b:te=0.5:unet=1:dyn=8>");
        Assert.Equal("a cat , ", Assert.Single(networks.Prompts));
        Assert.Equal([new LoraRequest("my style", 0.8, 0.8, null), new LoraRequest("b", 0.5, 1, 8)], networks.Loras());
        FornoException e = Assert.Throws<FornoException>(() => ExtraNetworks.Parse("<lora:x:1,5>").Loras());
        Assert.Contains("<lora:x:1,5>", e.Message);
    }

    [Fact]
    public void EveryChunkHas77TokensAndTheSameForEachPaddingId()
    {
        string prompt = string.Join(", ", Enumerable.Repeat("a (red:1.3) cat", 60));
        PromptChunker first = new(ClipTokenizer.Default),
            second = new(ClipTokenizer.Default) { Pad = 0 };
        ChunkedPrompt a = first.Chunk(prompt),
            b = second.Chunk(prompt);
        Assert.Equal((a.Chunks.Count, a.TokenCount), (b.Chunks.Count, b.TokenCount));
        Assert.True(a.Chunks.Count > 2);
        Assert.All(
            a.Chunks.Concat(b.Chunks),
            c => Assert.Equal((77, 77, 49406), (c.Tokens.Count, c.Multipliers.Count, c.Tokens[0]))
        );
        Assert.Equal([49406, 49407, 0, 0], second.Empty.Tokens.Take(4));
        Assert.Equal(first.Chunk("").Chunks[0].Tokens, first.Empty.Tokens);
    }

    [Fact]
    public void AnEmbeddingMovesWithItsTokensPastAComma()
    {
        PromptChunker chunker = new(ClipTokenizer.Default) { Embeddings = [new("zzstyle", 6)] };
        string prompt = string.Concat(Enumerable.Repeat("cat ", 66)) + ", zzstyle cat cat cat";
        ChunkedPrompt chunks = chunker.Chunk(prompt);
        Assert.Empty(chunks.Chunks[0].Embeddings);
        Assert.Equal(new EmbeddingSlot("zzstyle", 1, 6), Assert.Single(chunks.Chunks[1].Embeddings));
        Assert.Equal([49406, 0, 0, 0, 0, 0, 0, 2368], chunks.Chunks[1].Tokens.Take(8));
    }

    [Fact]
    public void AnUnknownEmphasisIsRefusedWithTheKnownOnes() =>
        Assert.Contains("Original", Assert.Throws<FornoException>(() => Emphasis.Named("original")).Message);
}

using Forno.Generation.Requests;
using Forno.Kohya;

namespace Forno.Tests.Kohya;

public sealed class SamplePromptsTests : IDisposable
{
    private readonly string file = Path.GetTempFileName();

    public void Dispose() => File.Delete(file);

    [Fact]
    public void LinesAreReadAsKohyaDoes()
    {
        File.WriteAllText(
            file,
            "# remark\n\n a cat, (best:1.2) --n low quality --w 130 --H 768 --d 7 --s 28 --l 7.25 --ss euler_a\nplain\n"
        );
        IReadOnlyList<SamplePrompt> prompts = SamplePrompts.Read(file, "ddim");
        Assert.Equal(2, prompts.Count);
        GenerateRequest first = prompts[0].Request,
            second = prompts[1].Request;
        Assert.Equal(
            ("a cat, (best:1.2)", "low quality", 128, 768, 28, 7.25, "euler_a", 7ul),
            (
                first.Prompt,
                first.NegativePrompt,
                first.Width,
                first.Height,
                first.Steps,
                first.CfgScale,
                first.Sampler,
                prompts[0].Seed!.Value
            )
        );
        Assert.Equal(
            ("plain", "", 512, 512, 30, 7.5, "ddim"),
            (
                second.Prompt,
                second.NegativePrompt,
                second.Width,
                second.Height,
                second.Steps,
                second.CfgScale,
                second.Sampler
            )
        );
        Assert.Null(prompts[1].Seed);
    }

    [Theory]
    [InlineData("a --x 3", "--x")]
    [InlineData("a --s many", "many")]
    [InlineData("a --ss nosuch", "nosuch")]
    [InlineData("# only a remark", "no prompt")]
    public void WhatCannotBeReadIsNamed(string text, string part)
    {
        File.WriteAllText(file, text);
        Assert.Contains(part, Assert.Throws<FornoException>(() => SamplePrompts.Read(file, "ddim")).Message);
    }
}

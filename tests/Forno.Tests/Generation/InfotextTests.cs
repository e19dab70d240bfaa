using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.TestKit;

namespace Forno.Tests.Generation;

public class InfotextTests
{
    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        using var place = new TempTree();
        string a = place["a.safetensors"],
            b = place["b.safetensors"];
        File.WriteAllText(a, "");
        File.WriteAllText(b, "");
        var request = new GenerateRequest
        {
            Prompt = "a cat, (red:1.2)\nsecond line <lora:a:1>",
            NegativePrompt = "bad: \"x\"",
            Seed = 18446744073709551615,
            Steps = 30,
            CfgScale = 6.5,
            Width = 768,
            Height = 1280,
            Sampler = "dpmpp_2m",
            Scheduler = "sgm_uniform",
            ClipSkip = 2,
            Loras = [new LoraUse(b, 0.5, 0.25)],
        };
        var resolved = ResolvedRequest.Of(request, new LoraLibrary(Path.GetDirectoryName(a)!));
        Assert.Equal([a, b], resolved.Loras.Select(l => l.Path));
        UsedLora[] used = [new(resolved.Loras[0], "0123456789ab"), new(resolved.Loras[1], "ba9876543210")];
        Infotext written = Infotext.Of(resolved, new Size(768, 1280), request.Seed, loras: used),
            read = Infotext.Parse(written.ToString());
        Assert.Equal(request.Prompt + " <lora:b:0.25:0.5>", read.Prompt);
        Assert.Equal(request.NegativePrompt, read.NegativePrompt);
        Assert.Equal(written.Fields, read.Fields);
        Assert.Equal("a: 0123456789ab, b: ba9876543210", read["Lora hashes"]);
        Assert.StartsWith(
            "Steps: 30, Sampler: DPM++ 2M, Schedule type: SGM Uniform, CFG scale: 6.5, Seed: "
                + "18446744073709551615, Size: 768x1280, Clip skip: 2, RNG: CPU, "
                + "Lora hashes: \"a: 0123456789ab, b: ba9876543210\", Version: Forno ",
            written.ToString().Split('\n')[^1],
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("just a prompt", "just a prompt", "", 0)]
    [InlineData("Negative prompt: only\nSteps: 1, Sampler: LMS, Seed: 3", "", "only", 3)]
    [InlineData("a\n\nb\nNegative prompt: c\nd\nSteps: 1, Sampler: LMS, Seed: 3", "a\n\nb", "c\nd", 3)]
    [InlineData("a, b: c, d: e", "a, b: c, d: e", "", 0)]
    public void PromptsAreToldFromFields(string text, string prompt, string negative, int fields)
    {
        var read = Infotext.Parse(text);
        Assert.Equal((prompt, negative, fields), (read.Prompt, read.NegativePrompt, read.Fields.Count));
    }

    [GoldenFact]
    public void QuotingIsTheWebUis()
    {
        foreach (string folder in Directory.EnumerateDirectories(Goldens.Suite("infotext")))
        {
            using var golden = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
            var parameters = golden.RootElement.GetProperty("params");
            var expect = golden.RootElement.GetProperty("expect");
            (string from, string to, Func<string, string>? convert) = parameters.GetProperty("kind").GetString() switch
            {
                "quote" => ("values", "quoted", Infotext.Quote),
                "unquote" => ("quoted", "values", Infotext.Unquote),
                _ => ("", "", (Func<string, string>?)null),
            };
            if (convert is null)
            {
                continue;
            }
            foreach (
                (System.Text.Json.JsonElement value, System.Text.Json.JsonElement wanted) in parameters
                    .GetProperty(from)
                    .EnumerateArray()
                    .Zip(expect.GetProperty(to).EnumerateArray())
            )
            {
                if (value.ValueKind == System.Text.Json.JsonValueKind.String)
                {
                    Assert.Equal(wanted.GetString(), convert(value.GetString()!));
                }
            }
        }
    }
}

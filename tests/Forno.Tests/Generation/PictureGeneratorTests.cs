using Forno.Checkpoints;
using Forno.Generation;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Imaging.Png;
using Forno.Models;
using Forno.Models.Families;
using Forno.TestKit;

namespace Forno.Tests.Generation;

public sealed class PictureGeneratorTests : IDisposable
{
    private static readonly GenerateRequest Request = new()
    {
        Prompt = "a red heart, noto style",
        NegativePrompt = "blue",
        Seed = 5,
        Steps = 3,
        Width = 64,
        Height = 48,
        Sampler = "Euler a",
    };

    private readonly TinyBaseModel tiny = new();
    private readonly BaseModel model;

    public PictureGeneratorTests() => model = BaseModel.Load(tiny.File);

    public void Dispose()
    {
        model.Dispose();
        tiny.Dispose();
    }

    [Theory]
    [InlineData("Euler a")]
    [InlineData("DPM++ 2M Karras")]
    [InlineData("DPM++ SDE")]
    [InlineData("DDIM")]
    [InlineData("UniPC")]
    public void TheSameSeedDrawsTheSameFile(string sampler)
    {
        GenerateRequest request = Request with { Sampler = sampler };
        byte[] first = One(request).ToPng();
        Assert.Equal(first, One(request).ToPng());
        Assert.NotEqual(One(request).Pixels, One(request with { Seed = 6 }).Pixels);
        Assert.True(One(request).Pixels.Distinct().Count() > 8, "a flat picture shows nothing");
    }

    [Fact]
    public void APictureDoesNotDependOnItsBatch()
    {
        IReadOnlyList<GeneratedPicture> batch = Draw(Request with { BatchSize = 3, BatchCount = 2 });
        Assert.Equal([5, 6, 7, 8, 9, 10], batch.Select(p => p.Seed));
        foreach (GeneratedPicture picture in batch)
        {
            byte[] alone = One(Request with { Seed = picture.Seed }).Pixels;
            // Kernels may add up in another order for another batch; rounding then moves a byte by one at most.
            Assert.True(
                alone.Zip(picture.Pixels).All(p => Math.Abs(p.First - p.Second) <= 1),
                $"seed {picture.Seed} differs"
            );
        }
    }

    [Fact]
    public void EverythingInTheRequestCounts()
    {
        byte[] plain = One(Request).Pixels;
        foreach (
            GenerateRequest other in (GenerateRequest[])
                [
                    Request with
                    {
                        Prompt = "a blue heart, noto style",
                    },
                    Request with
                    {
                        Prompt = "a (red:1.5) heart, noto style",
                    },
                    Request with
                    {
                        NegativePrompt = "green",
                    },
                    Request with
                    {
                        CfgScale = 3,
                    },
                    Request with
                    {
                        ClipSkip = 2,
                    },
                    Request with
                    {
                        Sampler = "Euler",
                    },
                    Request with
                    {
                        Scheduler = "Karras",
                    },
                    Request with
                    {
                        Steps = 4,
                    },
                ]
        )
        {
            Assert.NotEqual(plain, One(other).Pixels);
        }
    }

    [Fact]
    public void ACfgScaleOfOneIgnoresTheNegativePrompt() =>
        Assert.Equal(
            One(Request with { CfgScale = 1 }).Pixels,
            One(Request with { CfgScale = 1, NegativePrompt = "something else" }).Pixels
        );

    [Fact]
    public void LongPromptsAndOddSizesAreDrawn()
    {
        GenerateRequest request = Request with
        {
            Prompt = string.Join(", ", Enumerable.Repeat("a red heart", 30)),
            Width = 56,
            Height = 72,
        };
        GeneratedPicture apart = One(request);
        Assert.Equal((56, 72, 56 * 72 * 3), (apart.Width, apart.Height, apart.Pixels.Length));
        // Padding the short negative prompt changes what it says, so the picture, and the infotext tells.
        GeneratedPicture padded = One(request with { PadConds = true });
        Assert.NotEqual(apart.Pixels, padded.Pixels);
        Assert.Contains("Pad conds: True", padded.Infotext);
    }

    [Fact]
    public void AnAdapterActsAsStronglyAsAskedAndLeavesNothingBehind()
    {
        string lora = Lora("style");
        var library = new LoraLibrary(tiny.Folder);
        byte[] plain = One(Request).Pixels;
        GeneratedPicture with = One(Request with { Prompt = Request.Prompt + "<lora:style:0.8>" }, library);
        Assert.NotEqual(plain, with.Pixels);
        Assert.Equal(plain, One(Request with { Prompt = Request.Prompt + "<lora:style:0>" }, library).Pixels);
        Assert.Equal(plain, One(Request).Pixels);
        Assert.All(model.Layers.Values, layer => Assert.Null(layer.Patch));

        GeneratedPicture byPath = One(Request with { Loras = [new LoraUse(lora, 0.8, 0.8)] });
        Assert.Equal(with.Pixels, byPath.Pixels);
        Assert.Contains("<lora:style:0.8>\nNegative prompt", byPath.Infotext);
        Assert.Contains("Lora hashes: \"style: " + ModelHash.DataSha256(lora)[..12] + "\"", with.Infotext);
        Assert.NotEqual(with.Pixels, One(Request with { Loras = [new LoraUse(lora, 0.8, 0)] }).Pixels);
        Assert.Equal(
            with.Pixels,
            One(Request with { Prompt = Request.Prompt + "<lora:out-name:0.8>" }, library).Pixels
        );
    }

    [Fact]
    public void WhatCannotBeDrawnIsOneClearError()
    {
        void Fails(string says, GenerateRequest request)
        {
            string message = Assert
                .Throws<FornoException>(() => Draw(request, new LoraLibrary(tiny.Folder, "/no/such/folder")))
                .Message;
            Assert.Contains(says, message);
            Assert.DoesNotContain('\n', message);
        }

        Lora("style");
        Fails("sampler \"Eular\" is unknown; valid: DPM++ 2M", Request with { Sampler = "Eular" });
        Fails("schedule \"Carras\" is unknown", Request with { Scheduler = "Carras" });
        Fails("width 100 is not a multiple of 8; the nearest is 104", Request with { Width = 100 });
        Fails("height 16392 is too large; at most 16384", Request with { Height = 16392 });
        Fails("width -8 is not a multiple of 8; the nearest is 8", Request with { Width = -8 });
        Fails("steps must be at least 1", Request with { Steps = 0 });
        Fails("steps must be at most 1000, not 1001", Request with { Steps = 1001 });
        Fails("steps must be below 1000 with UniPC", Request with { Steps = 1000, Sampler = "UniPC" });
        Fails("100000 batches of 50000 are too many pictures", Request with { BatchCount = 100000, BatchSize = 50000 });
        Fails("the CFG scale must be a number", Request with { CfgScale = double.NaN });
        Fails("clip skip 9 is not possible", Request with { ClipSkip = 9 });
        Fails(
            "LoRA 'style': its strength must be a number",
            Request with
            {
                Loras = [new LoraUse("style", double.PositiveInfinity)],
            }
        );
        Fails(
            $"no LoRA 'styel' among the 2 weight files in {tiny.Folder}, /no/such/folder (which does not "
                + "exist); did you mean 'style'?",
            Request with
            {
                Prompt = "x <lora:styel:1>",
            }
        );
        Fails("tiny.safetensors: nothing in it is for this model", Request with { Prompt = "<lora:tiny:1>" });
        Fails("<hypernet:x:1> in the prompt", Request with { Prompt = "<hypernet:x:1>" });
        Assert.All(model.Layers.Values, layer => Assert.Null(layer.Patch));
    }

    [Fact]
    public void ProgressCountsStepsAndPicturesAndCancellingStops()
    {
        var seen = new Collect();
        new PictureGenerator(model).Draw(Request with { BatchCount = 2 }, seen);
        Assert.Equal([1, 2, 3, 3, 4, 5, 6, 6], seen.Reports.Select(r => r.Step));
        Assert.Equal([5UL, 6UL], seen.Reports.Select(r => r.Finished).OfType<GeneratedPicture>().Select(p => p.Seed));
        using var cancel = new CancellationTokenSource();
        var stopping = new Collect { OnReport = cancel.Cancel };
        Assert.Throws<OperationCanceledException>(() =>
            new PictureGenerator(model).Draw(Request, stopping, cancel.Token)
        );
        Assert.Single(stopping.Reports);
    }

    [Fact]
    public void ThePngCarriesTheInfotext()
    {
        GeneratedPicture picture = One(Request);
        string text = PngText.Read(picture.ToPng(), "test")[PngText.Parameters];
        Assert.Equal(picture.Infotext, text);
        Assert.Equal(
            "a red heart, noto style\nNegative prompt: blue\nSteps: 3, Sampler: Euler a, Schedule type: "
                + "Automatic, CFG scale: 7, Seed: 5, "
                + $"Size: 64x48, Model hash: {model.Hash[..10]}, Model: tiny, RNG: CPU, Version: ",
            text[..(text.IndexOf("Version: ", StringComparison.Ordinal) + 9)]
        );
    }

    [Theory]
    [InlineData("sd15-inpainting")]
    [InlineData("sd21")]
    [InlineData("sdxl")]
    public void EveryFamilyDraws(string name)
    {
        using var other = new TinyBaseModel(family: ModelFamily.All[name]);
        using var own = BaseModel.Load(other.File);
        Assert.Equal(name, own.Family.Name);
        Assert.All(own.Targets, t => Assert.True(own.Layers.ContainsKey(t.Key), t.Key));
        byte[] Pixels(GenerateRequest request) => new PictureGenerator(own).Draw(request).Pictures[0].Pixels;
        byte[] plain = Pixels(Request);
        Assert.Equal(plain, Pixels(Request));
        Assert.NotEqual(plain, Pixels(Request with { Prompt = "a blue cat" }));
        Assert.NotEqual(plain, Pixels(Request with { NegativePrompt = "" }));
        // XL takes its own hidden state whatever is asked.
        Assert.Equal(name == "sdxl", plain.SequenceEqual(Pixels(Request with { ClipSkip = 2 })));
    }

    private GeneratedPicture One(GenerateRequest request, LoraLibrary? library = null) =>
        Assert.Single(Draw(request, library));

    private IReadOnlyList<GeneratedPicture> Draw(GenerateRequest request, LoraLibrary? library = null) =>
        new PictureGenerator(model, library).Draw(request).Pictures;

    private string Lora(string name) => tiny.AddLora(model, name);

    private sealed class Collect : IProgress<GenerateProgress>
    {
        public List<GenerateProgress> Reports { get; } = [];

        public Action? OnReport { get; init; }

        public void Report(GenerateProgress value)
        {
            Reports.Add(value);
            OnReport?.Invoke();
        }
    }
}

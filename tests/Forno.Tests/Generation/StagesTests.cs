using Forno.Diffusion;
using Forno.Diffusion.Noise;
using Forno.Diffusion.Samplers;
using Forno.Generation;
using Forno.Generation.Prompts;
using Forno.Generation.Requests;
using Forno.Generation.Stages;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.TestKit;
using Forno.Text;
using Forno.Torch;

namespace Forno.Tests.Generation;

/// <summary>The parts that a picture is made by, one by one and put together.</summary>
public sealed class StagesTests : IDisposable
{
    private static readonly GenerateRequest Asked = new()
    {
        Prompt = "a (red:1.3) heart",
        NegativePrompt = "blue",
        Seed = 7,
        Steps = 4,
        Width = 64,
        Height = 48,
    };

    private readonly TinyBaseModel tiny = new();
    private readonly BaseModel model;

    public StagesTests() => model = BaseModel.Load(tiny.File);

    public void Dispose()
    {
        model.Dispose();
        tiny.Dispose();
    }

    public static TheoryData<string> Samplers => [.. SamplerRegistry.All.Select(s => s.Name)];

    // Put together by hand: the sampler in one go, both prompts as one batch.
    [Theory]
    [MemberData(nameof(Samplers))]
    public void StagesComposeToTheWholeWayPixelForPixel(string sampler)
    {
        GenerateRequest asked = Asked with { Sampler = sampler };
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        FittedRequest request = new PictureGenerator(model).Resolve(asked);
        StepConditioning told = Conditionings(request);
        using var noise = new SeededNoise([7], [4, 6, 8]);
        Tensor latents = SamplerRegistry
            .Find(sampler)
            .Sample(
                new SampleRequest
                {
                    Denoise = Guidance.Cfg(
                        Under(told.Positive[0].Conditioning),
                        (x, sigma) => BothAtOnce(x, sigma, told),
                        asked.CfgScale
                    ),
                    Schedule = model.SamplingSchedule,
                    Noise = noise,
                    Steps = asked.Steps,
                }
            );
        Tensor bytes = ((model.Vae.Decode(latents) + 1) * 127.5).Round().Clamp(0, 255).To(DType.UInt8);
        Assert.Equal(
            bytes.Select(0, 0).Permute(1, 2, 0).Contiguous().ToArray<byte>(),
            new PictureGenerator(model).Draw(request).Pictures[0].Pixels
        );
    }

    [Theory]
    [InlineData("Euler a")]
    [InlineData("DPM++ SDE")]
    [InlineData("DDIM")]
    [InlineData("UniPC")]
    public void AnotherStartMakesPictureToPicture(string sampler)
    {
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        FittedRequest request = new PictureGenerator(model).Resolve(Asked with { Sampler = sampler });
        Sampling sampling = Sampling.Of(request) with { Strength = 0.5 };
        Tensor clean = Tensor.Full([2, 4, 6, 8], 0.5);
        var steps = new List<int>();
        Tensor composed,
            whole;
        using (var noise = new SeededNoise([7, 8], request.LatentShape))
        {
            var plan = new StagePlan(new Given(clean), new NoiseStage(sampling), new SampleStage(sampling));
            Assert.Equal(3, plan.Steps);
            composed = plan.Run(Context(request, noise) with { OnStep = steps.Add });
        }
        using (var noise = new SeededNoise([7, 8], request.LatentShape))
        {
            StageContext context = Context(request, noise);
            whole = sampling.Sampler.Sample(sampling.For(context) with { Init = clean });
        }
        Assert.Equal(whole.ToArray<float>(), composed.ToArray<float>());
        Assert.NotEqual(clean.ToArray<float>(), composed.ToArray<float>());
        Assert.Equal([1, 2, 3], steps);
    }

    [Fact]
    public void StagesCountTheirStepsOneAfterTheOther()
    {
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        FittedRequest request = new PictureGenerator(model).Resolve(Asked);
        var first = Sampling.Of(request);
        Sampling second = first with { Strength = 0.3 };
        using var noise = new SeededNoise([7], request.LatentShape);
        var plan = new StagePlan(
            new NoiseStart(first),
            new SampleStage(first),
            new NoiseStage(second),
            new SampleStage(second)
        );
        var steps = new List<int>();
        plan.Run(Context(request, noise) with { OnStep = steps.Add });
        Assert.Equal(6, plan.Steps);
        Assert.Equal([1, 2, 3, 4, 5, 6], steps);
    }

    [Fact]
    public void WhatTheNetworkIsToldGoesByStep()
    {
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        StepConditioning red = Conditionings(new PictureGenerator(model).Resolve(Asked)),
            cat = Conditionings(new PictureGenerator(model).Resolve(Asked with { Prompt = "a cat" }));
        var schedule = new ConditioningSchedule((0, red), (2, cat));
        Assert.Equal([red, red, cat, cat], Enumerable.Range(0, 4).Select(schedule.At));
        Assert.Throws<ArgumentException>(() => new ConditioningSchedule());
        Assert.Throws<ArgumentException>(() => new ConditioningSchedule((1, red)));
        Assert.Throws<ArgumentException>(() => new ConditioningSchedule((0, red), (0, cat)));

        float[] constant = Latents(ConditioningSchedule.Constant(red));
        Assert.Equal(constant, Latents(new ConditioningSchedule((0, red), (2, red))));
        Assert.Equal(constant, Latents(new ConditioningSchedule((0, red), (4, cat))));
        Assert.Equal(Latents(ConditioningSchedule.Constant(cat)), Latents(new ConditioningSchedule((0, cat))));
        float[][] changed = [.. Enumerable.Range(1, 3).Select(n => Latents(new((0, red), (n, cat))))];
        Assert.Equal(5, changed.Append(constant).Append(Latents(new((0, cat)))).DistinctBy(l => l[0]).Count());
    }

    [Fact]
    public void PartsOfAPromptPullTogether()
    {
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        StepConditioning told = Conditionings(new PictureGenerator(model).Resolve(Asked)),
            longer = Conditionings(
                new PictureGenerator(model).Resolve(
                    Asked with
                    {
                        Prompt = string.Join(", ", Enumerable.Repeat("a cat", 60)),
                    }
                )
            );
        Conditioning red = told.Positive[0].Conditioning,
            cat = longer.Positive[0].Conditioning;
        Assert.NotEqual(red.Context.Size(1), cat.Context.Size(1));
        float[] Of(params (Conditioning Conditioning, double Weight)[] parts) =>
            Latents(
                ConditioningSchedule.Constant(
                    told with
                    {
                        Positive = [.. parts.Select(p => new WeightedConditioning(p.Conditioning, p.Weight))],
                    }
                )
            );

        float[] whole = Of((red, 1));
        AssertNear(whole, Of((red, 0.5), (red, 0.5)));
        AssertNear(whole, Of((red, 1), (told.Negative, 3)));
        AssertNear(whole, Of((red, 1), (cat, 0)));
        AssertNear(Of((red, 1), (cat, 0.7)), Of((cat, 0.7), (red, 1)));
        Assert.True(Of((red, 1), (cat, 0.7)).Zip(whole).Max(p => Math.Abs(p.First - p.Second)) > 1e-2);
    }

    [Theory]
    [InlineData("sd15")]
    [InlineData("sdxl")]
    [InlineData("sd21")]
    public void ABatchIsItsPicturesAndDrawingTwiceIsDrawingOnce(string family)
    {
        using var other = new TinyBaseModel(family: ModelFamily.All[family]);
        using var own = BaseModel.Load(other.File);
        var generator = new PictureGenerator(own);
        GenerateRequest asked = Asked with { Sampler = "DPM++ 2M SDE", Steps = 3, BatchSize = 2, BatchCount = 2 };
        IReadOnlyList<GeneratedPicture> all = generator.Draw(asked).Pictures;
        IReadOnlyList<GeneratedPicture> again = generator.Draw(asked).Pictures;
        Assert.Equal([7UL, 8, 9, 10], all.Select(p => p.Seed));
        for (int n = 0; n < 4; n++)
        {
            Assert.Equal(all[n].ToPng(), again[n].ToPng());
            GeneratedPicture alone = generator
                .Draw(asked with { Seed = 7 + (ulong)n, BatchSize = 1, BatchCount = 1 })
                .Pictures[0];
            Assert.Equal(all[n].Infotext, alone.Infotext);
            // Kernels may add up in another order for another batch; rounding then moves a byte by one at most.
            Assert.True(alone.Pixels.Zip(all[n].Pixels).All(p => Math.Abs(p.First - p.Second) <= 1));
        }
    }

    [Fact]
    public void WhatHasNoEffectIsSaid()
    {
        GenerateResult drawn = new PictureGenerator(model).Draw(Asked with { Sampler = "DDIM", Scheduler = "karras" });
        Assert.Equal(["DDIM walks whole timesteps, on which the schedule Karras has no effect"], drawn.Warnings);
        Assert.Empty(new PictureGenerator(model).Draw(Asked with { Sampler = "DDIM" }).Warnings);
    }

    private static void AssertNear(float[] expected, float[] actual) =>
        Assert.InRange(expected.Zip(actual).Max(p => Math.Abs(p.First - p.Second)), 0, 1e-4 * expected.Max(Math.Abs));

    private float[] Latents(ConditioningSchedule schedule)
    {
        using var scope = new Scope();
        FittedRequest request = new PictureGenerator(model).Resolve(Asked with { Sampler = "Euler" });
        using var noise = new SeededNoise([7], request.LatentShape);
        StageContext context = Context(request, noise) with { Network = new GuidedNetwork(model, schedule, null) };
        return StagePlan.Of(request).Run(context).ToArray<float>();
    }

    private StageContext Context(FittedRequest request, SeededNoise noise) =>
        new()
        {
            Request = request,
            Network = new GuidedNetwork(model, ConditioningSchedule.Constant(Conditionings(request)), null),
            Noise = noise,
        };

    private static StepConditioning Conditionings(FittedRequest request) =>
        new PromptEncoder(request, ClipTokenizer.Default).Schedule().At(0);

    private Denoise Under(Conditioning conditioning) =>
        Denoiser.Wrap(
            (x, timestep) => model.UNet.Forward(x, Tensor.Full([x.Size(0)], timestep), conditioning.Context),
            model.SamplingSchedule.ForSampling(),
            model.Prediction
        );

    private (Tensor, Tensor) BothAtOnce(Tensor x, Sigma sigma, StepConditioning told)
    {
        var both = new Conditioning(Ops.Cat([told.Positive[0].Conditioning.Context, told.Negative.Context]));
        Tensor[] halves = Under(both)(Ops.Cat([x, x]), sigma).Chunk(2, 0);
        return (halves[0], halves[1]);
    }

    private sealed record Given(Tensor Latents) : IStart
    {
        public Tensor Begin(StageContext context) => Latents.Alias();
    }
}

using Forno.Diffusion;
using Forno.Diffusion.Noise;
using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Tests.Diffusion;

[Collection(Alone.Name)]
public class SamplersTests
{
    public static TheoryData<string> Names => [.. SamplerRegistry.All.Select(s => s.Name)];

    private static readonly long[] Picture = [4, 4, 4];

    // Data that is one point: its exact denoiser knows the point whatever x is.
    private static Denoise Point(float[] point) => (_, _) => Tensor.From(point, 1, 4, 4, 4);

    private static float[] Target { get; } = [.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i))];

    private static SampleRequest Request(Denoise denoise, SeededNoise noise, int steps = 12) =>
        new()
        {
            Denoise = denoise,
            Schedule = NoiseSchedule.StableDiffusion,
            Noise = noise,
            Steps = steps,
        };

    [Theory]
    [MemberData(nameof(Names))]
    public void APerfectDenoiserOfAPointLandsOnIt(string name)
    {
        using var scope = new Scope();
        using var noise = new SeededNoise([5], Picture);
        float[] x = SamplerRegistry.Find(name).Sample(Request(Point(Target), noise)).ToArray<float>();
        // Samplers that end at the lowest trained level keep its noise, at most four deviations of it here.
        bool endsAbove = name is "DPM fast" or "DPM adaptive" or "DDIM" or "PLMS";
        double off = x.Zip(Target, (a, b) => Math.Abs(a - b)).Max();
        Assert.InRange(off, 0, endsAbove ? 4 * NoiseSchedule.StableDiffusion.SigmaMin : 2e-4);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void ImageToImageLandsToo(string name)
    {
        using var scope = new Scope();
        using var noise = new SeededNoise([5], Picture);
        SampleRequest request = Request(Point(Target), noise) with { Init = Tensor.Ones([1, 4, 4, 4]), Strength = 0.5 };
        float[] x = SamplerRegistry.Find(name).Sample(request).ToArray<float>();
        // What the lowest trained level leaves is allowed.
        Assert.InRange(x.Zip(Target, (a, b) => Math.Abs(a - b)).Max(), 0, 4 * NoiseSchedule.StableDiffusion.SigmaMin);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void APictureIsTheSameAloneAndInABatchAndNothingLeaks(string name)
    {
        // A denoiser that depends on x, so that noise and history matter.
        static Tensor Shrink(Tensor x, Sigma sigma)
        {
            using var scope = new Scope();
            return scope.Keep(x * (0.25 / (0.25 + (sigma * sigma))));
        }

        long before = Tensor.LiveCount;
        using (new Scope())
        {
            Sampler sampler = SamplerRegistry.Find(name);
            using var both = new SeededNoise([3, 8], Picture);
            using var one = new SeededNoise([8], Picture);
            using var scope = new Scope();
            Tensor batch = sampler.Sample(Request(Shrink, both)),
                alone = sampler.Sample(Request(Shrink, one));
            float[] second = batch.Slice(0, 1, 2).ToArray<float>();
            // The adaptive sampler's steps follow the error of the whole batch.
            double within = name == "DPM adaptive" ? 0.02 : 1e-5;
            Assert.All(second.Zip(alone.ToArray<float>()), p => Assert.Equal(p.Second, p.First, within));
            Assert.NotEqual(batch.Slice(0, 0, 1).ToArray<float>(), second);
        }
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void StepsAreToldAndCancelled()
    {
        using var scope = new Scope();
        using var noise = new SeededNoise([1], Picture);
        using var stop = new CancellationTokenSource();
        var told = new List<SamplerStep>();
        var run = new SamplerRun
        {
            Cancel = stop.Token,
            OnStep = s =>
            {
                told.Add(s);
                if (s.Step == 2)
                {
                    stop.Cancel();
                }
            },
        };
        Assert.Throws<OperationCanceledException>(() =>
            SamplerRegistry.Find("Euler").Sample(Request(Point(Target), noise) with { Run = run })
        );
        Assert.Equal([0, 1, 2], told.Select(s => s.Step));
        Assert.All(told, s => Assert.Equal(12, s.Steps));
    }

    [Theory]
    [InlineData("DPM++ 2M Karras", "DPM++ 2M", "Karras")]
    [InlineData("dpm++ 2m sde exponential", "DPM++ 2M SDE", "Exponential")]
    [InlineData("euler_a", "Euler a", null)]
    [InlineData("k_dpm_2_a", "DPM2 a", null)]
    [InlineData("dpmsolver++", "DPM++ 2M", null)]
    [InlineData("pndm", "PLMS", null)]
    public void OtherToolsNamesAreUnderstood(string name, string sampler, string? schedule)
    {
        Assert.Equal(sampler, SamplerRegistry.Find(name, out string? found).Name);
        Assert.Equal(schedule, found);
    }

    [Fact]
    public void UnknownNamesListTheValidOnes()
    {
        Assert.Contains(
            "Euler a",
            Assert.Throws<FornoException>(() => SamplerRegistry.Find("Eular")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "Karras",
            Assert.Throws<FornoException>(() => ScheduleRegistry.Find("Caras")).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void ZeroTerminalSnrStartsFromPureNoise()
    {
        using var scope = new Scope();
        NoiseSchedule zero = NoiseSchedule.StableDiffusion.ZeroTerminalSnr();
        Assert.True(double.IsInfinity(zero.SigmaMax));
        foreach (string name in (string[])["DDIM", "UniPC", "Euler", "DPM++ 2M"])
        {
            using var noise = new SeededNoise([1], Picture);
            SampleRequest request = Request(Point(Target), noise) with
            {
                Schedule = zero,
                Prediction = Prediction.Velocity,
            };
            float[] x = SamplerRegistry.Find(name).Sample(request).ToArray<float>();
            Assert.InRange(x.Zip(Target, (a, b) => Math.Abs(a - b)).Max(), 0, 0.15);
        }
    }

    [Fact]
    public void SecondOrderBeatsFirstOnAGaussian()
    {
        // Data N(0, 1/4): the flow is x·sqrt(1/4 + σ²), so from σ₀ to 0 it multiplies by sqrt(0.25/(0.25 +
        // σ₀²)).
        Sigma[] sigmas = SigmaSchedules.Karras(16, 0.03, 14);
        double exact = Math.Sqrt(0.25 / (0.25 + (14.0 * 14)));
        double Error(Func<Denoise, Tensor, Tensor> sample)
        {
            using var scope = new Scope();
            return Math.Abs(
                (sample((x, s) => x * (0.25 / (0.25 + (s * s))), Tensor.Ones([1, 1, 1, 1])).Item() / exact) - 1
            );
        }

        Tensor NoNoise(Tensor x, Sigma a, Sigma b) => throw new InvalidOperationException("deterministic");
        double euler = Error((d, x) => Samplers.Euler(d, x, sigmas, NoNoise));
        Assert.InRange(Error((d, x) => Samplers.Heun(d, x, sigmas, NoNoise)), 0, euler / 3);
        Assert.InRange(Error((d, x) => Samplers.DpmPP2M(d, x, sigmas)), 0, euler / 3);
        Assert.InRange(Error((d, x) => Samplers.DpmPP2SAncestral(d, x, sigmas, NoNoise, eta: 0)), 0, euler / 3);
    }

    [Fact]
    public void RestartJumpsBackAndEndsAtZero()
    {
        List<(Sigma From, Sigma To)> plan = Samplers.RestartPlan(SigmaSchedules.Karras(36, 0.03, 14.6), null);
        Assert.Equal(36, plan.Count);
        Assert.Equal(0, plan[^1].To.Value);
        int[] jumps = [.. Enumerable.Range(1, plan.Count - 1).Where(i => plan[i].From > plan[i - 1].To)];
        Assert.Equal(2, jumps.Length);
        Assert.All(jumps, i => Assert.InRange(plan[i].From.Value, 1.5, 2.5));
    }
}

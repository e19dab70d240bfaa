using Forno.Diffusion;
using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Tests.Diffusion;

public class SchedulesTests
{
    public static TheoryData<string> Names => [.. ScheduleRegistry.All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void SchedulesDescendToTheirEnd(string name)
    {
        foreach (int n in (int[])[1, 2, 7, 11, 20, 50])
        {
            Sigma[] sigmas = ScheduleRegistry.Find(name)(new ScheduleInput(NoiseSchedule.StableDiffusion, n, false));
            Assert.True(name == "DDIM" ? sigmas.Length > n : sigmas.Length == n + 1);
            Assert.Equal(name == "KL Optimal" ? NoiseSchedule.StableDiffusion.SigmaMin : 0.0, sigmas[^1].Value, 1e-6);
            Assert.All(
                sigmas.Zip(sigmas.Skip(1)),
                p => Assert.True(p.First.Value > p.Second.Value, $"{name} {n}: {p}")
            );
        }
    }

    [Fact]
    public void SigmaAndTimestepAreInverse()
    {
        NoiseSchedule s = NoiseSchedule.StableDiffusion;
        foreach (double t in (double[])[0, 0.25, 1, 499.5, 998.9, 999])
        {
            Assert.Equal(t, s.ToTimestep(s.ToSigma(new Timestep(t))).Value, 1e-3);
        }
        Assert.Equal(0, s.ToTimestep(new Sigma(0)).Value);
        Assert.Equal(999, s.ToTimestep(new Sigma(1e9)).Value);
        Assert.Equal(999, s.ToTimestep(new Sigma(double.PositiveInfinity)).Value);
    }

    [Fact]
    public void BetaQuantilesMatchClosedForms()
    {
        // Beta(1/2, 1/2) is the arcsine law; I_0.4(2, 3) is a binomial tail.
        foreach (double p in (double[])[0.01, 0.2, 0.5, 0.9])
        {
            Assert.Equal(Math.Pow(Math.Sin(Math.PI * p / 2), 2), BetaDistribution.Quantile(p, 0.5, 0.5), 1e-10);
        }
        Assert.Equal(0.5248, BetaDistribution.Share(0.4, 2, 3), 1e-12);
        Assert.Equal(0.5, BetaDistribution.Quantile(0.5, 0.6, 0.6), 1e-12);
    }

    [Fact]
    public void TunedLevelsAreKeptAtElevenSteps()
    {
        Sigma[] sigmas = SigmaSchedules.AlignYourSteps(11);
        Assert.Equal(6.475, sigmas[1].Value, 1e-9);
        Assert.Equal(0.029, sigmas[10].Value, 1e-9);
    }

    [Theory]
    [InlineData(Prediction.Epsilon)]
    [InlineData(Prediction.Velocity)]
    public void DenoisedAndOutputAreInverse(Prediction prediction)
    {
        using var scope = new Scope();
        using var g = new Generator(1);
        Tensor x = g.Randn(1, 4, 4, 4) * 3,
            output = g.Randn(1, 4, 4, 4);
        var sigma = new Sigma(2.5);
        Tensor denoised = Denoiser.Wrap((_, _) => output.Alias(), NoiseSchedule.StableDiffusion, prediction)(x, sigma);
        Tensor back = prediction.ToOutput(x, denoised, sigma);
        Assert.InRange((back - output).Abs().Max().Item(), 0, 1e-5);
    }

    [Fact]
    public void BothPredictionsTellTheSameData()
    {
        using var scope = new Scope();
        using var g = new Generator(2);
        NoiseSchedule s = NoiseSchedule.Training;
        Tensor x0 = g.Randn(1, 4, 4, 4),
            noise = g.Randn(1, 4, 4, 4);
        int[] t = [700];
        var sigma = new Sigma(s.Sigmas[700]);
        Tensor ve = x0 + (noise * sigma),
            v = Forward.Velocity(s, x0, noise, t);
        Tensor byNoise = Denoiser.Wrap((_, _) => noise.Alias(), s, Prediction.Epsilon)(ve, sigma);
        Tensor byVelocity = Denoiser.Wrap((_, _) => v.Alias(), s, Prediction.Velocity)(ve, sigma);
        Assert.InRange((byNoise - x0).Abs().Max().Item(), 0, 1e-5);
        Assert.InRange((byVelocity - x0).Abs().Max().Item(), 0, 1e-5);
    }
}

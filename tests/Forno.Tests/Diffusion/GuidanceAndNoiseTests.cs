using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Diffusion.Noise;
using Forno.Torch;

namespace Forno.Tests.Diffusion;

public class GuidanceAndNoiseTests
{
    [Fact]
    public void GuidanceGoesBeyondThePositive()
    {
        using var scope = new Scope();
        Denoise positive = (x, _) => x * 0.5,
            negative = (x, _) => x * 0.25;
        var x = Tensor.Ones([1, 1, 2, 2]);
        Assert.Equal(0.25 + (7 * 0.25), Guidance.Cfg(positive, negative, 7)(x, new Sigma(1)).Max().Item(), 1e-6);
        Denoise never = (_, _) => throw new InvalidOperationException("a scale of 1 must not ask for the negative");
        Assert.Equal(0.5, Guidance.Cfg(positive, never, 1)(x, new Sigma(1)).Max().Item(), 1e-6);
    }

    [Theory]
    [InlineData(Prediction.Epsilon)]
    [InlineData(Prediction.Velocity)]
    public void FullRescaleKeepsThePositiveSpread(Prediction prediction)
    {
        using var scope = new Scope();
        using var g = new Generator(3);
        Tensor x = g.Randn(2, 4, 8, 8),
            a = g.Randn(2, 4, 8, 8),
            b = g.Randn(2, 4, 8, 8);
        var sigma = new Sigma(1.5);
        DenoiseBoth both = (_, _) => (a.Alias(), b.Alias());
        Tensor got = Guidance.CfgRescaled((_, _) => a.Alias(), both, 9, 1, prediction)(x, sigma);
        double[] want = prediction.ToOutput(x, a, sigma).Std([1, 2, 3]).ToArray<double>();
        double[] have = prediction.ToOutput(x, got, sigma).Std([1, 2, 3]).ToArray<double>();
        Assert.Equal(want[0], have[0], 1e-4);
        Assert.Equal(want[1], have[1], 1e-4);
        double[] plain = prediction
            .ToOutput(x, Guidance.Cfg((_, _) => a.Alias(), both, 9)(x, sigma), sigma)
            .Std([1, 2, 3])
            .ToArray<double>();
        Assert.True(plain[0] > 3 * want[0]);
    }

    [Fact]
    public void BrownianIncrementsAddUp()
    {
        using var scope = new Scope();
        using var g = new Generator(4);
        var like = Tensor.Zeros([1, 4, 32, 32]);
        using var path = new BrownianNoise(() => g.Randn(1, 4, 32, 32), new Sigma(0), new Sigma(14));
        Sigma a = new(9),
            b = new(4),
            c = new(1);
        Tensor Step(Sigma from, Sigma to) => path.Source(like, from, to) * Math.Sqrt(from - to);
        Tensor whole = Step(a, c),
            parts = Step(a, b) + Step(b, c);
        Assert.InRange((whole - parts).Abs().Max().Item(), 0, 1e-4);
        Assert.InRange(path.Source(like, a, b).Std().Item(), 0.95, 1.05);
        Assert.InRange(path.Source(like, b, c).Std().Item(), 0.95, 1.05);
        Assert.Throws<ArgumentOutOfRangeException>(() => path.Source(like, new Sigma(20), c));
    }

    [Fact]
    public void FirstNoiseIsThatOfTheSeed()
    {
        using var scope = new Scope();
        using var noise = new SeededNoise([42], [4, 8, 8]);
        using var g = new Generator(42);
        Assert.Equal(g.Randn(4, 8, 8).ToArray<float>(), noise.First().ToArray<float>());
        Assert.Equal(g.Randn(4, 8, 8).ToArray<float>(), noise.Next().ToArray<float>());
        using var shifted = new SeededNoise([42], [4, 8, 8]) { SeedDelta = 31337 };
        using var other = new Generator(42 + 31337);
        shifted.First();
        Assert.Equal(other.Randn(4, 8, 8).ToArray<float>(), shifted.Next().ToArray<float>());
    }

    [Fact]
    public void VariationGoesFromOneSeedToTheOther()
    {
        using var scope = new Scope();
        float[] At(double strength)
        {
            using var noise = new SeededNoise([1], [4, 8, 8]) { VariationSeeds = [2], VariationStrength = strength };
            return noise.First().ToArray<float>();
        }

        using var second = new SeededNoise([2], [4, 8, 8]);
        Assert.All(second.First().ToArray<float>().Zip(At(1)), p => Assert.Equal(p.First, p.Second, 1e-5));
        Assert.NotEqual(At(0), At(0.3));
    }

    [Fact]
    public void TrainingNoiseFollowsItsGenerator()
    {
        using var scope = new Scope();
        var recipe = new NoiseRecipe
        {
            Offset = 0.1,
            OffsetRandomStrength = true,
            MultiresIterations = 6,
            InputGamma = 0.1,
            InputGammaRandomStrength = true,
            MinTimestep = 200,
            MaxTimestep = 210,
        };
        NoisedBatch Draw()
        {
            using var g = Rng.For(7, "noise", 3);
            return TrainingNoise.Apply(
                Tensor.Zeros([8, 4, 16, 16]),
                recipe,
                NoiseSchedule.Training,
                new GeneratorDraws(g)
            );
        }

        NoisedBatch a = Draw(),
            b = Draw();
        Assert.Equal(a.Noisy.ToArray<float>(), b.Noisy.ToArray<float>());
        Assert.Equal(a.Timesteps, b.Timesteps);
        Assert.All(a.Timesteps, t => Assert.InRange(t, 200, 209));
        Assert.Equal(1, a.Noise.Std().Item(), 1e-4);
    }

    [Fact]
    public void ASampleOfWeightZeroTeachesNothing()
    {
        using var scope = new Scope();
        using var g = new Generator(5);
        Tensor prediction = g.Randn(2, 4, 4, 4),
            target = g.Randn(2, 4, 4, 4);
        prediction.RequiresGrad = true;
        int[] t = [100, 800];
        float[] weights = [0, 1];
        LossResult loss = LossFunctions.Batch(
            prediction,
            target,
            new LossRecipe { MinSnrGamma = 5 },
            NoiseSchedule.Training,
            NoiseSchedule.Training,
            t,
            weights
        );
        Autograd.Backward(loss.Loss);
        Assert.Equal(0, prediction.Grad!.Select(0, 0).Abs().Max().Item());
        Assert.True(prediction.Grad!.Select(0, 1).Abs().Max().Item() > 0);
    }
}

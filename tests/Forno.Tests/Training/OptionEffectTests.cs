using System.Globalization;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Data;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Kohya;
using Forno.Models;
using Forno.Models.Families;
using Forno.Nn;
using Forno.Optim;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Recipes;

namespace Forno.Tests.Training;

/// <summary>Options from the configuration to what they do: to a batch, a loss, the adapter's modules, a run.</summary>
public sealed class OptionEffectTests : IDisposable
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;
    private readonly TrainRun run = new();
    private readonly BaseModel model;

    public OptionEffectTests() => model = BaseModel.Load(TrainRecipeReader.Read(run.ConfigPath).Model.Path);

    public void Dispose()
    {
        model.Dispose();
        run.Dispose();
    }

    [Fact]
    public void LossOptionsChangeTheLossAsTheyShould()
    {
        using var scope = new Scope();
        Made plain = Make();
        (string[] Options, LossRecipe Means)[] weights =
        [
            (["--debiased_estimation_loss"], new LossRecipe { Debiased = true }),
            (["--v_pred_like_loss", "0.5"], new LossRecipe { VPredLikeLoss = 0.5 }),
            (["--min_snr_gamma", "5"], new LossRecipe { MinSnrGamma = 5 }),
        ];
        foreach (var (options, means) in weights)
        {
            double expected = plain
                .Losses.Select((l, i) => l * LossWeights.Of(means, NoiseSchedule.Training, plain.Batch.Timesteps[i]))
                .Average();
            Assert.Equal(expected, Make(options).Loss, expected * 1e-5);
            Assert.NotEqual(plain.Loss, expected, plain.Loss * 1e-3);
        }

        using Tensor difference = (plain.Prediction - plain.Batch.Noise).Own();
        Assert.Equal(difference.Abs().Mean().Item(), Make("--loss_type", "l1").Loss, 1e-5);
        const double c = 0.1;
        Tensor smooth = ((difference.Square() + (c * c)).Sqrt() - c) * 2;
        Made made = Make("--loss_type", "smooth_l1", "--huber_schedule", "constant");
        Assert.Equal(smooth.Mean().Item(), made.Loss, 1e-5);

        double velocity = Make("--v_parameterization").Loss;
        Made scaled = Make("--v_parameterization", "--scale_v_pred_loss_like_noise_pred");
        Assert.True(scaled.Loss < velocity * 0.9);
    }

    [Fact]
    public void NoiseOptionsChangeTheNoiseAsTheyShould()
    {
        using var scope = new Scope();
        TrainBatch plain = Make().Batch,
            offset = Make("--noise_offset", "0.1").Batch;
        Assert.True(Spread(offset.Noise - plain.Noise) < 1e-5); // one constant per sample and channel
        Assert.True(Differ(offset.Noise, plain.Noise) > 0.01);
        TrainBatch random = Make("--noise_offset", "0.1", "--noise_offset_random_strength").Batch,
            adaptive = Make("--noise_offset", "0.1", "--adaptive_noise_scale", "1").Batch;
        Assert.True(Spread(random.Noise - plain.Noise) < 1e-5 && Spread(adaptive.Noise - plain.Noise) < 1e-5);
        Assert.True(Differ(random.Noise, offset.Noise) > 0.001 && Differ(adaptive.Noise, offset.Noise) > 0.001);

        TrainBatch pyramid = Make("--multires_noise_iterations", "4").Batch;
        Assert.True(Differ(pyramid.Noise, plain.Noise) > 0.05);
        Assert.True(
            Differ(
                Make("--multires_noise_iterations", "4", "--multires_noise_discount", "0.8").Batch.Noise,
                pyramid.Noise
            ) > 0.05
        );

        TrainBatch input = Make("--ip_noise_gamma", "0.1").Batch;
        Assert.Equal(0, Differ(input.Noise, plain.Noise));
        Assert.True(Differ(input.Noisy, plain.Noisy) > 0.01);
        TrainBatch weaker = Make("--ip_noise_gamma", "0.1", "--ip_noise_gamma_random_strength").Batch;
        Assert.True(Differ(weaker.Noisy, plain.Noisy) < Differ(input.Noisy, plain.Noisy));

        int[] times = Make("--min_timestep", "40", "--max_timestep", "42").Batch.Timesteps;
        Assert.All(times, t => Assert.InRange(t, 40, 41));

        TrainBatch terminal = Make("--zero_terminal_snr", "--v_parameterization").Batch;
        Assert.Equal(0, Differ(terminal.Noise, plain.Noise));
        Assert.True(Differ(terminal.Noisy, plain.Noisy) > 1e-4);
    }

    [Fact]
    public void BlocksHaveTheirOwnRanksAndRates()
    {
        string dims = string.Join(',', Enumerable.Range(0, 25).Select(i => i < 12 ? 0 : i));
        TrainPlan plan = Plan(
            "--network_args",
            $"block_dims={dims}",
            $"block_alphas={string.Join(',', Enumerable.Repeat("3", 25))}",
            "up_lr_weight=reverse_linear+0.5",
            "conv_block_dims=" + string.Join(',', Enumerable.Repeat("1", 25)),
            "--unet_lr=0.01",
            "--text_encoder_lr=0"
        );
        IReadOnlyList<AdapterModule> modules = plan.Modules(PatchTargets.FullSize(ModelFamily.Sd15));
        Assert.All(modules.Where(m => !m.Target.IsSpatial), m => Assert.Equal(m.Target.BlockIndex, m.Rank));
        Assert.All(modules.Where(m => m.Target.IsSpatial), m => Assert.Equal(1, m.Rank));
        Assert.DoesNotContain(modules, m => m.Target is { BlockIndex: < 12, IsSpatial: false });
        Assert.All(modules.Where(m => !m.Target.IsSpatial), m => Assert.Equal(3, m.Alpha));

        IReadOnlyList<AdapterModule> own = plan.Modules(model.Targets);
        using var network = AdapterNetwork.New(LoraAdapter.Kind, own, 1, plan.Settings().Dropout);
        using Optimizer optimizer = plan.NewOptimizer(plan.Groups(network, own));
        Assert.Contains(optimizer.Groups, g => g.Name != "unet_block12");
        Assert.All(
            optimizer.Groups.Select(g => (Block: int.Parse(g.Name["unet_block".Length..], Culture), g.Lr)),
            g => Assert.Equal(0.01 * (g.Block < 13 ? 1 : 0.5 + ((24 - g.Block) / 11.0)), g.Lr, 1e-12)
        );
    }

    [Fact]
    public void LycorisPresetsChooseTheLayers()
    {
        IReadOnlyList<PatchTarget> targets = PatchTargets.FullSize(ModelFamily.Sd15);
        AdapterModule[] Of(string preset) =>
            [.. Plan("--network_module=lycoris.kohya", "--network_args", $"preset={preset}").Modules(targets)];
        Assert.Equal(targets.Count, Of("full").Length);
        Assert.All(
            Of("attn-only"),
            m => Assert.True(m.Target.Part is TargetPart.Attention or TargetPart.TextAttention)
        );
        Assert.DoesNotContain(
            Of("unet-transformer-only"),
            m => m.Target.IsText || m.Target.Part == TargetPart.Residual
        );
        // 3×3 layers have the rank of the others unless they are given one
        Assert.All(Of("full"), m => Assert.Equal((2, 1.0), (m.Rank, m.Alpha)));
    }

    [Fact]
    public void ScaleWeightNormsKeepsModulesSmall()
    {
        double Largest(string extra)
        {
            using var training = new TrainRun("max_train_steps = 3\n" + extra);
            File.WriteAllText(
                training.ConfigPath,
                File.ReadAllText(training.ConfigPath).Replace("1e-3", "0.1").Replace("max_train_epochs = 3\n", "")
            );
            training.Train();
            using var scope = new Scope();
            using AdapterFile file = AdapterFile.Load(training.Adapter, model.Targets);
            return file
                .Network.Adapters.OfType<LoraAdapter>()
                .Max(a =>
                    (a.Tensors["lora_up.weight"].Flatten(1).MatMul(a.Tensors["lora_down.weight"].Flatten(1)) * a.Scale)
                        .Norm()
                        .Item()
                );
        }

        double free = Largest("");
        Assert.True(free > 0.1, $"{free}");
        Assert.InRange(Largest("scale_weight_norms = 0.05"), 0.049, 0.0501);
    }

    [Fact]
    public void RandomCropDrawsThePlaceOfTheCrop()
    {
        File.WriteAllText(
            run.ConfigPath,
            File.ReadAllText(run.ConfigPath).Replace("enable_bucket = true", "random_crop = true")
        );
        using var scope = new Scope();
        TrainPlan plan = Plan();
        PlannedExample[] wide =
        [
            .. Enumerable
                .Range(1, 4)
                .SelectMany(epoch => EpochPlan.Build(plan.Datasets, plan.Seed, epoch, plan.Steps).Batches)
                .SelectMany(b => b.Examples)
                .Where(e => e.Item.Fit.Resized.Width > 64),
        ];
        Assert.True(wide.Select(e => e.CropLeft).Distinct().Count() > 4);
        PlannedExample one = wide.First(e => e.CropLeft != 16) with { Flip = false };
        Assert.True(Differ(PictureLoader.Load(one), PictureLoader.Load(one with { CropLeft = 16 })) > 0.1);
    }

    [Fact]
    public void SkipImageResolutionLeavesSmallPicturesOut()
    {
        // Three pictures are 64x64, two are 96x64.
        Assert.Equal(5, Plan().Datasets.Single().Items.Count);
        Assert.Equal(2, Plan("--skip_image_resolution", "64").Datasets.Single().Items.Count);
        Assert.Equal(5, Plan("--skip_image_resolution", "63,64").Datasets.Single().Items.Count);
        Assert.Contains(
            "skip_image_resolution leaves out every picture",
            Assert.ThrowsAny<FornoException>(() => Plan("--skip_image_resolution", "96,64")).Message
        );
    }

    // The first batch and its loss.
    private Made Make(params string[] options)
    {
        TrainPlan plan = Plan(options);
        TrainStep step = plan.NewStep(model.UNet);
        using var batches = new BatchMaker(model, plan, step.Schedule);
        batches.Prepare(null, CancellationToken.None);
        TrainBatch batch = batches.Make(EpochPlan.Build(plan.Datasets, plan.Seed, 1, plan.Steps).Batches[0], 1);
        LossResult result = step.Loss(batch);
        Tensor times = Tensor.From(Array.ConvertAll(batch.Timesteps, t => (float)t), batch.Timesteps.Length);
        return new Made(
            batch,
            result.Loss.Item(),
            result.PerSample.ToArray<float>(),
            model.UNet.Forward(batch.Noisy, times, batch.Context, batch.Vector)
        );
    }

    private TrainPlan Plan(params string[] options)
    {
        TrainRecipe recipe = TrainRecipeReader.Read(run.ConfigPath, options);
        Prediction prediction = recipe.Model.VParameterization ? Prediction.Velocity : Prediction.Epsilon;
        return TrainPlan.Make(recipe, model.Family, prediction);
    }

    private static double Differ(Tensor a, Tensor b) => (a - b).Abs().Mean().Item();

    // How much a tensor varies within a sample and channel.
    private static double Spread(Tensor t) => (t - t.Mean([2, 3], keepDim: true)).Abs().Mean().Item();

    private sealed record Made(TrainBatch Batch, double Loss, float[] Losses, Tensor Prediction);
}

using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Data;
using Forno.Diffusion;
using Forno.Diffusion.Losses;
using Forno.Diffusion.Noise;
using Forno.Nn;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>
/// What a recipe comes to on a given model, before anything is computed: data sets, steps, the adapter's modules, the
/// optimizer's groups. Making it twice gives the same.
/// </summary>
public sealed class TrainPlan
{
    private TrainPlan(
        TrainRecipe recipe,
        IReadOnlyList<Dataset> datasets,
        StepCounts steps,
        LossRecipe loss,
        ulong seed
    )
    {
        Recipe = recipe;
        Datasets = datasets;
        Steps = steps;
        Loss = loss;
        Seed = seed;
    }

    /// <summary>The recipe.</summary>
    public TrainRecipe Recipe { get; }

    /// <summary>The scanned data sets.</summary>
    public IReadOnlyList<Dataset> Datasets { get; }

    /// <summary>Batches, optimizer steps, epochs.</summary>
    public StepCounts Steps { get; }

    /// <summary>The loss.</summary>
    public LossRecipe Loss { get; }

    /// <summary>The run's seed: the recipe's, or one drawn.</summary>
    public ulong Seed { get; }

    /// <summary>Noise options.</summary>
    public NoiseRecipe Noise => new() { Offset = Recipe.Loss.NoiseOffset };

    /// <summary>Scans the data and counts steps.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="prediction">What the model predicts.</param>
    /// <param name="notice">Receives lines for the user.</param>
    public static TrainPlan Make(TrainRecipe recipe, Prediction prediction, Action<string>? notice = null)
    {
        Dataset[] datasets = [.. recipe.Datasets.Select(d => Dataset.Scan(d, PictureLoader.Measure, notice))];
        var steps = StepCounts.For(
            datasets.Sum(d => d.BatchesPerEpoch),
            recipe.Run.Accumulation,
            recipe.Run.MaxTrainSteps,
            recipe.Run.MaxTrainEpochs
        );
        ulong seed = recipe.Run.Seed ?? DrawSeed(notice);
        LossSettings loss = recipe.Loss;
        return new TrainPlan(
            recipe,
            datasets,
            steps,
            new LossRecipe
            {
                Type = LossRecipe.ParseType(loss.Type),
                HuberSchedule = LossRecipe.ParseHuberSchedule(loss.HuberSchedule),
                HuberC = loss.HuberC,
                HuberScale = loss.HuberScale,
                MinSnrGamma = loss.MinSnrGamma,
                Prediction = prediction,
            },
            seed
        );
    }

    /// <summary>The modules that the adapter gets on a model.</summary>
    public IReadOnlyList<AdapterModule> Modules(IEnumerable<PatchTarget> targets)
    {
        NetworkSettings network = Recipe.Network;
        bool text = network.TrainTextEncoder && Recipe.Optimizer.TextEncoderLrs.Any(lr => lr != 0);
        return [.. Settings().Choose(targets.Where(t => t.IsText ? text : network.TrainUNet))];
    }

    /// <summary>The adapter's settings.</summary>
    public LoraSettings Settings()
    {
        NetworkSettings network = Recipe.Network;
        return new LoraSettings
        {
            Dim = network.Dim,
            Alpha = network.Alpha,
            ConvDim = network.ConvDim,
            ConvAlpha = network.ConvAlpha,
            Dropout = new AdapterDropout
            {
                Network = network.Dropout ?? 0,
                Rank = network.RankDropout ?? 0,
                Module = network.ModuleDropout ?? 0,
            },
        };
    }

    /// <summary>An adapter's tensors in kohya's groups.</summary>
    public IReadOnlyList<ParameterGroup> Groups(AdapterNetwork network, IReadOnlyList<AdapterModule> modules)
    {
        OptimizerSettings settings = Recipe.Optimizer;
        ILookup<string, (string Key, Tensor Tensor)> tensors = network.Tensors.ToLookup(t =>
            t.Key[..t.Key.IndexOf('.', StringComparison.Ordinal)]
        );
        double textLr = settings.TextEncoderLrs.Count > 0 ? settings.TextEncoderLrs[0] : settings.LearningRate;
        return
        [
            .. AdapterGroups
                .Of(modules, Settings(), textLr, settings.UNetLr)
                .Select(g => new ParameterGroup
                {
                    Name = g.Name,
                    Parameters =
                    [
                        .. g
                            .Modules.SelectMany(m => tensors[m.Target.Name])
                            .Select(t => new Parameter(t.Key, t.Tensor)),
                    ],
                    Options = new Dictionary<string, object?> { ["lr"] = g.Lr },
                }),
        ];
    }

    /// <summary>The optimizer over a target's groups.</summary>
    public Optimizer NewOptimizer(IReadOnlyList<ParameterGroup> groups) =>
        OptimizerRegistry.Create(Recipe.Optimizer.Type, groups, Recipe.Optimizer.Args);

    /// <summary>What a saved state must agree on.</summary>
    public string StateKey(IReadOnlyList<AdapterModule> modules) =>
        TrainState.RecipeKey(
            Recipe.Model.Path,
            Recipe.Optimizer.Type,
            Invariant.Text($"{Steps.BatchesPerEpoch} {Steps.Accumulation}"),
            string.Join(',', modules.Select(m => Invariant.Text($"{m.Target.Name}:{m.Rank}:{m.Alpha}"))),
            string.Join(',', Datasets.SelectMany(d => d.Items).Select(i => i.Example.Path))
        );

    private static ulong DrawSeed(Action<string>? notice)
    {
        ulong seed = (uint)Random.Shared.Next();
        notice?.Invoke($"seed = {seed} (drawn; set it to repeat this run)");
        return seed;
    }
}

using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Data;
using Forno.Diffusion;
using Forno.Models.Families;
using Forno.Models.UNets;
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
    private readonly bool? sdxl;

    private TrainPlan(TrainRecipe recipe, IReadOnlyList<Dataset> datasets, StepCounts steps, bool? sdxl, ulong seed)
    {
        Recipe = recipe;
        Datasets = datasets;
        Steps = steps;
        this.sdxl = sdxl;
        Seed = seed;
    }

    /// <summary>The recipe; its loss knows what the model predicts.</summary>
    public TrainRecipe Recipe { get; }

    /// <summary>The scanned data sets.</summary>
    public IReadOnlyList<Dataset> Datasets { get; }

    /// <summary>Batches, optimizer steps, epochs.</summary>
    public StepCounts Steps { get; }

    /// <summary>Whether the base model is of XL's family.</summary>
    public bool Sdxl => sdxl ?? throw new InvalidOperationException("the base model is not known");

    /// <summary>The run's seed: the recipe's, or one drawn.</summary>
    public ulong Seed { get; }

    /// <summary>Scans the data and counts steps.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="family">The base model's family; null = not known, and no adapter can be made.</param>
    /// <param name="prediction">What it predicts.</param>
    /// <param name="notice">Receives lines for the user.</param>
    /// <exception cref="RecipeRefusedException">The recipe is not for this family.</exception>
    public static TrainPlan Make(
        TrainRecipe recipe,
        ModelFamily? family,
        Prediction prediction,
        Action<string>? notice = null
    )
    {
        bool? sdxl = family is null ? null : family == ModelFamily.Sdxl;
        RuleBreach[] refused = [.. RecipeRules.Check(recipe, sdxl).Where(b => b.Level == BreachLevel.Refuse)];
        if (refused.Length > 0)
        {
            throw new RecipeRefusedException(refused);
        }

        Dataset[] datasets = [.. recipe.Datasets.Select(d => Dataset.Scan(d, PictureLoader.Measure, notice))];
        var steps = StepCounts.For(
            datasets.Sum(d => d.BatchesPerEpoch),
            recipe.Run.Accumulation,
            recipe.Run.MaxTrainSteps,
            recipe.Run.MaxTrainEpochs
        );
        ulong seed = recipe.Run.Seed ?? DrawSeed(notice);
        return new TrainPlan(
            recipe with
            {
                Loss = recipe.Loss with { Prediction = prediction },
            },
            datasets,
            steps,
            sdxl,
            seed
        );
    }

    /// <summary>The modules that the adapter gets on a model.</summary>
    public IReadOnlyList<AdapterModule> Modules(IEnumerable<PatchTarget> targets)
    {
        return [.. RecipeRules.Modules(Recipe, Sdxl, targets)];
    }

    /// <summary>The adapter's settings.</summary>
    public LoraSettings Settings() => Recipe.Network.For(Sdxl);

    /// <summary>The step from batches to losses.</summary>
    /// <param name="unet">The network.</param>
    public TrainStep NewStep(UNet unet) => new(unet, Recipe.Loss, Recipe.Model.ZeroTerminalSnr);

    /// <summary>What is done to the adapter after an optimizer step: <c>scale_weight_norms</c>.</summary>
    /// <returns>What was scaled; null where nothing is to be.</returns>
    public MaxNormReport? AfterUpdate(AdapterNetwork network) =>
        Recipe.Network.MaxNorm is { } max
            ? MaxNorm.Apply(
                network
                    .Adapters.OfType<LoraAdapter>()
                    .Select(a => (a.Tensors[LoraAdapter.DownKey], a.Tensors[LoraAdapter.UpKey], a.Alpha)),
                max
            )
            : null;

    /// <summary>An adapter's tensors in kohya's groups.</summary>
    public IReadOnlyList<ParameterGroup> Groups(AdapterNetwork network, IReadOnlyList<AdapterModule> modules)
    {
        OptimizerSettings settings = Recipe.Optimizer;
        ILookup<string, (string Key, Tensor Tensor)> tensors = network.Tensors.ToLookup(t =>
            t.Key[..t.Key.IndexOf('.', StringComparison.Ordinal)]
        );
        double textLr = settings.TextEncoderLrs[0];
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

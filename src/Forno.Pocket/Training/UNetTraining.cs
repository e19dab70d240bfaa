using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Training.Logs;
using Forno.Training.Targets;

namespace Forno.Pocket.Training;

/// <summary>Sizes, pictures and batches of a UNet's training.</summary>
public sealed record UNetRecipe
{
    /// <summary>
    /// Metadata key of the trained styles (names of art sets, commas between them) in the weights' file.
    /// </summary>
    public const string StylesKey = "forno.pocket_styles";

    /// <summary>
    /// SD 1.x's structure at small widths: attention everywhere but at the deepest level and in its middle. 7.2 M
    /// parameters.
    /// </summary>
    public UNetConfig Network { get; init; } =
        new()
        {
            Layout = new UNetLayout
            {
                ModelChannels = 48,
                ChannelMult = [1, 2, 4],
                NumResBlocks = 1,
                Depth = [1, 1, 0],
                MiddleDepth = 1,
                ContextDim = 192,
            },
            Heads = 4,
            NormGroups = 8,
        };

    /// <summary>Names of the art sets to train on; none: all that are not held out.</summary>
    public IReadOnlyList<string> Styles { get; init; } = [];

    /// <summary>
    /// How many concepts, each in all the styles (<see cref="PocketData.Reduced"/>); null: everything in the training
    /// split.
    /// </summary>
    public int? Concepts { get; init; }

    /// <summary>Samples of a step.</summary>
    public int Batch { get; init; } = 32;

    /// <summary>Captions kept for each picture.</summary>
    public int Captions { get; init; } = 4;

    /// <summary>Share of samples whose caption is empty, for guidance.</summary>
    public double CaptionDropout { get; init; } = 0.1;

    /// <summary>The styles in use.</summary>
    public string[] StylesInUse =>
        Styles.Count > 0 ? [.. Styles] : [.. ArtSet.All.Where(a => !a.HeldOut).Select(a => a.Name)];

    /// <summary>The pictures to train on, ascending.</summary>
    /// <param name="data">The data.</param>
    public int[] Pictures(PocketData data) =>
        Concepts is { } concepts
            ? data.Reduced(concepts, StylesInUse)
            : data.Indices(PocketSplit.Training, StylesInUse);
}

/// <summary>Pocket's denoiser: see <see cref="UNetObjective"/> for what it learns.</summary>
public static class UNetTraining
{
    /// <summary>File of the averaged weights, under the single-file checkpoint's keys.</summary>
    public const string UNetFile = "unet.safetensors";

    /// <summary>The recipe's defaults: 5,000 steps of 32 samples.</summary>
    public static PocketTrainOptions Defaults { get; } =
        new()
        {
            Steps = 5000,
            LearningRate = 8e-4,
            Warmup = 200,
            Ema = 0.998,
            WeightDecay = 0.01,
        };

    /// <summary>Trains, or goes on, in a run folder; writes the averaged weights in half precision.</summary>
    /// <param name="data">Pictures and captions.</param>
    /// <param name="vae">File of the finished autoencoder.</param>
    /// <param name="text">File of the finished text tower.</param>
    /// <param name="folder">The run folder; latents and conditionings are kept there too.</param>
    /// <param name="options">How to train.</param>
    /// <param name="recipe">What to train on what; null: Pocket's.</param>
    /// <param name="report">Told of events.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    public static void Run(
        PocketData data,
        string vae,
        string text,
        string folder,
        PocketTrainOptions options,
        UNetRecipe? recipe = null,
        Action<TrainEvent>? report = null,
        CancellationToken stop = default
    )
    {
        recipe ??= new UNetRecipe();
        using var store = WeightStore.Random(options.Seed);
        var unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), recipe.Network);
        Dictionary<string, string> metadata = recipe.Network.Metadata();
        metadata[UNetRecipe.StylesKey] = string.Join(',', recipe.StylesInUse);
        PocketTrainer.Run(
            new WeightsTarget(store, "unet"),
            new UNetObjective(unet, data, (vae, text), folder, recipe, options.Seed),
            new PocketRunFiles(
                folder,
                UNetFile,
                Invariant.Text(
                    $"unet {data.Sha256} {recipe.Batch} {recipe.Captions} {recipe.CaptionDropout} "
                        + $"{recipe.Network.Heads} "
                ) + string.Join(',', recipe.Pictures(data))
            )
            {
                Metadata = metadata,
            },
            options,
            report,
            stop
        );
    }
}

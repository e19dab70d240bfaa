using System.Globalization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Targets;

namespace Forno.Pocket.Training;

/// <summary>
/// Makes a finished pair a better judge of drawings: the image tower and both projections are trained on, half of each
/// batch showing its concepts in other styles, and half of the pictures as the autoencoder gives them back, since every
/// drawing comes out of its decoder. The text tower stays as it is, so that a UNet conditioned on it stays valid.
/// </summary>
public static class JudgeTraining
{
    private const string Projection = "text_projection";

    /// <summary>The recipe's defaults.</summary>
    public static PocketTrainOptions Defaults { get; } =
        new()
        {
            Steps = 1000,
            LearningRate = 4e-4,
            Warmup = 50,
            Ema = 0.99,
            WeightDecay = 0.05,
        };

    /// <summary>
    /// Trains, or goes on, in a run folder; writes <see cref="ClipPairTraining.ClipFile"/> in half precision.
    /// </summary>
    /// <param name="data">Pictures and captions; only the training split is used.</param>
    /// <param name="parts">Files of the finished autoencoder, text tower and pair.</param>
    /// <param name="folder">The run folder; the pictures as the autoencoder gives them back are kept there too.</param>
    /// <param name="options">How to train.</param>
    /// <param name="report">Told of events; the note of a step is the batch's accuracy.</param>
    /// <param name="stop">Ends the sitting, its state saved.</param>
    /// <exception cref="FornoException">A part is missing or damaged.</exception>
    public static void Run(
        PocketData data,
        PocketPartFiles parts,
        string folder,
        PocketTrainOptions options,
        Action<TrainEvent>? report = null,
        CancellationToken stop = default
    )
    {
        using Loaded<TextConditioning> text = PocketParts.Text(parts.Text);
        using ITensorSource file = Checkpoint.Open(parts.Clip);
        using var store = WeightStore.From(ForTraining(file), parts.Clip);
        var vision = new ClipVision(
            store.At(""),
            ClipVisionConfig.Detect(
                TensorShapes.Of(file),
                heads: UNetConfig.Number(file.Metadata, ClipVisionConfig.HeadsKey)
            )
        );
        var projection = new Linear(
            store.At(Projection),
            text.Part.Encoders[0].Config.Width,
            vision.Config.ProjectionDim,
            bias: false
        );
        Tensor logScale = store.At("").TakeFloat32("logit_scale", Init.Zeros);
        PocketTrainer.Run(
            new WeightsTarget(store, "judge"),
            new JudgeObjective(
                new JudgeTowers(vision, projection, logScale, text.Part.Encoders[0]),
                data,
                parts.Vae,
                Path.Combine(folder, "returned"),
                options.Seed
            ),
            new PocketRunFiles(
                folder,
                ClipPairTraining.ClipFile,
                $"judge {data.Sha256} {string.Join(' ', Hashes(parts))}"
            )
            {
                Metadata = vision.Config.Metadata(),
            },
            options,
            report,
            stop
        );
    }

    private static IEnumerable<string> Hashes(PocketPartFiles parts) =>
        ((string[])[parts.Vae, parts.Text, parts.Clip]).Select(ModelHash.FileSha256);

    // Copies in fp32, since a mapped file's tensors cannot be trained.
    private static Dictionary<string, WeightEntry> ForTraining(ITensorSource file) =>
        file.Tensors.Values.ToDictionary(
            info => info.Name,
            info => new WeightEntry([.. info.Shape], () => file.Load(info.Name).To(DType.Float32).Clone()),
            StringComparer.Ordinal
        );
}

namespace Forno.Data;

/// <summary>
/// How long training runs. An image step is one batch; an optimizer step is one update of the weights.
/// </summary>
public sealed record StepCounts
{
    /// <summary>Batches (image steps) in an epoch.</summary>
    public required int BatchesPerEpoch { get; init; }

    /// <summary>Batches whose gradients are added up before an update.</summary>
    public required int Accumulation { get; init; }

    /// <summary>Optimizer steps of the whole training (kohya's <c>max_train_steps</c>).</summary>
    public required long TotalSteps { get; init; }

    /// <summary>Optimizer steps in an epoch: the last one of an epoch may have fewer batches.</summary>
    public int StepsPerEpoch => (BatchesPerEpoch + Accumulation - 1) / Accumulation;

    /// <summary>Epochs, the last of which may be cut short by <see cref="TotalSteps"/>.</summary>
    public int Epochs => (int)((TotalSteps + StepsPerEpoch - 1) / StepsPerEpoch);

    /// <summary>Optimizer steps before an epoch (counted from 1) starts.</summary>
    public long FirstStep(int epoch) => (long)(epoch - 1) * StepsPerEpoch;

    /// <summary><c>save_n_epoch_ratio</c>: save every so many epochs to end with about that many files.</summary>
    public int SaveEveryNEpochs(int ratio) => Math.Max(1, Epochs / ratio);

    /// <summary>Counts by kohya's rule: <c>max_train_epochs</c>, where given, decides the steps.</summary>
    /// <exception cref="FornoException">Nothing to train on, or counts below 1.</exception>
    public static StepCounts For(int batchesPerEpoch, int accumulation, long maxTrainSteps, int? maxTrainEpochs)
    {
        if (batchesPerEpoch < 1)
        {
            throw new FornoException(
                "there is no picture to train on; check train_data_dir (folders named N_text) or the dataset "
                    + "config's image_dir"
            );
        }

        if (accumulation < 1)
        {
            throw new FornoException($"gradient_accumulation_steps = {accumulation} must be at least 1");
        }

        var counts = new StepCounts
        {
            BatchesPerEpoch = batchesPerEpoch,
            Accumulation = accumulation,
            TotalSteps = maxTrainSteps,
        };
        return counts with
        {
            TotalSteps = maxTrainEpochs is { } epochs ? (long)epochs * counts.StepsPerEpoch : maxTrainSteps,
        };
    }

    /// <summary>
    /// How the kohya_ss GUI counts steps from folders, without buckets, in doubles from left to right.
    /// </summary>
    /// <param name="imagesWithRepeats">Sum of repeats × pictures.</param>
    /// <param name="batch"><c>train_batch_size</c>.</param>
    /// <param name="accumulation"><c>gradient_accumulation_steps</c>.</param>
    /// <param name="epochs"><c>epoch</c>.</param>
    /// <param name="regularisation">Whether there is a regularisation folder.</param>
    /// <param name="warmupPercent"><c>lr_warmup</c>, in percent of the steps.</param>
    public static (long MaxTrainSteps, long WarmupSteps) Gui(
        long imagesWithRepeats,
        int batch,
        int accumulation,
        int epochs,
        bool regularisation,
        double warmupPercent
    )
    {
        long steps = (long)
            Math.Ceiling((double)imagesWithRepeats / batch / accumulation * epochs * (regularisation ? 2 : 1));
        return (steps, (long)Math.Round(warmupPercent * steps / 100, MidpointRounding.ToEven));
    }
}

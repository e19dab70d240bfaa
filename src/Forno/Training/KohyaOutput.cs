using Forno.Data;
using Forno.Kohya;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>The metadata of a file that is written at a step of an epoch.</summary>
/// <param name="step">Optimizer steps done.</param>
/// <param name="epoch">The epoch, from 1.</param>
public delegate IReadOnlyDictionary<string, string> MetadataAt(long step, int epoch);

/// <summary>
/// Files and states of a run by kohya's names and rules: after every so many steps or epochs, the last ones kept.
/// </summary>
public sealed class KohyaOutput : TrainOutput
{
    private readonly OutputSettings settings;
    private readonly StepCounts steps;
    private readonly Func<MetadataAt> begin;
    private MetadataAt? metadata;

    /// <summary>Takes the rules; writes nothing yet.</summary>
    /// <param name="settings">Folder, names, what to keep.</param>
    /// <param name="steps">The run's steps.</param>
    /// <param name="metadata">Gathers the metadata when the run begins: they tell when that was.</param>
    public KohyaOutput(OutputSettings settings, StepCounts steps, Func<MetadataAt> metadata) =>
        (this.settings, this.steps, begin) = (settings, steps, metadata);

    private string FinalPath => Path.Combine(settings.Folder, settings.Name + ".safetensors");

    /// <inheritdoc/>
    public override void Begin(ITrainFiles files)
    {
        Directory.CreateDirectory(settings.Folder);
        metadata = begin();
    }

    /// <inheritdoc/>
    public override void AfterStep(ITrainFiles files, bool last)
    {
        TrainPosition position = files.Position;
        if (settings.SaveEveryNSteps is { } every && position.Step % every == 0)
        {
            string name = StepName(position.Step);
            Save(files, name, position.Epoch, null);
            if (settings.SaveState)
            {
                SaveState(files, name);
            }
            RemoveSteps(position.Step, every);
        }
    }

    /// <inheritdoc/>
    public override void AfterEpoch(ITrainFiles files, int epoch, bool last)
    {
        int? every =
            settings.SaveEveryNEpochs ?? (settings.SaveNEpochRatio is { } ratio ? steps.SaveEveryNEpochs(ratio) : null);
        if (!last && every is { } n && epoch % n == 0)
        {
            Save(files, EpochName(epoch), epoch, epoch);
            if (settings.SaveState)
            {
                SaveState(files, EpochName(epoch));
            }
            RemoveEpochs(epoch, n);
        }
    }

    /// <inheritdoc/>
    public override string Stop(ITrainFiles files) => SaveState(files, StepName(files.Position.Step));

    /// <inheritdoc/>
    public override string Finish(ITrainFiles files)
    {
        Save(files, settings.Name, steps.Epochs, steps.Epochs);
        if (settings.SaveState || settings.SaveStateAtEnd)
        {
            SaveState(files, settings.Name);
        }
        return FinalPath;
    }

    /// <inheritdoc/>
    public override string StateToResume(string folder, string key, Action<TrainEvent> report)
    {
        (string found, string? passedOver) = TrainStates.Find(folder, settings.Name, key);
        if (passedOver is not null)
        {
            report(new TrainEvent.Notice($"{passedOver} Using the last complete state instead: {found}"));
        }
        return found;
    }

    /// <summary>
    /// A run that was killed between its last state and its last file is not done: only the file is left to write.
    /// </summary>
    public override void RequireWork(string folder, TrainPosition position, long total)
    {
        bool unfinished =
            position.Step == total
            && !File.Exists(FinalPath)
            && TrainStates.BelongsTo(folder, settings.Name, TrainState.Read(folder));
        if (position.Step >= total && !unfinished)
        {
            throw new FornoException(
                $"nothing left to train: {folder} has done {position.Step} of {total} optimizer steps. To go on, "
                    + "raise max_train_epochs (or max_train_steps)."
            );
        }
    }

    private string StepName(long step) => Invariant.Text($"{settings.Name}-step{step:D8}");

    private string EpochName(int epoch) => Invariant.Text($"{settings.Name}-{epoch:D6}");

    private void Save(ITrainFiles files, string name, int epoch, int? ends)
    {
        DType type = settings.SavePrecision ?? DType.Float32;
        files.SaveTarget(
            Path.Combine(settings.Folder, name + ".safetensors"),
            metadata!(files.Position.Step, epoch),
            type,
            ends
        );
    }

    private string SaveState(ITrainFiles files, string name)
    {
        string folder = Path.Combine(settings.Folder, name + TrainStates.Suffix);
        files.SaveState(folder, settings.Name);
        return folder;
    }

    private void RemoveEpochs(int epoch, int every)
    {
        if (settings.KeepLastNEpochs is { } keep)
        {
            Remove(epoch - (every * keep), e => EpochName((int)e), states: false);
        }
        if ((settings.KeepLastNEpochsState ?? settings.KeepLastNEpochs) is { } keepState)
        {
            Remove(epoch - (every * keepState), e => EpochName((int)e), states: true);
        }
    }

    private void RemoveSteps(long step, int every)
    {
        long Old(int keep)
        {
            long old = step - keep - 1;
            return old - (((old % every) + every) % every);
        }
        if (settings.KeepLastNSteps is { } kept)
        {
            Remove(Old(kept), StepName, states: false);
        }
        if ((settings.KeepLastNStepsState ?? settings.KeepLastNSteps) is { } keptState)
        {
            Remove(Old(keptState), StepName, states: true);
        }
    }

    private void Remove(long number, Func<long, string> name, bool states)
    {
        if (number <= 0)
        {
            return;
        }
        string path = Path.Combine(settings.Folder, name(number) + (states ? TrainStates.Suffix : ".safetensors"));
        if (states && Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
        else if (!states && File.Exists(path))
        {
            File.Delete(path);
        }
    }
}

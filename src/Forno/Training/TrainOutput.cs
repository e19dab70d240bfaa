using System.Globalization;
using Forno.Adapters;
using Forno.Kohya;
using Forno.Models;
using Forno.Optim;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>
/// What a run writes and when: adapter files, states, TensorBoard. Names and the rules for old files are kohya's.
/// </summary>
internal sealed class TrainOutput
{
    private readonly TrainPlan plan;
    private readonly AdapterNetwork network;
    private readonly Optimizer optimizer;
    private readonly string stateKey;
    private readonly AdapterMetadata metadata;
    private readonly Action<TrainEvent> tell;
    private readonly OutputSettings settings;

    public TrainOutput(
        TrainPlan plan,
        AdapterNetwork network,
        Optimizer optimizer,
        string stateKey,
        BaseModel model,
        Action<TrainEvent> tell
    )
    {
        (this.plan, this.network, this.optimizer, this.stateKey, this.tell) = (
            plan,
            network,
            optimizer,
            stateKey,
            tell
        );
        settings = plan.Recipe.Output;
        Directory.CreateDirectory(settings.Folder);
        metadata = RunMetadata.Of(plan, model, stateKey);
    }

    /// <summary>The last adapter file written.</summary>
    public string? Last { get; private set; }

    /// <summary>After an optimizer step.</summary>
    public void AfterStep(TrainPosition position, bool last)
    {
        if (settings.SaveEveryNSteps is { } every && position.Step % every == 0)
        {
            Save(StepName(position.Step) + ".safetensors", position, position.Epoch, null);
            if (settings.SaveState)
            {
                SaveState(position, StepName(position.Step));
            }
            RemoveSteps(position.Step, every);
        }
        if (!last && plan.Recipe.Samples is { EveryNEpochs: null, EveryNSteps: { } n } && position.Step % n == 0)
        {
            tell(new TrainEvent.SamplesDue(position.Step, null));
        }
    }

    /// <summary>After an epoch's last step.</summary>
    public void AfterEpoch(TrainPosition position, int epoch, bool last)
    {
        int? every =
            settings.SaveEveryNEpochs
            ?? (settings.SaveNEpochRatio is { } ratio ? plan.Steps.SaveEveryNEpochs(ratio) : null);
        if (!last && every is { } n && epoch % n == 0)
        {
            Save(EpochName(epoch) + ".safetensors", position, epoch, epoch);
            if (settings.SaveState)
            {
                SaveState(position, EpochName(epoch));
            }
            RemoveEpochs(epoch, n);
        }
        if (plan.Recipe.Samples is { EveryNEpochs: { } m } && epoch % m == 0)
        {
            tell(new TrainEvent.SamplesDue(position.Step, epoch));
        }
    }

    /// <summary>The file of the whole run, and its state if asked for.</summary>
    public string SaveFinal(TrainPosition position)
    {
        Save(settings.Name + ".safetensors", position, plan.Steps.Epochs, plan.Steps.Epochs);
        if (settings.SaveState || settings.SaveStateAtEnd)
        {
            SaveState(position, settings.Name);
        }
        return Last!;
    }

    /// <summary>Writes a state; its folder.</summary>
    public string SaveState(TrainPosition position, string? name)
    {
        string folder = Path.Combine(settings.Folder, (name ?? StepName(position.Step)) + "-state");
        TrainState.Save(folder, optimizer.Parameters, optimizer.State(), position, stateKey);
        return folder;
    }

    /// <summary>The given state if it is whole, else the newest whole one beside it.</summary>
    /// <exception cref="FornoException">There is none.</exception>
    public string NewestWholeState(string folder)
    {
        if (TrainState.IsWhole(folder, out string reason))
        {
            return folder;
        }
        string parent = Path.GetDirectoryName(Path.GetFullPath(folder))!;
        string? other = !Directory.Exists(parent)
            ? null
            : Directory
                .EnumerateDirectories(parent, "*-state")
                .Where(d => Path.GetFullPath(d) != Path.GetFullPath(folder))
                .OrderByDescending(d => File.GetLastWriteTimeUtc(Path.Combine(d, TrainState.FileName)))
                .ThenByDescending(d => d, StringComparer.Ordinal)
                .FirstOrDefault(d => TrainState.IsWhole(d, out _));
        if (other is null)
        {
            throw new FornoException($"{reason} There is no other whole state in {parent}; start without --resume.");
        }
        tell(new TrainEvent.Notice($"{reason} Taking the last whole state instead: {other}"));
        return other;
    }

    private string StepName(long step) => Invariant.Text($"{settings.Name}-step{step:D8}");

    private string EpochName(int epoch) => Invariant.Text($"{settings.Name}-{epoch:D6}");

    private void Save(string file, TrainPosition position, int epoch, int? ends)
    {
        string path = Path.Combine(settings.Folder, file);
        AdapterFile.Save(
            path,
            network,
            metadata.At(position.Step, epoch, RunMetadata.Now()),
            settings.SavePrecision ?? DType.Float32
        );
        Last = path;
        tell(new TrainEvent.Saved(path, position.Step, ends));
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
        string path = Path.Combine(settings.Folder, name(number) + (states ? "-state" : ".safetensors"));
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

using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Training;

/// <summary>
/// A long training in sittings: one folder with one state, written over every few minutes and at the end of each
/// sitting, when the target as it is so far is written beside it.
/// </summary>
/// <param name="folder">The run's folder.</param>
/// <param name="file">Name of the target's file in it.</param>
/// <param name="metadata">What the file is to say of itself.</param>
/// <param name="every">Time between two states.</param>
/// <param name="clock">Measures that time.</param>
public sealed class SittingOutput(
    string folder,
    string file,
    IReadOnlyDictionary<string, string> metadata,
    TimeSpan every,
    TimeProvider clock
) : TrainOutput
{
    private long saved = clock.GetTimestamp();

    /// <summary>Type of the values in the target's file.</summary>
    public DType Type { get; init; } = DType.Float16;

    /// <summary>Whether the folder holds a state to go on from.</summary>
    public bool HasState => TrainState.Exists(folder);

    /// <inheritdoc/>
    public override void Begin(ITrainFiles files)
    {
        Directory.CreateDirectory(folder);
        saved = clock.GetTimestamp();
    }

    /// <inheritdoc/>
    public override void AfterStep(ITrainFiles files, bool last)
    {
        if (clock.GetElapsedTime(saved) > every)
        {
            files.SaveState(folder, file);
            saved = clock.GetTimestamp();
        }
    }

    /// <inheritdoc/>
    public override string Stop(ITrainFiles files)
    {
        Finish(files);
        return folder;
    }

    /// <inheritdoc/>
    public override string Finish(ITrainFiles files)
    {
        string path = Path.Combine(folder, file);
        files.SaveState(folder, file);
        files.SaveTarget(path, metadata, Type, null);
        return path;
    }

    /// <inheritdoc/>
    public override string StateToResume(string named, string key, Action<TrainEvent> report) =>
        TrainState.IsWhole(named, out string reason)
            ? named
            : throw new FornoException($"{reason} Remove that file to start from the beginning.");
}

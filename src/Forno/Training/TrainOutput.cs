using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Training;

/// <summary>
/// What a training leaves on disk and when: files of its target, states to resume from. The loop tells it where the
/// run is; it decides, and has the loop write. It writes nothing before <see cref="Begin"/>.
/// </summary>
public abstract class TrainOutput
{
    /// <summary>The run begins or goes on: the first moment at which something may be written.</summary>
    public virtual void Begin(ITrainFiles files) { }

    /// <summary>An optimizer step was taken.</summary>
    /// <param name="files">The run, and how to write.</param>
    /// <param name="last">Whether it was the last of the run.</param>
    public virtual void AfterStep(ITrainFiles files, bool last) { }

    /// <summary>An epoch's last step was taken.</summary>
    /// <param name="files">The run, and how to write.</param>
    /// <param name="epoch">The epoch, from 1.</param>
    /// <param name="last">Whether the run is at its end.</param>
    public virtual void AfterEpoch(ITrainFiles files, int epoch, bool last) { }

    /// <summary>A stop was asked for: what is done must be kept.</summary>
    /// <returns>The state's folder.</returns>
    public abstract string Stop(ITrainFiles files);

    /// <summary>All steps are done.</summary>
    /// <returns>The file of the finished target.</returns>
    public abstract string Finish(ITrainFiles files);

    /// <summary>The folder of the state to go on from, when a user names one.</summary>
    /// <param name="folder">What the user named.</param>
    /// <param name="key">The run's key, which a state must have (<see cref="LoopSettings.StateKey"/>).</param>
    /// <param name="report">Told if it is another one.</param>
    /// <exception cref="FornoException">There is none; nothing was written.</exception>
    public abstract string StateToResume(string folder, string key, Action<TrainEvent> report);

    /// <summary>Refuses a state after which nothing is left to do.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="position">Where it stands.</param>
    /// <param name="total">Optimizer steps of the run.</param>
    /// <exception cref="FornoException">Nothing is left; nothing was written.</exception>
    public virtual void RequireWork(string folder, TrainPosition position, long total) { }
}

/// <summary>A run as its output sees it: where it is, and how to write.</summary>
public interface ITrainFiles
{
    /// <summary>Where the run is.</summary>
    TrainPosition Position { get; }

    /// <summary>Writes a state.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="name">The run's name (<c>output_name</c>), which tells its states from those of other runs.</param>
    void SaveState(string folder, string name);

    /// <summary>
    /// Writes the target at the optimizer's evaluation point, averaged if the run keeps averages, and reports it.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">What it is to say of itself.</param>
    /// <param name="type">Type of its values.</param>
    /// <param name="epoch">The epoch that it ends; null: it is between epochs.</param>
    void SaveTarget(string path, IReadOnlyDictionary<string, string> metadata, DType type, int? epoch);
}

using Forno.Torch;

namespace Forno.Training;

/// <summary>
/// What a training wants of its target: the batches of each epoch, and the loss of a batch. Everything random in them
/// is a function of the run's seed, the epoch and the batch, so that a resumed run goes on as if it had not stopped.
/// A new kind of objective is one class; it works with every target whose model it computes.
/// </summary>
public abstract class TrainObjective : IDisposable
{
    /// <summary>Prepares the data, such as caches; called once, before the first batch. Runs without a graph.</summary>
    /// <param name="progress">Receives what is done, in a word or two, and how far it is.</param>
    /// <param name="cancel">Stops it; what is kept on disk stays.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public virtual void Prepare(Action<string, int, int> progress, CancellationToken cancel) { }

    /// <summary>The batches of an epoch, at least one: the same each time they are asked for.</summary>
    /// <param name="epoch">The epoch, from 1.</param>
    public abstract IReadOnlyList<TrainWork> Epoch(int epoch);

    /// <summary>Frees what belongs to the objective.</summary>
    public abstract void Dispose();
}

/// <summary>A batch of an epoch, decided but not yet computed.</summary>
/// <param name="Loss">Computes its loss, in the current scope, with a graph that reaches what is trained.</param>
public sealed record TrainWork(Func<StepLoss> Loss)
{
    /// <summary>
    /// A number for each sample that no other of the run has; it decides what a target drops out. None: nothing is
    /// dropped.
    /// </summary>
    public IReadOnlyList<long> Samples { get; init; } = [];

    /// <summary>Where each sample comes from, such as a picture's path; for messages. May be empty.</summary>
    public IReadOnlyList<string> Sources { get; init; } = [];
}

/// <summary>The loss of a batch.</summary>
/// <param name="Loss">The scalar to go backward from.</param>
public sealed record StepLoss(Tensor Loss)
{
    /// <summary>Each sample's part [B], to find the one that is not finite; null: unknown.</summary>
    public Tensor? PerSample { get; init; }

    /// <summary>Each sample's timestep; null: there are none.</summary>
    public IReadOnlyList<int>? Timesteps { get; init; }

    /// <summary>Says what of the batch's inputs is not finite; null: all are.</summary>
    public Func<string?> BrokenInput { get; init; } = () => null;

    /// <summary>What the objective measures of itself, such as an accuracy; for logs. May be empty.</summary>
    public string Note { get; init; } = "";
}

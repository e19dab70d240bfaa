using Forno.Training.Logs;

namespace Forno.Training;

/// <summary>A moment of a run at which sample pictures are drawn.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Epoch">The epoch just ended; null: between epochs, or before the first step.</param>
public sealed record SampleMoment(ulong Seed, long Step, int? Epoch);

/// <summary>Draws sample pictures with the model as it is: its target in it, as it would be saved.</summary>
public interface ISampleDrawer
{
    /// <summary>Draws and keeps them.</summary>
    /// <param name="moment">When.</param>
    /// <param name="report">Told of each picture (<see cref="TrainEvent.Sampled"/>).</param>
    /// <param name="cancel">Stops between pictures; the training saves its state then.</param>
    void Draw(SampleMoment moment, Action<TrainEvent> report, CancellationToken cancel);
}

/// <summary>Who draws sample pictures, and when.</summary>
/// <param name="Drawer">Draws them.</param>
public sealed record SamplePlan(ISampleDrawer Drawer)
{
    /// <summary>Whether before the first step.</summary>
    public bool AtFirst { get; init; }

    /// <summary>After every so many epochs; goes before <see cref="EveryNSteps"/>.</summary>
    public int? EveryNEpochs { get; init; }

    /// <summary>After every so many optimizer steps but the last.</summary>
    public int? EveryNSteps { get; init; }

    internal bool AfterStep(long step, bool last) =>
        !last && EveryNEpochs is null && EveryNSteps is { } n && step % n == 0;

    internal bool AfterEpoch(int epoch) => EveryNEpochs is { } n && epoch % n == 0;
}

using Forno.Pocket.Data;
using Forno.Pocket.Measures;

namespace Forno.Pocket.Demo;

/// <summary>A picture drawn while training.</summary>
/// <param name="Epoch">After this epoch; 0: before the first step.</param>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Path">The file.</param>
public sealed record DemoSample(int Epoch, string Prompt, string Path);

/// <summary>A point of a training's loss curve.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Epoch">The epoch, from 1.</param>
/// <param name="Loss">The step's own loss.</param>
/// <param name="Average">Mean over the last epoch's worth of steps.</param>
public readonly record struct LossPoint(long Step, int Epoch, double Loss, double Average);

/// <summary>What a demo did and found.</summary>
public sealed record DemoResult
{
    /// <summary>The style's name.</summary>
    public required string Style { get; init; }

    /// <summary>The words that call it.</summary>
    public required string Trigger { get; init; }

    /// <summary>The pictures learnt from, with their captions.</summary>
    public required IReadOnlyList<StylePicture> Pictures { get; init; }

    /// <summary>How often each is shown in an epoch.</summary>
    public required int Repeats { get; init; }

    /// <summary>Pictures a step.</summary>
    public required int Batch { get; init; }

    /// <summary>Epochs trained.</summary>
    public required int Epochs { get; init; }

    /// <summary>The loss at every optimizer step.</summary>
    public required IReadOnlyList<LossPoint> Curve { get; init; }

    /// <summary>The pictures drawn while training.</summary>
    public required IReadOnlyList<DemoSample> Samples { get; init; }

    /// <summary>The adapter of the last epoch.</summary>
    public required string Adapter { get; init; }

    /// <summary>The two configuration files.</summary>
    public required IReadOnlyList<string> Configs { get; init; }

    /// <summary>The grid's file.</summary>
    public required string Grid { get; init; }

    /// <summary>What it does to the loss on pictures it has not seen.</summary>
    public required LossChange Loss { get; init; }

    /// <summary>Where it moves what is drawn.</summary>
    public required StyleShift Shift { get; init; }

    /// <summary>Time of the training, sample pictures included.</summary>
    public required TimeSpan Training { get; init; }

    /// <summary>Time of the whole demo.</summary>
    public required TimeSpan Total { get; init; }

    /// <summary>The figures without the pictures.</summary>
    public DemoFigures Figures =>
        new(
            Style,
            Trigger,
            Pictures.Count,
            Curve.Count,
            Shift.Style,
            Shift.Prompt,
            new UnseenLoss(Loss.Pictures, Loss.Before, Loss.After, Loss.Fall, Loss.Test),
            Training.TotalSeconds,
            Total.TotalSeconds,
            Adapter,
            Grid
        );
}

/// <summary>What a demo measured; the answer of <c>demo --json</c>.</summary>
/// <param name="Style">The style's name.</param>
/// <param name="Trigger">The words that call it.</param>
/// <param name="Pictures">How many pictures it was learnt from.</param>
/// <param name="OptimizerSteps">Optimizer steps.</param>
/// <param name="StyleSimilarity">How near pictures are to the style, without and with the adapter.</param>
/// <param name="PromptMatch">How well they show what was asked for.</param>
/// <param name="UnseenLoss">The loss on pictures that were not learnt from.</param>
/// <param name="TrainingSeconds">Time of the training, sample pictures included.</param>
/// <param name="TotalSeconds">Time of all.</param>
/// <param name="Adapter">The adapter of the last epoch.</param>
/// <param name="Grid">The grid's file.</param>
public sealed record DemoFigures(
    string Style,
    string Trigger,
    int Pictures,
    int OptimizerSteps,
    Change StyleSimilarity,
    Change PromptMatch,
    UnseenLoss UnseenLoss,
    double TrainingSeconds,
    double TotalSeconds,
    string Adapter,
    string Grid
);

/// <summary>The loss on pictures that were not learnt from.</summary>
/// <param name="Pictures">How many there are.</param>
/// <param name="Before">Without the adapter.</param>
/// <param name="After">With it.</param>
/// <param name="Fall">How much less it is, as a share.</param>
/// <param name="Test">Whether that may be chance.</param>
public sealed record UnseenLoss(int Pictures, double Before, double After, double Fall, PairedTest Test);

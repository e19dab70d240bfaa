using Forno.Pocket.Data;
using Forno.Pocket.Measures;

namespace Forno.Reports.Demo;

/// <summary>A picture drawn while training.</summary>
/// <param name="Epoch">After this epoch; 0: before the first step.</param>
/// <param name="Prompt">What was asked for.</param>
/// <param name="Path">The file.</param>
internal sealed record DemoSample(int Epoch, string Prompt, string Path);

/// <summary>What a demo did and found.</summary>
internal sealed record DemoResult
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

    /// <summary>Commands to try next, with what they do.</summary>
    public required IReadOnlyList<(string Command, string Why)> Next { get; init; }
}

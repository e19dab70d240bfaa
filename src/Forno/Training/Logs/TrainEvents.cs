namespace Forno.Training.Logs;

/// <summary>What a training tells while it runs.</summary>
public abstract record TrainEvent
{
    private TrainEvent() { }

    /// <summary>A line for the user: what was found, decided, saved.</summary>
    /// <param name="Text">One line.</param>
    public sealed record Notice(string Text) : TrainEvent;

    /// <summary>A stretch of preparation, such as encoding pictures.</summary>
    /// <param name="What">In a word or two.</param>
    /// <param name="Done">Units done.</param>
    /// <param name="Total">Units in all.</param>
    public sealed record Preparing(string What, int Done, int Total) : TrainEvent;

    /// <summary>An optimizer step was taken.</summary>
    /// <param name="Step">Optimizer steps done.</param>
    /// <param name="Total">Optimizer steps of the run.</param>
    /// <param name="Epoch">The epoch, from 1.</param>
    /// <param name="Epochs">Epochs of the run.</param>
    /// <param name="Loss">Mean loss of the step's batches.</param>
    /// <param name="AverageLoss">Mean over the last epoch's worth of steps.</param>
    /// <param name="Rates">Learning rate of each group, times Prodigy's d where it has one.</param>
    public sealed record Stepped(
        long Step,
        long Total,
        int Epoch,
        int Epochs,
        double Loss,
        double AverageLoss,
        IReadOnlyList<(string Group, double Rate)> Rates
    ) : TrainEvent
    {
        /// <summary>What the objective measures of itself, such as an accuracy; may be empty.</summary>
        public string Note { get; init; } = "";
    }

    /// <summary>An epoch is over, or the part of it that the run has steps for.</summary>
    /// <param name="Epoch">The epoch, from 1.</param>
    /// <param name="Epochs">Epochs of the run.</param>
    /// <param name="Step">Optimizer steps done.</param>
    public sealed record EpochEnded(int Epoch, int Epochs, long Step) : TrainEvent;

    /// <summary>The run goes on from a saved state.</summary>
    /// <param name="State">Its folder.</param>
    /// <param name="Step">Optimizer steps done.</param>
    /// <param name="Total">Optimizer steps of the run.</param>
    public sealed record Resumed(string State, long Step, long Total) : TrainEvent;

    /// <summary>The run ended before its last step; its state is saved.</summary>
    /// <param name="State">The state to go on from: its folder.</param>
    /// <param name="Step">Optimizer steps done.</param>
    /// <param name="Total">Optimizer steps of the run.</param>
    public sealed record Stopped(string State, long Step, long Total) : TrainEvent;

    /// <summary>A file was written.</summary>
    /// <param name="Path">The file.</param>
    /// <param name="Step">Optimizer steps done.</param>
    /// <param name="Epoch">The epoch it ends, or null for one between epochs.</param>
    public sealed record Saved(string Path, long Step, int? Epoch) : TrainEvent;

    /// <summary>A sample picture was drawn.</summary>
    /// <param name="Path">The picture.</param>
    /// <param name="Prompt">What was asked for.</param>
    /// <param name="Step">Optimizer steps done.</param>
    /// <param name="Epoch">The epoch just ended, or null.</param>
    public sealed record Sampled(string Path, string Prompt, long Step, int? Epoch) : TrainEvent;
}

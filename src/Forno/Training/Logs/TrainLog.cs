using System.Globalization;
using Forno.Training.Recipes;

namespace Forno.Training.Logs;

/// <summary>
/// Writes a run's curves for TensorBoard, under kohya's names: loss/current, loss/average, lr/unet, …
/// </summary>
public sealed class TrainLog : IDisposable
{
    private readonly TensorBoard board;

    private TrainLog(TensorBoard board) => this.board = board;

    /// <summary>
    /// The run's folder below <c>logging_dir</c>: prefix and date, as kohya names it; null if no log is wanted.
    /// </summary>
    public static TrainLog? Open(OutputSettings output)
    {
        if (output.LoggingFolder is not { } folder)
        {
            return null;
        }
        string run = (output.LogPrefix ?? "") + DateTime.Now.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        return new TrainLog(new TensorBoard(Path.Combine(folder, run, "network_train")));
    }

    /// <summary>The event file.</summary>
    public string FilePath => board.FilePath;

    /// <summary>Takes an event in.</summary>
    public void Tell(TrainEvent e)
    {
        if (e is not TrainEvent.Stepped step)
        {
            return;
        }
        board.Scalar("loss/current", step.Loss, step.Step);
        board.Scalar("loss/average", step.AverageLoss, step.Step);
        foreach ((string group, double rate) in step.Rates)
        {
            board.Scalar($"lr/{group}", rate, step.Step);
        }
        if (step.Step % 20 == 0 || step.Step == step.Total)
        {
            board.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        board.Flush();
        board.Dispose();
    }
}

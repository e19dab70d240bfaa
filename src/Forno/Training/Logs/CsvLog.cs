namespace Forno.Training.Logs;

/// <summary>A table of a long training's figures, a line every so many steps, added to in each sitting.</summary>
/// <param name="path">The file; begun with its headings if it is not there.</param>
/// <param name="every">Steps between two lines.</param>
/// <param name="clock">Measures the speed.</param>
public sealed class CsvLog(string path, int every, TimeProvider clock)
{
    private long start,
        before = -1;

    /// <summary>Takes an event in.</summary>
    public void Tell(TrainEvent e)
    {
        if (e is not TrainEvent.Stepped step)
        {
            return;
        }
        if (before < 0)
        {
            (start, before) = (clock.GetTimestamp(), step.Step);
        }
        if (step.Step % every == 0)
        {
            Write(step, (step.Step - before) / Math.Max(1e-9, clock.GetElapsedTime(start).TotalSeconds));
        }
    }

    private void Write(TrainEvent.Stepped step, double speed)
    {
        if (!File.Exists(path))
        {
            File.WriteAllText(path, "step,loss,learning_rate,steps_per_second,note\n");
        }
        File.AppendAllText(
            path,
            Invariant.Text(
                $"{step.Step},{step.AverageLoss:g6},{step.Rates[^1].Rate:g4},{speed:g4},{step.Note.Replace(',', ';')}\n"
            )
        );
    }
}

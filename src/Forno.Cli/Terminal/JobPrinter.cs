using Forno.Reports;
using Forno.Studio;

namespace Forno.Cli.Terminal;

/// <summary>A job's events on the console: a progress line in a terminal, words on standard error.</summary>
/// <param name="cli">Where to write.</param>
internal sealed class JobPrinter(CommandHost cli) : IProgress<JobEvent>, IDisposable
{
    private ProgressBar? bar;

    /// <inheritdoc/>
    public void Report(JobEvent value)
    {
        switch (value)
        {
            case JobEvent.Started started:
                bar?.Dispose();
                bar = cli.Progress(started.What, started.Total, started.Unit);
                break;
            case JobEvent.Advanced advanced:
                if (bar is not null)
                {
                    bar.Note = Wording.Shown(advanced.Note);
                    bar.Report(advanced.Done);
                }

                break;
            case JobEvent.Said said:
                bar?.Clear();
                cli.Error.WriteLine(Wording.Shown(said.Line));
                break;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => bar?.Dispose();
}

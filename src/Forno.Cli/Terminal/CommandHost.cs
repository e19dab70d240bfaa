using System.Runtime.InteropServices;

namespace Forno.Cli.Terminal;

/// <summary>What a command has to do with the outside: where it writes, and what stops it.</summary>
internal sealed class CommandHost : IDisposable
{
    private readonly List<IDisposable> signals = [];

    /// <summary>Answers; JSON and nothing else under <c>--json</c>.</summary>
    public required TextWriter Out { get; init; }

    /// <summary>Progress, warnings, failures.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether <see cref="Error"/> is a terminal, where a line may be drawn over.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>Asks the command to come to an orderly end.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>
    /// The process's own streams. The first Ctrl-C (or SIGTERM) cancels <see cref="Cancel"/>; a second one ends the
    /// process at once.
    /// </summary>
    /// <returns>A context that lives as long as the process.</returns>
    public static CommandHost ForProcess()
    {
        CancellationTokenSource source = new();
        long first = 0;
        CommandHost cli = new()
        {
            Out = Console.Out,
            Error = Console.Error,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Cancel = source.Token,
        };
        foreach (PosixSignal signal in (ReadOnlySpan<PosixSignal>)[PosixSignal.SIGINT, PosixSignal.SIGTERM])
        {
            cli.signals.Add(
                PosixSignalRegistration.Create(
                    signal,
                    context =>
                    {
                        if (!source.IsCancellationRequested)
                        {
                            first = Environment.TickCount64;
                            context.Cancel = true;
                            source.Cancel();
                        }

                        // Tools such as timeout send the same signal twice at once: to the process and to its group.
                        context.Cancel |= Environment.TickCount64 - first < 300;
                    }
                )
            );
        }

        return cli;
    }

    /// <summary>A progress line for work that may take longer than a second.</summary>
    /// <param name="what">The work in a word or two.</param>
    /// <param name="total">How many units there are; 0 if unknown.</param>
    /// <param name="unit">The unit's short name, such as <c>steps</c>.</param>
    /// <returns>A bar to report to and to dispose, which clears its line.</returns>
    public ProgressBar Progress(string what, long total, string unit = "") =>
        new(ErrorIsTerminal ? Error : null, what, total, unit, TimeProvider.System);

    /// <inheritdoc/>
    public void Dispose() => signals.ForEach(s => s.Dispose());
}

namespace Forno.Studio;

/// <summary>
/// Work that a face (command line, server, demo) asks for: a record of what is wanted in, events while it runs, a typed
/// result out. A job prints nothing, reads no arguments and knows no face; it runs once.
/// </summary>
/// <typeparam name="TResult">A record; as JSON it is the command's <c>--json</c> answer.</typeparam>
public interface IJob<out TResult>
{
    /// <summary>Does the work, on this thread.</summary>
    /// <param name="progress">
    /// Told of events in their order, on the job's thread, while the job waits (so not a <see cref="Progress{T}"/>,
    /// which hands them to other threads); null: nobody wants to know.
    /// </param>
    /// <param name="cancel">Asks it to stop; what is finished by then stays.</param>
    /// <exception cref="FornoException">The request cannot be met; says why and what to do.</exception>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    TResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default);
}

/// <summary>What a job tells while it runs. The cases are the nested records; a job may add its own.</summary>
public abstract record JobEvent
{
    /// <summary>A stretch of countable work begins; the one before it is over.</summary>
    /// <param name="What">The work in a word or two, such as <c>draw</c>.</param>
    /// <param name="Total">How many units there are; 0: unknown.</param>
    /// <param name="Unit">The unit's short name in the plural, such as <c>steps</c>.</param>
    public sealed record Started(string What, long Total, string Unit = "") : JobEvent;

    /// <summary>That stretch is so far.</summary>
    /// <param name="Done">Units done since it began.</param>
    /// <param name="Note">What it is at, such as a file's name; or nothing.</param>
    public sealed record Advanced(long Done, string Note = "") : JobEvent;

    /// <summary>Something worth reading, such as a warning or what is done next.</summary>
    /// <param name="Line">One line.</param>
    public sealed record Said(string Line) : JobEvent;

    /// <summary>A file has been finished and can be shown.</summary>
    /// <param name="Path">The file.</param>
    public sealed record Made(string Path) : JobEvent;
}

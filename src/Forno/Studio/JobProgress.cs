namespace Forno.Studio;

/// <summary>A job's side of its events: what it says, and what it counts on however many threads.</summary>
/// <param name="to">Who is told; null: nobody.</param>
public sealed class JobProgress(IProgress<JobEvent>? to)
{
    /// <summary>Passes an event on; on the job's thread.</summary>
    public void Report(JobEvent happened) => to?.Report(happened);

    /// <summary>Says a line; on the job's thread.</summary>
    public void Say(string line) => to?.Report(new JobEvent.Said(line));

    /// <summary>Does a stretch of countable work.</summary>
    /// <param name="what">The work in a word or two.</param>
    /// <param name="total">How many units there are; 0: unknown.</param>
    /// <param name="unit">The unit's name in the plural.</param>
    /// <param name="work">Does it; may tell how far it is from any thread.</param>
    public T Count<T>(string what, long total, string unit, Func<IProgress<long>, T> work)
    {
        Report(new JobEvent.Started(what, total, unit));
        return work(new Counter(this));
    }

    /// <inheritdoc cref="Count{T}"/>
    public void Count(string what, long total, string unit, Action<IProgress<long>> work) =>
        Count(
            what,
            total,
            unit,
            progress =>
            {
                work(progress);
                return true;
            }
        );

    // Workers report too, in any order. Events go out on the job's thread only, which takes part in the work, and
    // never fall back.
    private sealed class Counter(JobProgress events) : IProgress<long>
    {
        private readonly int thread = Environment.CurrentManagedThreadId;
        private long most;

        public void Report(long value)
        {
            long seen = Interlocked.Read(ref most);
            while (value > seen)
            {
                long before = Interlocked.CompareExchange(ref most, value, seen);
                if (before == seen)
                {
                    break;
                }

                seen = before;
            }

            if (Environment.CurrentManagedThreadId == thread)
            {
                events.Report(new JobEvent.Advanced(Interlocked.Read(ref most)));
            }
        }
    }
}

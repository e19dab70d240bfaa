using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Forno.Workspace;

/// <summary>Does the steps of a plan, several at a time, each wholly or not at all.</summary>
internal sealed class StepRunner(JournaledOperation operation)
{
    /// <summary>Does the steps; their static changes are announced already.</summary>
    /// <returns>The steps that could not be done, in the order of the steps.</returns>
    /// <exception cref="FornoException">The disk refused; what was done by then stays for the caller to take
    /// back.</exception>
    public IReadOnlyList<Problem> Run(
        IReadOnlyList<PlanStep> steps,
        IProgress<long>? progress,
        CancellationToken cancel,
        int workers
    )
    {
        var problems = new Problem?[steps.Count];
        ExceptionDispatchInfo? failure = null;
        long done = 0;
        var options = new ParallelOptions
        {
            MaxDegreeOfParallelism = workers > 0 ? workers : Environment.ProcessorCount,
        };
        Parallel.ForEach(
            Partitioner.Create(Enumerable.Range(0, steps.Count), EnumerablePartitionerOptions.NoBuffering),
            options,
            (i, state) =>
            {
                try
                {
                    cancel.ThrowIfCancellationRequested();
                    problems[i] = RunStep(steps[i], cancel);
                }
                catch (Exception e)
                {
                    Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
                    state.Stop();
                }

                progress?.Report(Interlocked.Increment(ref done));
            }
        );
        failure?.Throw();
        return [.. problems.OfType<Problem>()];
    }

    private Problem? RunStep(PlanStep step, CancellationToken cancel)
    {
        var (changes, notes) = (new List<FileChange>(), new List<JournalLine>());
        try
        {
            foreach (FileChange change in step.Changes)
            {
                Do(change);
            }

            if (step.Expand is { } expand)
            {
                using IEnumerator<AddFile> more = Blamed(() => expand(cancel).GetEnumerator());
                while (Blamed(more.MoveNext))
                {
                    cancel.ThrowIfCancellationRequested();
                    Blamed(() => operation.Announce(more.Current));
                    Do(more.Current);
                }
            }
        }
        catch (StepException e)
        {
            operation.TakeBack(changes);
            return Problem.Of(step.Subject, e.InnerException!);
        }

        operation.Note(changes, notes);
        return null;

        void Do(FileChange change)
        {
            changes.Add(change);
            notes.Add(operation.Do(change));
        }
    }

    private static T Blamed<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (FornoException e)
        {
            throw new StepException(e);
        }
    }
}

/// <summary>A step cannot be done, through no fault of the disk: the others go on.</summary>
internal sealed class StepException(FornoException inner) : Exception(inner.Message, inner);

namespace Forno.Vision;

/// <summary>Prepares what comes next while the network is busy: decoding is hidden behind inference.</summary>
internal static class Prefetch
{
    /// <summary>Runs over items in order.</summary>
    /// <typeparam name="TItem">What there is.</typeparam>
    /// <typeparam name="TReady">What the network takes.</typeparam>
    /// <param name="items">The items.</param>
    /// <param name="batch">How many are handed over at once; at the end it may be fewer.</param>
    /// <param name="prepare">Makes one ready, on other threads; a <see cref="FornoException"/> of it goes to
    /// <paramref name="failed"/>.</param>
    /// <param name="run">Takes those that are ready, in order, on the caller's thread.</param>
    /// <param name="failed">Told of an item that could not be made ready.</param>
    /// <param name="cancel">Stops it.</param>
    public static void Run<TItem, TReady>(
        IReadOnlyList<TItem> items,
        int batch,
        Func<TItem, TReady> prepare,
        Action<IReadOnlyList<(TItem Item, TReady Ready)>> run,
        Action<TItem, FornoException> failed,
        CancellationToken cancel
    )
    {
        int lookahead = batch + Environment.ProcessorCount,
            next = 0; // the next batch, while one is in the network
        var ahead = new Queue<(TItem Item, Task<TReady> Ready)>();
        var ready = new List<(TItem, TReady)>(batch);
        try
        {
            while (ahead.Count > 0 || next < items.Count)
            {
                for (; ahead.Count < lookahead && next < items.Count; next++)
                {
                    TItem item = items[next];
                    ahead.Enqueue((item, Task.Run(() => prepare(item), cancel)));
                }

                (TItem first, Task<TReady> task) = ahead.Dequeue();
                try
                {
                    ready.Add((first, task.GetAwaiter().GetResult()));
                }
                catch (FornoException e)
                {
                    failed(first, e);
                }

                if (ready.Count == batch || (ready.Count > 0 && ahead.Count == 0 && next == items.Count))
                {
                    cancel.ThrowIfCancellationRequested();
                    run(ready);
                    ready.Clear();
                }
            }
        }
        finally
        {
            // Nobody is left behind to fail unseen.
            try
            {
                Task.WaitAll([.. ahead.Select(a => (Task)a.Ready)], CancellationToken.None);
            }
            catch (AggregateException) { }
        }
    }
}

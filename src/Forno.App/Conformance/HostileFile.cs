using System.Diagnostics;

namespace Forno.App.Conformance;

/// <summary>Cases whose file must load (<c>ok</c>), be refused, or either, within limits of time and memory.</summary>
internal static class HostileFile
{
    /// <summary>Decides a case.</summary>
    /// <param name="golden">A case with <c>params.file</c> and <c>expect.result</c>.</param>
    /// <param name="seconds">Longest time to decide.</param>
    /// <param name="megabytes">Most memory that deciding may allocate, counted even where it was freed again.</param>
    /// <param name="open">Opens the file; a refusal is a <see cref="FornoException"/>, anything else a failure.</param>
    /// <param name="compare">Compares what was opened, where it had to load.</param>
    public static CaseResult Run<T>(GoldenCase golden, double seconds, long megabytes, Func<string, T> open, Action<T, Comparison> compare)
        where T : IDisposable
    {
        string path = golden.PathOf(golden.Params.GetProperty("file").GetString()!);
        string verdict = golden.Expect.GetProperty("result").GetString()!;
        Comparison comparison = new(golden);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Stopwatch watch = Stopwatch.StartNew();
        string got = "refused";
        string why = "";
        try
        {
            using T file = open(path);
            got = "ok";
            Limits();
            if (verdict == "ok")
            {
                compare(file, comparison);
            }
        }
        catch (FornoException e) when (got == "refused")
        {
            Limits();
            why = e.Message;
            comparison.Same("the message names the file", e.Message.Contains(path, StringComparison.Ordinal), true);
        }

        if (verdict != "either" && got != verdict)
        {
            comparison.Fail($"{got} instead of {verdict} {why}");
        }

        return comparison.Result();

        void Limits()
        {
            double took = watch.Elapsed.TotalSeconds;
            long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) >> 20;
            comparison.Same($"within {seconds} s and {megabytes} MB ({took:F1} s, {allocated} MB)", took <= seconds && allocated <= megabytes, true);
        }
    }
}

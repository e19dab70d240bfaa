using System.Diagnostics;
using System.Globalization;

namespace Forno.Conformance;

/// <summary>Cases whose file must load (<c>ok</c>), be refused, or either, within limits of time and memory.</summary>
internal static class HostileFile
{
    /// <summary>Decides a case.</summary>
    /// <param name="golden">A case with <c>params.file</c> and <c>expect.result</c>.</param>
    /// <param name="seconds">Longest processor time to decide: on a busy machine the clock says little about the
    /// work.</param>
    /// <param name="megabytes">Most memory that deciding may allocate, counted even where it was freed again.</param>
    /// <param name="open">Opens the file; a refusal is a <see cref="FornoException"/>, anything else a failure.</param>
    /// <param name="compare">Compares what was opened, where it had to load.</param>
    public static CaseResult Run<T>(
        GoldenCase golden,
        double seconds,
        long megabytes,
        Func<string, T> open,
        Action<T, Comparison> compare
    )
        where T : IDisposable
    {
        string path = golden.PathOf(golden.Params.GetProperty("file").GetString()!);
        string verdict = golden.Expect.GetProperty("result").GetString()!;
        Comparison comparison = new(golden);
        long before = GC.GetAllocatedBytesForCurrentThread();
        double began = ThreadSeconds();
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
            double took = ThreadSeconds() - began;
            long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) >> 20;
            comparison.Same(
                $"within {seconds} s and {megabytes} MB ({took:F1} s, {allocated} MB)",
                took <= seconds && allocated <= megabytes,
                true
            );
        }
    }

    /// <summary>Processor time of this thread; the clock where the system does not tell it.</summary>
    private static double ThreadSeconds()
    {
        const string Told = "/proc/thread-self/schedstat";
        return File.Exists(Told)
            ? long.Parse(File.ReadAllText(Told).Split(' ')[0], CultureInfo.InvariantCulture) / 1e9
            : Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
    }
}

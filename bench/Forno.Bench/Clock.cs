using System.Diagnostics;
using System.Globalization;

namespace Forno.Bench;

/// <summary>
/// Elapsed time, processor time and the system's part of it, in seconds: on a busy machine the second is the steadiest.
/// </summary>
internal readonly record struct Clock(double Wall, double Cpu, double System)
{
    public static Clock Now()
    {
        using var self = Process.GetCurrentProcess();
        return new Clock(
            Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency,
            self.TotalProcessorTime.TotalSeconds,
            self.PrivilegedProcessorTime.TotalSeconds
        );
    }

    public static Clock Of(Action work)
    {
        Clock before = Now();
        work();
        return Now() - before;
    }

    public static Clock operator -(Clock a, Clock b) => new(a.Wall - b.Wall, a.Cpu - b.Cpu, a.System - b.System);

    public static Clock operator +(Clock a, Clock b) => new(a.Wall + b.Wall, a.Cpu + b.Cpu, a.System + b.System);

    public static Clock operator *(Clock a, double n) => new(a.Wall * n, a.Cpu * n, a.System * n);

    /// <summary>The smaller of two, each figure by itself.</summary>
    public static Clock Min(Clock a, Clock b) =>
        new(Math.Min(a.Wall, b.Wall), Math.Min(a.Cpu, b.Cpu), Math.Min(a.System, b.System));

    public override string ToString() =>
        Invariant.Text($"{Wall, 7:f2} s  (processor {Cpu, 7:f2} s, system {System:f2})");
}

/// <summary>Resident memory of this process, from /proc.</summary>
internal static class Memory
{
    /// <summary>The greatest resident size since the last <see cref="ResetPeak"/>, in GiB.</summary>
    public static double Peak => Read("VmHWM:");

    /// <summary>The resident size now, in GiB.</summary>
    public static double Now => Read("VmRSS:");

    public static void ResetPeak() => File.WriteAllText("/proc/self/clear_refs", "5");

    private static double Read(string field) =>
        double.Parse(
            File.ReadLines("/proc/self/status")
                .First(l => l.StartsWith(field, StringComparison.Ordinal))
                .Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
            CultureInfo.InvariantCulture
        ) / (1 << 20);
}

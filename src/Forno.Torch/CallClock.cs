using System.Diagnostics;

namespace Forno.Torch;

/// <summary>
/// Tells, for benches, how much time passes inside libtorch: operators and backward, without the C# that a backward
/// calls back. Off by default; counts one thread's work.
/// </summary>
public static class CallClock
{
    private static long begun,
        inside;

    /// <summary>Whether calls are timed.</summary>
    public static bool On { get; set; }

    /// <summary>Time inside libtorch since the last <see cref="Reset"/>.</summary>
    public static TimeSpan Inside => Stopwatch.GetElapsedTime(0, inside);

    /// <summary>Counts from zero again.</summary>
    public static void Reset() => inside = 0;

    // Around every call; a call-back leaves on its way in and enters on its way out.
    internal static void Enter()
    {
        if (On)
        {
            begun = Stopwatch.GetTimestamp();
        }
    }

    internal static void Leave()
    {
        if (On)
        {
            inside += Stopwatch.GetTimestamp() - begun;
        }
    }
}

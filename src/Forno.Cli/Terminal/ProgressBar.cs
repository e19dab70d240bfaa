using System.Globalization;

namespace Forno.Cli.Terminal;

/// <summary>
/// One line with bar, rate and time left, drawn over itself. It stays silent for the first second and wherever there
/// is no terminal, and draws at most ten times a second. Reports may come from any thread.
/// </summary>
/// <param name="writer">The terminal; null keeps silent.</param>
/// <param name="what">The work in a word or two.</param>
/// <param name="total">How many units there are; 0 if unknown.</param>
/// <param name="unit">The unit's short name.</param>
/// <param name="time">The clock.</param>
internal sealed class ProgressBar(TextWriter? writer, string what, long total, string unit, TimeProvider time)
    : IProgress<long>,
        IDisposable
{
    private const int BarWidth = 24;
    private static readonly TimeSpan Silent = TimeSpan.FromSeconds(1),
        Between = TimeSpan.FromMilliseconds(100);
    private readonly Lock @lock = new();
    private readonly long start = time.GetTimestamp();
    private TimeSpan drawnAt = TimeSpan.MinValue;

    /// <summary>Words after the figures, such as <c>loss 0.112</c>.</summary>
    public string Note { get; set; } = "";

    /// <summary>Tells how far the work is.</summary>
    /// <param name="done">Units done since the beginning.</param>
    public void Report(long done)
    {
        if (writer is null)
        {
            return;
        }

        lock (@lock)
        {
            TimeSpan now = time.GetElapsedTime(start);
            if (now < Silent || (drawnAt != TimeSpan.MinValue && now - drawnAt < Between))
            {
                return;
            }

            drawnAt = now;
            writer.Write("\r" + Line(what, done, total, unit, now, Note) + "\u001b[K");
            writer.Flush();
        }
    }

    /// <summary>Clears the line, so that ordinary output can follow, or the bar be drawn again below it.</summary>
    public void Clear()
    {
        lock (@lock)
        {
            if (writer is not null && drawnAt != TimeSpan.MinValue)
            {
                writer.Write("\r\u001b[K");
                writer.Flush();
                drawnAt = TimeSpan.MinValue;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Clear();

    /// <summary>The line as text.</summary>
    /// <param name="what">The work.</param>
    /// <param name="done">Units done.</param>
    /// <param name="total">Units in all; 0 if unknown.</param>
    /// <param name="unit">The unit's name.</param>
    /// <param name="elapsed">Time since the beginning.</param>
    /// <param name="note">Words at the end.</param>
    /// <returns>For example <c>encode ████░░░░ 12/100 pictures 3.4/s 0:26 left</c>.</returns>
    internal static string Line(string what, long done, long total, string unit, TimeSpan elapsed, string note)
    {
        double rate = done / Math.Max(elapsed.TotalSeconds, 1e-9);
        string rateText =
            rate >= 0.1 || done == 0 ? Invariant.Text($"{rate:0.0}/s") : Invariant.Text($"{1 / rate:0.0} s each");
        string units = unit.Length > 0 ? " " + unit : "";
        string end = note.Length > 0 ? "  " + note : "";
        if (total <= 0)
        {
            return $"{what} {done}{units}  {rateText}{end}";
        }

        int full = (int)(BarWidth * Math.Clamp(done / (double)total, 0, 1));
        string left = done > 0 ? Clock(TimeSpan.FromSeconds((total - done) / rate)) + " left" : "";
        return $"{what} {new string('█', full)}{new string('░', BarWidth - full)} {done}/{total}{units}  {rateText}"
            + $"  {left}{end}";
    }

    private static string Clock(TimeSpan t) =>
        t.TotalHours >= 1
            ? Invariant.Text($"{(long)t.TotalHours}:{t.Minutes:00}:{t.Seconds:00}")
            : Invariant.Text($"{t.Minutes}:{t.Seconds:00}");
}

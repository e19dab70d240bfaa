namespace Forno.Workspace;

/// <summary>
/// Bounds how many pixels are in memory at once, however many workers there are: 64 megapixels, or one larger picture
/// alone.
/// </summary>
internal static class PixelBudget
{
    private const long Most = 64_000_000;
    private static readonly object Gate = new();
    private static long used;

    /// <summary>Waits until there is room.</summary>
    /// <param name="pixels">How many; several times a picture's where work on it holds several copies.</param>
    /// <returns>Gives the room back when disposed.</returns>
    public static IDisposable Take(long pixels)
    {
        lock (Gate)
        {
            while (used > 0 && used + pixels > Most)
            {
                Monitor.Wait(Gate);
            }

            used += pixels;
        }

        return new Share(pixels);
    }

    private sealed class Share(long pixels) : IDisposable
    {
        public void Dispose()
        {
            lock (Gate)
            {
                used -= pixels;
                Monitor.PulseAll(Gate);
            }
        }
    }
}

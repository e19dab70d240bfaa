namespace Forno.Torch;

/// <summary>
/// Random numbers by key: what a draw gives depends on what it is for, never on what was drawn before it, so that
/// batch size, worker count and resuming change nothing.
/// </summary>
public static class Rng
{
    /// <summary>A generator of its own for this seed, purpose, step and item. The caller disposes it.</summary>
    public static Generator For(ulong seed, string purpose, long step = 0, long item = 0) =>
        new(Key(seed, purpose, step, item));

    /// <summary>The 64-bit key behind <see cref="For"/>: SplitMix64 over the parts.</summary>
    public static ulong Key(ulong seed, string purpose, long step = 0, long item = 0)
    {
        ulong h = Mix(seed ^ 0x9E3779B97F4A7C15UL);
        foreach (char c in purpose)
        {
            h = Mix(h ^ c);
        }
        h = Mix(h ^ (ulong)step);
        return Mix(h ^ (ulong)item);
    }

    private static ulong Mix(ulong z)
    {
        z += 0x9E3779B97F4A7C15UL;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}

using Forno.Imaging.Measures;

namespace Forno.Datasets.Duplicates;

/// <summary>A picture that may look like the one asked about.</summary>
/// <param name="Id">Its place in the list.</param>
/// <param name="Mirrored">Whether one of the two is to be mirrored first.</param>
public readonly record struct Candidate(int Id, bool Mirrored);

/// <summary>
/// Finds pictures whose hashes are near, of whatever slight crop and, if asked, mirrored. A candidate is only a hint: a
/// hash of 64 bits does not know two faces apart. Pictures are asked about in order of place, from one thread: each
/// looks up the crops that it may be, and those that may be crops of it wait until their turn.
/// </summary>
public sealed class LookAlikes
{
    private const int MostColour = 48,
        GradientRadius = 3;

    private readonly IReadOnlyList<PictureHash> hashes;
    private readonly HashIndex wholes,
        parts,
        gradients;
    private readonly bool mirror;
    private readonly bool[] announced;
    private readonly int radius;
    private readonly Dictionary<int, List<Candidate>> waiting = [];
    private readonly List<Candidate> ahead = [];
    private readonly List<int> scratch = [];
    private int current;

    /// <summary>Indexes hashes.</summary>
    /// <param name="hashes">Each is known by its place in the list.</param>
    /// <param name="mirror">Whether mirrored pictures are looked for too.</param>
    /// <param name="radius">Bits in which frequency hashes may differ: 7, or 11 for a wide search.</param>
    public LookAlikes(IReadOnlyList<PictureHash> hashes, bool mirror, int radius = 7)
    {
        (this.hashes, this.mirror, this.radius) = (hashes, mirror, radius);
        wholes = new HashIndex([.. hashes.Select(h => h.Frequency[0])]);
        parts = new HashIndex([.. hashes.SelectMany(h => h.Frequency.Skip(1))]);
        announced = new bool[hashes.Count];
        gradients = new HashIndex([.. hashes.Select(h => h.Gradient)]);
    }

    /// <summary>The candidates for one of the pictures: those before it that were announced.</summary>
    /// <param name="id">Its place, above that of the call before.</param>
    /// <param name="found">Receives them, cleared first; each once for plain and once for mirrored.</param>
    public void Near(int id, List<Candidate> found)
    {
        found.Clear();
        ahead.Clear();
        current = id;
        waiting.Remove(id, out List<Candidate>? larger);
        Look(hashes[id].Frequency[0], hashes[id].Gradient, larger, found, mirrored: false);
        if (mirror)
        {
            Look(hashes[id].MirroredFrequency[0], hashes[id].MirroredGradient, larger, found, mirrored: true);
        }
    }

    /// <summary>Makes the picture that was asked about last a candidate for those after it.</summary>
    public void Announce()
    {
        announced[current] = true;
        foreach (Candidate later in ahead)
        {
            if (!waiting.TryGetValue(later.Id, out List<Candidate>? list))
            {
                waiting[later.Id] = list = [];
            }

            list.Add(new Candidate(current, later.Mirrored));
        }
    }

    private void Look(ulong whole, ulong gradient, List<Candidate>? larger, List<Candidate> found, bool mirrored)
    {
        // The whole of this near a part of another: a crop of it, or it will be found to be one of this when its turn
        // comes.
        scratch.Clear();
        parts.Near(whole, radius, scratch);
        int each = PictureHash.Windows.Count - 1,
            kept = 0;
        for (int i = 0; i < scratch.Count; i++)
        {
            int other = scratch[i] / each;
            if (other > current)
            {
                ahead.Add(new Candidate(other, mirrored));
            }
            else
            {
                scratch[kept++] = other;
            }
        }

        scratch.RemoveRange(kept, scratch.Count - kept);
        wholes.Near(whole, radius, scratch);
        gradients.Near(gradient, GradientRadius, scratch);
        foreach (Candidate candidate in larger ?? [])
        {
            if (candidate.Mirrored == mirrored)
            {
                scratch.Add(candidate.Id);
            }
        }

        scratch.Sort();
        int last = -1;
        foreach (int other in scratch)
        {
            if (
                other != last
                && other < current
                && announced[other]
                && hashes[current].ColourDistance(hashes[other], mirrored) <= MostColour
            )
            {
                found.Add(new Candidate(other, mirrored));
            }

            last = other;
        }
    }

    /// <summary>What <see cref="Near"/> tests, for one pair: the plain and slow way to the same candidates.</summary>
    public static bool AreNear(PictureHash a, PictureHash b, bool mirrored, int radius = 7)
    {
        ulong[] frequency = mirrored ? a.MirroredFrequency : a.Frequency;
        ulong whole = mirrored ? b.MirroredFrequency[0] : b.Frequency[0];
        bool near = PictureHash.Distance(mirrored ? a.MirroredGradient : a.Gradient, b.Gradient) <= GradientRadius;
        for (int i = 0; i < frequency.Length && !near; i++)
        {
            near =
                PictureHash.Distance(frequency[0], b.Frequency[i]) <= radius
                || (i > 0 && PictureHash.Distance(whole, a.Frequency[i]) <= radius);
        }

        return near && a.ColourDistance(b, mirrored) <= MostColour;
    }
}

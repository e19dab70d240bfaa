using Forno.Imaging;

namespace Forno.Prepare;

/// <summary>A picture that may look like the one asked about.</summary>
/// <param name="Id">Its place in the list.</param>
/// <param name="Mirrored">Whether one of the two is to be mirrored first.</param>
public readonly record struct Candidate(int Id, bool Mirrored);

/// <summary>
/// Finds pictures whose hashes are near, of whatever slight crop and, if asked, mirrored. A candidate is only a hint: a
/// hash of 64 bits does not know two faces apart. Fixed once made; safe for several threads.
/// </summary>
public sealed class LookAlikes
{
    private const int MostColour = 48, GradientRadius = 3;

    private readonly IReadOnlyList<PictureHash> hashes;
    private readonly HashIndex wholes, parts, gradients;
    private readonly bool mirror;
    private readonly int radius;

    /// <summary>Indexes hashes.</summary>
    /// <param name="hashes">Each is known by its place in the list.</param>
    /// <param name="mirror">Whether mirrored pictures are looked for too.</param>
    /// <param name="radius">Bits in which frequency hashes may differ: 7, or 11 for a wide search.</param>
    public LookAlikes(IReadOnlyList<PictureHash> hashes, bool mirror, int radius = 7)
    {
        (this.hashes, this.mirror, this.radius) = (hashes, mirror, radius);
        wholes = new HashIndex([.. hashes.Select(h => h.Frequency[0])]);
        parts = new HashIndex([.. hashes.SelectMany(h => h.Frequency.Skip(1))]);
        gradients = new HashIndex([.. hashes.Select(h => h.Gradient)]);
    }

    /// <summary>The candidates for one of the pictures.</summary>
    /// <param name="id">Its place.</param>
    /// <param name="before">Only those whose place is below this one.</param>
    /// <param name="found">Receives them, cleared first; each once for plain and once for mirrored.</param>
    /// <param name="scratch">Room for the search.</param>
    public void Near(int id, int before, List<Candidate> found, List<int> scratch)
    {
        found.Clear();
        Look(hashes[id].Frequency, hashes[id].Gradient, mirrored: false);
        if (mirror)
        {
            Look(hashes[id].MirroredFrequency, hashes[id].MirroredGradient, mirrored: true);
        }

        void Look(ulong[] frequency, ulong gradient, bool mirrored)
        {
            // A crop of the other: the whole of this near a part of that; and the other way round.
            scratch.Clear();
            parts.Near(frequency[0], radius, scratch);
            int each = frequency.Length - 1;
            for (int i = 0; i < scratch.Count; i++)
            {
                scratch[i] /= each;
            }

            foreach (ulong hash in frequency)
            {
                wholes.Near(hash, radius, scratch);
            }

            gradients.Near(gradient, GradientRadius, scratch);
            scratch.Sort();
            int last = -1;
            foreach (int other in scratch)
            {
                if (other != last && other < before && other != id && hashes[id].ColourDistance(hashes[other], mirrored) <= MostColour)
                {
                    found.Add(new Candidate(other, mirrored));
                }

                last = other;
            }
        }
    }

    /// <summary>What <see cref="Near"/> tests, for one pair: the plain and slow way to the same candidates.</summary>
    public static bool AreNear(PictureHash a, PictureHash b, bool mirrored, int radius = 7)
    {
        ulong[] frequency = mirrored ? a.MirroredFrequency : a.Frequency;
        bool near = PictureHash.Distance(mirrored ? a.MirroredGradient : a.Gradient, b.Gradient) <= GradientRadius;
        for (int i = 0; i < frequency.Length && !near; i++)
        {
            near = PictureHash.Distance(frequency[i], b.Frequency[0]) <= radius || PictureHash.Distance(frequency[0], b.Frequency[i]) <= radius;
        }

        return near && a.ColourDistance(b, mirrored) <= MostColour;
    }
}

using Forno.Pocket.Data;

namespace Forno.Pocket.Training;

/// <summary>
/// Draws the pictures of a contrastive batch: most of them of different concepts; the rest are the same concepts in
/// other styles, since nothing else makes the towers tell styles apart once they know the concepts. No picture has the
/// concept and the style of another.
/// </summary>
/// <param name="data">Records.</param>
/// <param name="pictures">Numbers of the pictures to draw from.</param>
public sealed class ClipBatches(PocketData data, int[] pictures)
{
    private readonly Dictionary<string, int[]> byConcept = pictures
        .GroupBy(p => data.Records[p].Concept)
        .ToDictionary(g => g.Key, g => g.ToArray(), StringComparer.Ordinal);

    /// <summary>A batch in random order; smaller where there are not so many concepts and styles.</summary>
    /// <param name="size">Pictures.</param>
    /// <param name="twins">How many of them repeat a concept in another style.</param>
    /// <param name="random">What to draw with.</param>
    public int[] Draw(int size, int twins, Random random)
    {
        var chosen = new List<int>(size);
        var concepts = new HashSet<string>(StringComparer.Ordinal);
        var pairs = new HashSet<(string Set, string Concept)>();
        int different = Math.Min(size - twins, byConcept.Count);
        while (chosen.Count < different)
        {
            int picture = pictures[random.Next(pictures.Length)];
            PocketRecord record = data.Records[picture];
            if (concepts.Add(record.Concept))
            {
                pairs.Add((record.Set, record.Concept));
                chosen.Add(picture);
            }
        }

        for (int tries = 8 * twins; tries > 0 && chosen.Count < different + twins; tries--)
        {
            int[] others = byConcept[data.Records[chosen[random.Next(different)]].Concept];
            int picture = others[random.Next(others.Length)];
            PocketRecord record = data.Records[picture];
            if (pairs.Add((record.Set, record.Concept)))
            {
                chosen.Add(picture);
            }
        }

        int[] batch = [.. chosen];
        random.Shuffle(batch);
        return batch;
    }
}

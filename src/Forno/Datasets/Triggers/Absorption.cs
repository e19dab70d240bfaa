namespace Forno.Datasets.Triggers;

/// <summary>What becomes of a feature under a trigger. <c>docs/absorption.md</c> tells it at length.</summary>
public enum AbsorptionVerdict
{
    /// <summary>Nothing: another trigger takes it.</summary>
    None,

    /// <summary>The trigger takes it: all of its pictures show it, and nearly none without the trigger does.</summary>
    Wholly,

    /// <summary>
    /// As <see cref="Wholly"/>, but other triggers have exactly the same pictures and take it just as much.
    /// </summary>
    Alike,

    /// <summary>The trigger takes it, but it is shown without the trigger too.</summary>
    Mostly,

    /// <summary>Several triggers take it, each for pictures of its own.</summary>
    Split,

    /// <summary>Another takes it, but it will turn up with this one too.</summary>
    Leaks,

    /// <summary>No trigger shows it always; this one fits it best, and it will come and go.</summary>
    Partly,
}

/// <summary>A trigger's share in a feature.</summary>
/// <param name="Trigger">The trigger.</param>
/// <param name="Verdict">What becomes of the feature under it.</param>
/// <param name="Pictures">How many of its pictures show the feature untold.</param>
/// <param name="Grip">Of the trigger's pictures, the share that shows it untold, 0 to 1.</param>
/// <param name="Share">Of the pictures that show it untold, the share that has the trigger, 0 to 1.</param>
public sealed record AbsorptionCell(Trigger Trigger, AbsorptionVerdict Verdict, int Pictures, double Grip, double Share)
{
    /// <summary>Whether the trigger learns the feature: wholly, alike, mostly or split.</summary>
    public bool Takes =>
        Verdict
            is AbsorptionVerdict.Wholly
                or AbsorptionVerdict.Alike
                or AbsorptionVerdict.Mostly
                or AbsorptionVerdict.Split;
}

/// <summary>What becomes of a feature.</summary>
/// <param name="Feature">The feature.</param>
/// <param name="Cells">The triggers that occur together with it, in the table's order.</param>
/// <param name="Unclaimed">How many pictures show it untold and have no trigger at all: everything that is drawn with
/// the LoRA gets a little of it.</param>
public sealed record AbsorptionRow(Feature Feature, IReadOnlyList<AbsorptionCell> Cells, int Unclaimed)
{
    /// <summary>The triggers that take it.</summary>
    public IEnumerable<AbsorptionCell> Takers => Cells.Where(c => c.Takes);
}

/// <summary>
/// The measure. A feature is learnt by the trigger whose pictures are its own: with H the pictures that show it untold
/// and E those of a trigger, the grip is |E∩H| ÷ |E|, the share |E∩H| ÷ |H|. Bearers are triggers with a grip of at
/// least <see cref="Tenths"/> tenths. They are asked in order of |E∩H|, then of the closer fit; one takes the feature
/// if at least half of what it explains nobody before it did, so that a wide bearer leaves nothing to a narrow one
/// within it. Equal bearers are judged at once, so that neither order nor names decide.
/// </summary>
public static class Absorption
{
    /// <summary>What counts as all, in tenths: taggers miss some.</summary>
    public const int Tenths = 9;

    /// <summary>
    /// A feature of more than this share of a trigger's pictures leaks into it though another takes it.
    /// </summary>
    public const double LeakAbove = 0.5;

    /// <summary>Judges one feature.</summary>
    /// <param name="feature">The feature, with at least one picture that shows it untold.</param>
    /// <param name="triggers">All triggers, in the order that the row is to have.</param>
    public static AbsorptionRow Judge(Feature feature, IReadOnlyList<Trigger> triggers)
    {
        Extent hidden = feature.Hidden;
        int[] overlaps = [.. triggers.Select(t => t.Extent.Overlap(hidden))];
        bool[] takes = Takers(hidden, triggers, overlaps, out Extent rest);
        Trigger[] takers = [.. triggers.Where((_, i) => takes[i])];
        var taken = Extent.Union(hidden.Size, takers.Select(t => t.Extent));
        AbsorptionVerdict taking =
            takers.Select(t => t.Extent).Distinct().Count() > 1 ? AbsorptionVerdict.Split
            : MuchLeft(rest, hidden) ? AbsorptionVerdict.Mostly
            : takers.Length > 1 ? AbsorptionVerdict.Alike
            : AbsorptionVerdict.Wholly;
        bool[] fitsRest = MuchLeft(rest, hidden) ? BestFits(rest, triggers) : new bool[triggers.Count];

        var cells = new List<AbsorptionCell>();
        for (int i = 0; i < triggers.Count; i++)
        {
            if (overlaps[i] == 0)
            {
                continue;
            }

            Trigger trigger = triggers[i];
            double grip = (double)overlaps[i] / trigger.Extent.Count;
            AbsorptionVerdict verdict =
                takes[i] ? taking
                : takers.Length == 0 ? (fitsRest[i] ? AbsorptionVerdict.Partly : AbsorptionVerdict.None)
                : fitsRest[i] || (grip > LeakAbove && Reaches(trigger.Extent, taken)) ? AbsorptionVerdict.Leaks
                : AbsorptionVerdict.None;
            cells.Add(new AbsorptionCell(trigger, verdict, overlaps[i], grip, (double)overlaps[i] / hidden.Count));
        }

        return new AbsorptionRow(
            feature,
            cells,
            hidden.Minus(Extent.Union(hidden.Size, triggers.Select(t => t.Extent))).Count
        );
    }

    /// <summary>Whether some are as good as all of several.</summary>
    internal static bool Nearly(int some, int all) => some * 10 >= all * Tenths;

    // Whether a trigger has pictures of its own that the takers do not have, or is the wider.
    private static bool Reaches(Extent extent, Extent taken) =>
        extent.Count > taken.Count || !Nearly(extent.Overlap(taken), extent.Count);

    private static bool MuchLeft(Extent rest, Extent hidden) => !Nearly(hidden.Count - rest.Count, hidden.Count);

    private static bool[] Takers(Extent hidden, IReadOnlyList<Trigger> triggers, int[] overlaps, out Extent rest)
    {
        bool[] takes = new bool[triggers.Count];
        rest = hidden;
        var bearers = Enumerable
            .Range(0, triggers.Count)
            .Where(i => overlaps[i] > 0 && Nearly(overlaps[i], triggers[i].Extent.Count))
            .GroupBy(i => (Explains: overlaps[i], Of: triggers[i].Extent.Count))
            .OrderByDescending(g => g.Key.Explains)
            .ThenBy(g => g.Key.Of);
        foreach (var equals in bearers)
        {
            Extent before = rest;
            foreach (int i in equals.Where(i => triggers[i].Extent.Overlap(before) * 2 >= overlaps[i]))
            {
                takes[i] = true;
                rest = rest.Minus(triggers[i].Extent);
            }
        }

        return takes;
    }

    // By |E∩R| ÷ |E∪R|; equal ones are equally good.
    private static bool[] BestFits(Extent rest, IReadOnlyList<Trigger> triggers)
    {
        double[] fits =
        [
            .. triggers.Select(t =>
                t.Extent.Overlap(rest) is > 0 and var both ? (double)both / (t.Extent.Count + rest.Count - both) : 0
            ),
        ];
        double best = fits.DefaultIfEmpty().Max();
        return [.. fits.Select(f => f > 0 && f == best)];
    }
}

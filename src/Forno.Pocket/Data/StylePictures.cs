namespace Forno.Pocket.Data;

/// <summary>One drawing of an art set.</summary>
/// <param name="Record">What it shows.</param>
/// <param name="Planes">Its bytes: RGB planes [3, 128, 128] on white.</param>
public sealed record StylePicture(PocketRecord Record, byte[] Planes)
{
    /// <summary>The same row by row: RGB [128, 128, 3].</summary>
    public byte[] Rgb()
    {
        const int plane = PocketData.Side * PocketData.Side;
        byte[] rgb = new byte[3 * plane];
        for (int i = 0; i < plane; i++)
        {
            for (int c = 0; c < 3; c++)
            {
                rgb[(3 * i) + c] = Planes[(c * plane) + i];
            }
        }
        return rgb;
    }
}

/// <summary>
/// A few dozen drawings of one art set, without building the whole data: what a LoRA of the style learns from, and what
/// it is measured on.
/// </summary>
public static class StylePictures
{
    /// <summary>
    /// Draws the first pictures of a set in the order of <see cref="Spread"/>; one that fails is passed over.
    /// </summary>
    /// <param name="assets">Folder with the fetched packages: the set's own, its list of code points', and
    /// emojibase-data.</param>
    /// <param name="set">A name of <see cref="ArtSet.All"/>.</param>
    /// <param name="heldOut">Concepts that are left out: no training may see them.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="FornoException">No such set, a package is missing, or the set has not so many
    /// drawings.</exception>
    public static IReadOnlyList<StylePicture> Draw(string assets, string set, IReadOnlySet<string> heldOut, int count)
    {
        ArtSet art = Named(set);
        var names = new EmojiNames(Path.Combine(assets, "emojibase-data"));
        var icons = IconSet.Read(Path.Combine(assets, art.Name));
        var characters = new Dictionary<string, IReadOnlyDictionary<string, string>> { [art.Name] = icons.Characters };
        if (art.CharactersOf is { } other)
        {
            characters[other] = IconSet.Read(Path.Combine(assets, other)).Characters;
        }

        names.Learn(icons);
        List<(Icon Icon, PocketRecord Record)> all = PocketBuilder.Choose(art, icons, characters, names, heldOut);
        var drawn = new List<StylePicture>();
        foreach (int i in Spread([.. all.Select(c => c.Record)]))
        {
            if (drawn.Count == count)
            {
                break;
            }
            byte[] planes = new byte[PocketData.PictureBytes];
            if (PocketBuilder.Draw(art, all[i].Icon, planes).Colours is { } colours)
            {
                drawn.Add(new StylePicture(all[i].Record with { Colours = colours }, planes));
            }
        }

        return drawn.Count == count
            ? drawn
            : throw new FornoException(
                $"{art.Name}: {count} pictures are wanted, but only {drawn.Count} of its drawings can be used"
            );
    }

    /// <summary>The packages that <see cref="Draw"/> needs for a set.</summary>
    /// <exception cref="FornoException">No such set.</exception>
    public static string[] Packages(string set) =>
        Named(set) is { CharactersOf: { } other } art ? [art.Name, other, "emojibase-data"] : [set, "emojibase-data"];

    /// <summary>
    /// An order in which any first part shows a bit of everything: the groups take turns, each in a fixed shuffle. One
    /// picture a concept; left out are concepts held out, people and their skin tones (Pocket draws few), symbols (a
    /// square or a letter shows little of a style), and drawings that emojibase does not know.
    /// </summary>
    /// <param name="records">Descriptions of one style.</param>
    /// <returns>Indices into the list.</returns>
    public static int[] Spread(IReadOnlyList<PocketRecord> records) =>
        [
            .. Enumerable
                .Range(0, records.Count)
                .Where(i =>
                    records[i].Split is PocketSplit.Training or PocketSplit.HeldOutStyle
                    && records[i].Group is not ("" or "people and body" or "symbols")
                )
                .DistinctBy(i => records[i].Concept)
                .GroupBy(i => records[i].Group)
                .SelectMany(group =>
                    group
                        .OrderBy(i => PocketBuilder.StableHash(records[i].Concept))
                        .ThenBy(i => records[i].Concept, StringComparer.Ordinal)
                        .Select((index, turn) => (index, turn, group.Key))
                )
                .OrderBy(x => x.turn)
                .ThenBy(x => x.Key, StringComparer.Ordinal)
                .Select(x => x.index),
        ];

    private static ArtSet Named(string set) =>
        ArtSet.All.FirstOrDefault(a => a.Name == set)
        ?? throw new FornoException(
            $"there is no art set '{set}'; there are {string.Join(", ", ArtSet.All.Select(a => a.Name))}"
        );
}

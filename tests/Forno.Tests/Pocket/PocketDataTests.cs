using Forno.Pocket.Data;
using Forno.TestKit;

namespace Forno.Tests.Pocket;

/// <summary>Builds data of made-up packages in the shape of the real ones.</summary>
public sealed class PocketDataTests : IDisposable
{
    private const string Square = """<path fill=\"#f00\" d=\"M4 4h24v24H4z\"/>""";

    private readonly string folder = Directory.CreateTempSubdirectory("forno-pocket").FullName;

    public PocketDataTests()
    {
        Put(
            "emojibase-data/meta/groups.json",
            """
            {"groups":{"0":"smileys-emotion","4":"food-drink","9":"flags"},
             "subgroups":{"14":"heart","42":"food-fruit","97":"flag"}}
            """
        );
        Put("emojibase-data/meta/unicode-names.json", """{"2764-FE0F":"HEAVY BLACK HEART"}""");
        Put(
            "emojibase-data/en/messages.json",
            """
            {"groups":[{"key":"smileys-emotion","message":"smileys & emotion"},
              {"key":"food-drink","message":"food & drink"},{"key":"flags","message":"flags"}],
             "subgroups":[{"key":"heart","message":"hearts"},{"key":"food-fruit","message":"fruit"},
              {"key":"flag","message":"other flags"}]}
            """
        );
        Put(
            "emojibase-data/en/data.json",
            """
            [{"label":"red heart","hexcode":"2764","tags":["heart","love","emotion"],"group":0,"subgroup":14},
             {"label":"green apple","hexcode":"1F34F","tags":["fruit","apple"],"group":4,"subgroup":42},
             {"label":"Pear","hexcode":"1F350","tags":["fruit"],"group":4,"subgroup":42},
             {"label":"waving hand","hexcode":"1F44B","tags":["hi","hello"],"group":0,"subgroup":14,
              "skins":[{"label":"waving hand: dark skin tone","hexcode":"1F44B-1F3FF"}]},
             {"label":"black flag","hexcode":"1F3F4","tags":[],"group":9,"subgroup":97}]
            """
        );
        foreach (string file in (string[])["cldr", "emojibase", "iamcal", "joypixels", "github", "emojibase-legacy"])
        {
            Put($"emojibase-data/en/shortcodes/{file}.json", """{"1F34F":["green_apple","apple_of_green"]}""");
        }

        foreach (ArtSet art in ArtSet.All)
        {
            Put(
                $"{art.Name}/icons.json",
                $$"""
                {"prefix":"{{art.Name}}","width":32,"height":32,"icons":{
                 "red-heart":{"body":"{{Square}}"},
                 "appleofgreen":{"body":"{{Square.Replace("#f00", "#0c0", StringComparison.Ordinal)}}"},
                 "pear-2":{"body":"{{Square}}"},
                 "withdrawn":{"body":"{{Square}}","hidden":true},
                 "nothing":{"body":"<g/>"},
                 "broken":{"body":"<path"},
                 "black-flag":{"body":"{{Square}}"},
                 "flag-for-nowhere":{"body":"{{Square}}"} },
                 "aliases":{"heart":{"parent":"red-heart"} } }
                """
            );
        }

        Put("noto/chars.json", """{"2764":"red-heart"}""");
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void EveryDrawingIsDrawnListedOrLeftOutForAReason()
    {
        PocketReport report = Build();
        Assert.Equal(3 * 8, report.Pictures);
        Assert.All(report.PerSet, set => Assert.Equal(3, set.Value));
        Assert.Equal(8, report.Failures.Count(f => f.Contains("/nothing: blank", StringComparison.Ordinal)));
        Assert.Equal(8, report.Failures.Count(f => f.Contains("/broken: ", StringComparison.Ordinal)));
        Assert.Equal(16, report.Failures.Count);
    }

    [Fact]
    public void NamesAreJoinedAndPixelsLieOnWhite()
    {
        Build();
        using var data = PocketData.Open(Path.Combine(folder, "out"));
        int apple = Enumerable
            .Range(0, data.Count)
            .First(i => data.Records[i].Set == "fluent-emoji-flat" && data.Records[i].Icon == "appleofgreen");
        PocketRecord record = data.Records[apple];
        Assert.Equal(
            ("green apple", "1F34F", "food and drink", "fruit"),
            (record.Name, record.Concept, record.Group, record.Subgroup)
        );
        Assert.Equal(["fruit"], record.Tags); // "apple" repeats the name
        Assert.Equal(["green"], record.Colours);
        Assert.Equal("green apple, fruit, green, fluent flat style", record.FullCaption());
        Assert.Equal("green apple, fluent flat style", record.ShortCaption());

        ReadOnlySpan<byte> pixels = data.Pixels(apple);
        Assert.Equal((255, 255, 255), Pixel(pixels, 0, 0));
        Assert.Equal((0, 204, 0), Pixel(pixels, 64, 64));
        Assert.Equal((255, 255, 255), Pixel(pixels, 127, 127));
    }

    [Fact]
    public void SplitsKeepStylesAndConceptsApart()
    {
        Build();
        using var data = PocketData.Open(Path.Combine(folder, "out"));
        Assert.Equal(5 * 2, data.Indices(PocketSplit.Training).Length);
        Assert.Equal(5, data.Indices(PocketSplit.HeldOutConcept).Length);
        Assert.Equal(3 * 2, data.Indices(PocketSplit.HeldOutStyle).Length);
        Assert.Equal(3, data.Indices(PocketSplit.HeldOutBoth).Length);
        Assert.All(data.Indices(PocketSplit.HeldOutConcept), i => Assert.Equal("pear", data.Records[i].Name));
        Assert.Equal(2, data.Indices(PocketSplit.Training, "noto").Length);
        Assert.Equal(4, data.Reduced(9, "noto", "emojione").Length);
        Assert.Equal(2, data.Reduced(1, "noto", "emojione").Select(i => data.Records[i].Set).Distinct().Count());
        Assert.Contains("noto", Assert.Throws<ArgumentException>(() => data.Reduced(1, "noot")).Message);
    }

    [Fact]
    public void BuildingAgainGivesTheSameBytes()
    {
        Build();
        byte[] first = File.ReadAllBytes(Path.Combine(folder, "out", PocketData.PicturesFile));
        byte[] records = File.ReadAllBytes(Path.Combine(folder, "out", PocketData.RecordsFile));
        Build();
        Assert.Equal(first, File.ReadAllBytes(Path.Combine(folder, "out", PocketData.PicturesFile)));
        Assert.Equal(records, File.ReadAllBytes(Path.Combine(folder, "out", PocketData.RecordsFile)));
        Assert.Equal(
            ["pictures.safetensors", "records.json"],
            Directory.GetFiles(Path.Combine(folder, "out")).Select(Path.GetFileName).Order()
        );
    }

    [Fact]
    public void DrawnCaptionsRepeatVaryAndKeepNameAndStyle()
    {
        var record = new PocketRecord
        {
            Set = "noto",
            Icon = "a",
            Concept = "A",
            Name = "red apple",
            Tags = ["food", "diet", "tree", "red"],
            Group = "food and drink",
            Subgroup = "fruit",
            Colours = ["red", "green"],
            Style = "noto",
            Split = PocketSplit.Training,
        };
        string[] drawn = [.. Enumerable.Range(0, 400).Select(i => record.DrawCaption(7, (ulong)i, 3))];
        Assert.Equal(drawn, Enumerable.Range(0, 400).Select(i => record.DrawCaption(7, (ulong)i, 3)));
        Assert.All(drawn, c => Assert.StartsWith("red apple, ", c));
        Assert.All(drawn, c => Assert.EndsWith(", noto style", c));
        Assert.InRange(drawn.Count(c => c == record.ShortCaption()), 70, 150); // a quarter, and a few by chance
        Assert.True(drawn.Distinct().Count() > 100);
        Assert.NotEqual(drawn, Enumerable.Range(0, 400).Select(i => record.DrawCaption(8, (ulong)i, 3)));
    }

    [Fact]
    public void MissingPackagesAndDataAreNamed()
    {
        Assert.Contains(
            "forno pocket data",
            Assert.Throws<FornoException>(() => PocketData.Open(Path.Combine(folder, "none"))).Message
        );
        Directory.Delete(Path.Combine(folder, "openmoji"), recursive: true);
        Assert.Contains("openmoji", Assert.Throws<FornoException>(() => Build()).Message);
        Assert.Contains("nolist", Assert.Throws<FornoException>(() => PocketData.ReadHeldOut("nolist.txt")).Message);
    }

    [Fact]
    public void TornPixelsAreNotOpened()
    {
        Build();
        using (FileStream file = File.OpenWrite(Path.Combine(folder, "out", PocketData.PicturesFile)))
        {
            file.SetLength(file.Length - 1);
        }

        Assert.Throws<FornoException>(() => PocketData.Open(Path.Combine(folder, "out")));
    }

    [Fact]
    public void TheCommittedListHoldsTwentyConceptsAndNoneOfTheFirstPrompts()
    {
        IReadOnlySet<string> held = PocketData.ReadHeldOut(
            Path.Combine(Goldens.RepositoryRoot, "pocket", "held-out.txt")
        );
        Assert.Equal(20, held.Count);
        Assert.Empty(held.Intersect(["red heart", "green apple", "cat face"]));
    }

    private static (byte, byte, byte) Pixel(ReadOnlySpan<byte> planes, int x, int y)
    {
        int at = (y * PocketData.Side) + x;
        return (
            planes[at],
            planes[at + (PocketData.Side * PocketData.Side)],
            planes[at + (2 * PocketData.Side * PocketData.Side)]
        );
    }

    private PocketReport Build() =>
        PocketData.Build(folder, new HashSet<string> { "pear" }, Path.Combine(folder, "out"));

    private void Put(string path, string text)
    {
        string full = Path.Combine(folder, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}

using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.TestKit;
using Forno.Tests.Findings;
using Forno.Workspace;

namespace Forno.Tests.Datasets.Triggers;

public class PrunePlansTests
{
    private static readonly TraitLists Traits = TraitLists.Read();
    private static readonly TriggerName Anna = new("anna", TriggerKind.Character),
        Bea = new("bea", TriggerKind.Character),
        Gown = new("gown1", TriggerKind.Outfit),
        Ink = new("ink", TriggerKind.Style);

    private const string Full =
        "anna, gown1 ||| 1girl, blue hair, long_hair, green eyes, dark skin, mole, cat ears, large breasts, "
        + "red_dress, white gloves, necklace, black boots, smile, outdoors, monochrome";

    [Theory]
    [InlineData("blue_hair", "hair-colour")]
    [InlineData("light blue hair", "hair-colour")]
    [InlineData("dark_green_hair", "hair-colour")]
    [InlineData("streaked hair", "hair-colour")]
    [InlineData("long hair", "hair-style")]
    [InlineData("high ponytail", "hair-style")]
    [InlineData("windswept hair", "hair-style")]
    [InlineData("wet hair", null)]
    [InlineData("holding hair", null)]
    [InlineData("heterochromia", "eyes")]
    [InlineData("ringed eyes", "eyes")]
    [InlineData("closed eyes", null)]
    [InlineData("dark-skinned female", "skin")]
    [InlineData("mole under eye", "face")]
    [InlineData("fox tail", "body")]
    [InlineData("ponytail", "hair-style")]
    [InlineData("large breasts", "body-size")]
    [InlineData("hair ribbon", "ornaments")]
    [InlineData("red bow", "ornaments")]
    [InlineData("red bowtie", "garment-neck")]
    [InlineData("witch hat", "garment-head")]
    [InlineData("frilled white shirt", "garment-top")]
    [InlineData("torn shirt", null)]
    [InlineData("holding hat", null)]
    [InlineData("blue jacket", "garment-outer")]
    [InlineData("plaid skirt", "garment-bottom")]
    [InlineData("green wedding dress", "garment-whole")]
    [InlineData("black thighhighs", "garment-legs")]
    [InlineData("elbow gloves", "garment-hands")]
    [InlineData("red high heels", "footwear")]
    [InlineData("brown footwear", "footwear")]
    [InlineData("white background", "background")]
    [InlineData("watercolor (medium)", "style")]
    [InlineData("greyscale", "style")]
    [InlineData("2girls", "people")]
    [InlineData("smile", null)]
    [InlineData("anna", null)]
    public void TagsHaveCategories(string tag, string? category) =>
        Assert.Equal(category, Traits.Of(TagExpression.Normal(tag)));

    [Fact]
    public void LevelsZeroAndOnePruneNothing()
    {
        Assert.Equal(Full, Pruned(Level(0), Full));
        Assert.Equal(Full, Pruned(Level(1), Full));
    }

    [Fact]
    public void LevelTwoTakesAllIntrinsicTraitsOfTheCharacter() =>
        Assert.Equal(
            "anna, gown1 ||| 1girl, large breasts, red_dress, white gloves, necklace, black boots, smile, "
                + "outdoors, monochrome",
            Pruned(Level(2), Full)
        );

    [Fact]
    public void LevelThreeLeavesWhatIsChangeable()
    {
        Assert.Equal(
            "anna, gown1 ||| 1girl, long_hair, green eyes, large breasts, red_dress, white gloves, necklace, "
                + "black boots, smile, outdoors, monochrome",
            Pruned(Level(3) with { Keep = ["hair-style", "green_*"] }, Full)
        );
        Assert.Contains(
            "categories such as hair-style",
            Assert.Throws<FornoException>(() => Pruned(Level(3), Full)).Message
        );
    }

    [Fact]
    public void LevelFourTakesForEachTriggerWhatBelongsToIt()
    {
        Assert.Equal(
            "anna, gown1 ||| 1girl, large breasts, black boots, smile, outdoors, monochrome",
            Pruned(Level(4), Full)
        );
        string bare = Full.Replace(", gown1", "");
        Assert.Equal(
            "anna ||| 1girl, large breasts, red_dress, white gloves, necklace, black boots, smile, outdoors, "
                + "monochrome",
            Pruned(Level(4), bare)
        ); // misc: clothes stay
        string outfit = Full.Replace("anna, ", "");
        Assert.Equal(
            "gown1 ||| 1girl, blue hair, long_hair, green eyes, dark skin, mole, cat ears, large breasts, "
                + "black boots, smile, outdoors, monochrome",
            Pruned(Level(4), outfit)
        );
    }

    [Fact]
    public void BodySizeAndFootwearStayUnlessTheRuleIsSwitchedOff()
    {
        Assert.Equal(
            "anna, gown1 ||| 1girl, smile, outdoors, monochrome",
            Pruned(Level(4) with { Without = ["body-size", "footwear"] }, Full)
        );
        PruneOutcome outcome = Outcome(Level(4), Full);
        Assert.Contains("large breasts (1)", outcome.Findings.Single(f => f.Kind == FindingKind.BodySize).What);
        Assert.Contains("whole figure", outcome.Findings.Single(f => f.Kind == FindingKind.Footwear).Effect);
        Assert.Contains(
            "did you mean",
            Assert.Throws<FornoException>(() => Pruned(Level(4) with { Without = ["footwaer"] }, Full)).Message,
            StringComparison.OrdinalIgnoreCase
        );
    }

    [Fact]
    public void CountsOfPeopleArePrunedFromPairs()
    {
        Assert.Equal("anna, bea ||| smile", Pruned(Level(4), "anna, bea ||| 2girls, multiple girls, smile"));
        Assert.Equal("anna ||| 2girls, smile", Pruned(Level(4), "anna ||| 2girls, smile"));
        Assert.Equal(
            "anna, bea ||| 2girls, smile",
            Pruned(Level(4) with { Without = ["pair"] }, "anna, bea ||| 2girls, smile")
        );
        var folder = CaptionSet.Of([
            new CaptionedPicture(
                new PictureItem { Path = "5_a+b/0.png", File = "/0.png" },
                CaptionText.Parse("anna ||| 2girls")
            )
            {
                File = new Companion("5_a+b/0.txt", "/0.txt"),
            },
        ]);
        Assert.Equal("anna |||", Make(folder, Level(4)).Plan.Steps[0].Text!.After.TrimEnd());
    }

    [Fact]
    public void MonochromeIsPrunedForBlackAndWhiteStylesOnly()
    {
        Assert.Equal("ink ||| 1girl, smile", Pruned(Level(2), "ink ||| 1girl, greyscale, monochrome, smile"));
        Assert.Equal("monochrome", Outcome(Level(2), "ink ||| monochrome").Counts[0].Rule);
        CaptionSet mixed = TriggerPlansTests.Set(
            "anna, ink ||| monochrome",
            "anna, ink ||| blue sky",
            "anna, ink ||| red sky"
        );
        // not a black-and-white style: by its category only
        Assert.Equal("style", Make(mixed, Level(2)).Counts.Single().Rule);
        Assert.Equal("anna ||| monochrome", Pruned(Level(2), "anna ||| monochrome"));
    }

    [Fact]
    public void OtherCharactersAreReported()
    {
        var sidecar = new TagSidecar
        {
            Seen =
            [
                new SeenTag("hatsune_miku", 0.9, "character"),
                new SeenTag("anna", 0.9, "character"),
                new SeenTag("zelda", 0.9, "character"),
            ],
        };
        PruneOutcome outcome = PrunePlans.Make(
            TriggerPlansTests.Set("anna ||| hatsune miku, blue hair"),
            [Anna],
            Traits,
            Level(2),
            _ => sidecar
        );
        Assert.Equal(
            "characters that a tagger recognised: hatsune miku (1)",
            outcome.Findings.Single(f => f.Kind == FindingKind.OtherCharacter).What
        );
        Assert.Equal("anna ||| hatsune miku", outcome.Plan.Steps[0].Text!.After);
    }

    [Fact]
    public void WithoutATriggerNothingIsPrunedAndTold()
    {
        PruneOutcome outcome = Outcome(Level(4), "1girl, blue hair");
        Assert.Empty(outcome.Plan.Steps);
        Assert.Contains(
            "1 picture without a trigger",
            outcome.Findings.Single(f => f.Kind == FindingKind.WithoutTrigger).What
        );
    }

    [Fact]
    public void TriggersSentencesAndWhatStandsInPlaceStay()
    {
        Assert.Equal(
            "anna, blue hair ||| smile ||| red hair",
            Pruned(Level(2), "anna, blue hair ||| smile, green hair ||| red hair")
        );
        Assert.Equal(
            "anna, A girl with long blue hair is standing.",
            Pruned(Level(2), "anna, A girl with long blue hair is standing., blue hair")
        );
        Assert.Equal("anna |||\nanna ||| hat\n", Pruned(Level(2), "anna ||| blue hair\nanna ||| hat, blue hair\n"));
        TriggerName hair = new("blue hair", TriggerKind.Character);
        Assert.Empty(
            PrunePlans.Make(TriggerPlansTests.Set("blue hair, smile"), [hair], Traits, Level(2), _ => null).Plan.Steps
        );
    }

    [Fact]
    public void AlsoKeepAndLeastShare()
    {
        Assert.Equal(
            "anna ||| 1girl",
            Pruned(
                Level(2) with
                {
                    Also = ["smile", "background", "*_sword"],
                },
                "anna ||| 1girl, smile, outdoors, big sword"
            )
        );
        // a category's name is a tag, too
        Assert.Equal("anna ||| 1girl", Pruned(Level(4) with { Also = ["face"] }, "anna ||| 1girl, face, mole"));
        Assert.Equal(
            "anna ||| blue hair, smile",
            Pruned(Level(2) with { Keep = ["hair-colour"] }, "anna ||| blue hair, smile, green eyes")
        );
        CaptionSet set = TriggerPlansTests.Set([.. Enumerable.Repeat("anna ||| blue hair", 19), "anna ||| red hair"]);
        Assert.Equal(20, Make(set, Level(2)).Plan.Steps.Count);
        Assert.Equal(19, Make(set, Level(2) with { LeastShare = 10 }).Plan.Steps.Count);
        Assert.Contains(
            "red hair (1)",
            Make(set, Level(2)).Findings.Single(f => f.Kind == FindingKind.PrunedRarely).What
        );
    }

    [Fact]
    public void KindsThatNobodyTellsShowInTheSets()
    {
        CaptionSet set = TriggerPlansTests.Set("anna, gown1 ||| blue hair, red dress", "anna ||| blue hair, jeans");
        PruneOutcome outcome = PrunePlans.Make(
            set,
            [new("anna", TriggerKind.Unknown), new("gown1", TriggerKind.Unknown)],
            Traits,
            Level(4),
            _ => null
        );
        Assert.Equal(["anna, gown1 |||", "anna ||| jeans"], outcome.Plan.Steps.Select(s => s.Text!.After.TrimEnd()));
    }

    [Fact]
    public void TheSidecarHasThemAndUndoRestoresEveryByte()
    {
        using TempTree tree = new();
        byte[] picture = TestPictures.Png(8, 8, 1);
        tree.Write("10_a/0.png", picture);
        tree.Write(
            "10_a/0.txt",
            [0xEF, 0xBB, 0xBF, .. "anna ||| blue_hair,  smile ,red eyes\r\nsecond line, blue hair\r\n"u8]
        );
        tree.Write("10_a/1.png", picture);
        tree.Write("10_a/1.txt", "anna ||| smile");
        tree.Write("10_a/2.png", picture);
        tree.Write("10_a/2.txt", "anna ||| smile, blue_hair");
        tree.Write(
            "10_a/2.tags.json",
            "{\"version\":1,\"seen\":[{\"tag\":\"blue_hair\",\"confidence\":0.9}],\"pruned\":[{\"tag\":\"bow\"}]}"
        );
        tree.Write(".forno/journal.jsonl", "");
        string before = TempTree.Picture(tree.Root);
        using var work = WorkFolder.Open(tree.Root);
        var folder = PictureFolder.Scan([tree.Root]);
        var set = CaptionSet.Read(folder);
        PruneOutcome outcome = PrunePlans.Make(set, [Anna], Traits, Level(2), TagSidecar.Of);
        Assert.Equal([("blue_hair", 2), ("red eyes", 1)], outcome.Counts.Select(c => (c.Tag, c.Pictures)));
        Assert.Equal(4, work.Apply(outcome.Plan).Files);
        Assert.Equal("anna ||| smile", File.ReadAllText(tree["10_a/2.txt"]));
        Assert.Equal(["bow", "blue_hair"], TagSidecar.Read(tree["10_a/2.tags.json"]).Pruned.Select(p => p.Tag));
        Assert.Single(TagSidecar.Read(tree["10_a/2.tags.json"]).Seen);
        Assert.Equal("hair-colour", TagSidecar.Read(tree["10_a/0.tags.json"]).Pruned[0].Rule);
        Assert.Equal([0xEF, 0xBB, 0xBF], File.ReadAllBytes(tree["10_a/0.txt"])[..3]);

        // What was pruned is what the absorption table sees.
        var after = CaptionSet.Read(PictureFolder.Scan([tree.Root]));
        var table = AbsorptionTable.Make(
            TriggerScenes.Of(after, [Anna], Traits, TriggerScenes.ReadPruned(after).Pruned)
        );
        Assert.Equal(2, table.Rows.Single(r => r.Feature.Tag == "blue_hair").Feature.Hidden.Count);
        Assert.Equal("hair-colour", table.Rows.Single(r => r.Feature.Tag == "blue_hair").Feature.Category);
        work.Undo(1);
        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    private static PruneSettings Level(int level) => new() { Level = (PruneLevel)level };

    private static PruneOutcome Make(CaptionSet set, PruneSettings settings)
    {
        PruneOutcome outcome = PrunePlans.Make(set, [Anna, Bea, Gown, Ink], Traits, settings, _ => null);
        outcome.Findings.Checked();
        return outcome;
    }

    private static PruneOutcome Outcome(PruneSettings settings, string caption) =>
        Make(TriggerPlansTests.Set(caption), settings);

    private static string Pruned(PruneSettings settings, string caption) =>
        Outcome(settings, caption).Plan.Steps.SingleOrDefault()?.Text?.After ?? caption;
}

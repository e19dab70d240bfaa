using Forno.Datasets.Captions;
using Forno.TestKit;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Datasets.Captions;

public class CaptionCleanerTests
{
    [Theory]
    [InlineData("shirt, white_shirt", "white_shirt")]
    [InlineData("long_hair, very_long_hair", "very_long_hair")]
    [InlineData("long hair, absurdly long hair", "absurdly long hair")]
    [InlineData("dress, dress shirt", "dress, dress shirt")]
    [InlineData("shirt, dress_shirt", "dress_shirt")]
    [InlineData("bow, bowtie", "bow, bowtie")]
    [InlineData("hat, hat ribbon", "hat, hat ribbon")]
    [InlineData("hat ribbon, ribbon, hat", "hat ribbon, hat")]
    [InlineData("black hair, black pubic hair", "black hair, black pubic hair")]
    [InlineData("glasses, wine glasses", "glasses, wine glasses")]
    [InlineData("bra, no bra", "bra, no bra")]
    [InlineData("eyes, hair between eyes, hair", "eyes, hair between eyes, hair")]
    [InlineData("blue eyes, light blue eyes, eyes", "light blue eyes")]
    [InlineData("red white shirt, white red shirt", "red white shirt")]
    [InlineData("shirt, shirt", "shirt")]
    [InlineData("cat ears, animal ears", "cat ears")]
    [InlineData("tears, smile, streaming tears, grin", "streaming tears, grin")]
    [InlineData("saber (fate), x (fate)", "saber (fate), x (fate)")]
    [InlineData("shirt ||| white shirt", "shirt ||| white shirt")]
    [InlineData("white shirt ||| shirt", "white shirt ||| shirt")] // what stays in place says nothing
    [InlineData("sks ||| a, a, sks", "sks ||| a")]
    [InlineData("shirt, A girl in a white shirt is here.", "shirt, A girl in a white shirt is here.")]
    public void WhatAnotherTagSaysGoes(string caption, string clean) => Clean(caption, clean, "redundancy");

    [Theory]
    [InlineData("white_dress, turtleneck_dress", "white_turtleneck_dress")]
    [InlineData("x, turtleneck dress, y, white dress, z", "x, white turtleneck dress, y, z")]
    [InlineData("white_dress, red_dress", "white_dress, red_dress")]
    [InlineData("white dress, turtleneck dress, red dress", "white dress, turtleneck dress, red dress")]
    [InlineData("light blue shirt, striped shirt, collared shirt", "light blue striped collared shirt")]
    [InlineData("white shirt, collared dress shirt", "white shirt, collared dress shirt")]
    [InlineData("white dress, wedding dress", "white dress, wedding dress")]
    [InlineData("white dress, turtleneck dress, 2girls", "white dress, turtleneck dress, 2girls")]
    [InlineData("white dress, turtleneck dress, 1girl, 1boy", "white dress, turtleneck dress, 1girl, 1boy")]
    [InlineData("white dress, turtleneck dress, 6+girls", "white dress, turtleneck dress, 6+girls")]
    [InlineData("white cat, striped cat", "white cat, striped cat")]
    [InlineData(
        "torn skirt, long skirt, red skirt, plaid skirt, leather skirt",
        "torn skirt, long skirt, red skirt, plaid skirt, leather skirt"
    )]
    [InlineData("white_dress ||| turtleneck_dress, long_dress", "white_dress ||| long_turtleneck_dress")]
    public void OneGarmentIsOneTag(string caption, string clean) => Clean(caption, clean, "consolidation");

    [Theory]
    [InlineData("circlet, x", "tiara, x")]
    [InlineData("circlet, x, Tiara", "x, Tiara")]
    [InlineData("twin_tails, gray_hair", "twintails, grey_hair")]
    [InlineData("long_hair, spectacles, bow in hair", "long_hair, glasses, hair bow")]
    [InlineData("circlet ||| circlet", "circlet ||| tiara")]
    public void SynonymsBecomeOne(string caption, string clean) => Clean(caption, clean, "synonyms");

    [Theory]
    [InlineData("meme, solo, Parody, shiny_skin, english commentary", "solo")]
    [InlineData("meme ||| meme, x", "meme ||| x")]
    [InlineData("grumpy cat (meme), bad pixiv id", "")]
    public void UselessTagsGo(string caption, string clean) => Clean(caption, clean, "useless");

    [Fact]
    public void GenericTagsAreSplitOnRequestOnly()
    {
        const string caption = "x, maid, dress";
        Clean(caption, caption, [.. CleanSettings.DefaultRules]);
        Clean(caption, "x, maid headdress, maid apron, dress", "split");
    }

    [Fact]
    public void EveryChangeNamesItsRule()
    {
        var cleaner = new CaptionCleaner(new CleanSettings());
        CaptionSet set = TagEditsTests.Set(
            "shirt, white_shirt, meme, circlet, white_dress, turtleneck_dress",
            "shirt, white_shirt",
            "x",
            null
        );
        CaptionEdit edit = cleaner.Clean(set.Pictures[0])!;
        Assert.Equal("white_shirt, tiara, white_turtleneck_dress", edit.Text.ToString());
        Assert.Equal(
            [
                "meme: judgement [useless]",
                "circlet → tiara [synonyms]",
                "shirt: white_shirt says it [redundancy]",
                "white_dress + turtleneck_dress → white_turtleneck_dress [consolidation]",
            ],
            edit.Reasons
        );
        Assert.NotNull(cleaner.Clean(set.Pictures[1]));
        Assert.Null(cleaner.Clean(set.Pictures[2]));
        Assert.Null(cleaner.Clean(set.Pictures[3]));
        Assert.Equal(
            ("redundancy", "shirt: white_shirt says it", 2),
            cleaner.Changes.Where(c => c.Rule == "redundancy").Select(c => (c.Rule, c.What, c.Captions)).Single()
        );
    }

    [Fact]
    public void TagsMayBeSparedAndListsBeOnesOwn()
    {
        var cleaner = new CaptionCleaner(
            new CleanSettings { Keep = [TagPattern.Parse("*shirt"), TagPattern.Parse("meme")] }
        );
        Assert.Equal(
            "shirt, white shirt, meme",
            cleaner.Clean(CaptionText.Parse("shirt, white shirt, meme, parody")).ToString()
        );
        using TempTree tree = new();
        tree.Write("synonyms.txt", "[head]\n-tiara\ncirclet = tiara\n");
        tree.Write("useless.txt", "[mine]\n*-chan\n");
        cleaner = new CaptionCleaner(new CleanSettings { Lists = tree.Root });
        Assert.Equal("circlet", cleaner.Clean(CaptionText.Parse("tiara, meme, foo-chan")).ToString());
        tree.Write("synonyms.txt", "circlet = tiara\n");
        Assert.Contains(
            "circle",
            Assert.Throws<FornoException>(() => new CaptionCleaner(new CleanSettings { Lists = tree.Root })).Message
        );
        tree.Write("synonyms.txt", "only one\n");
        Assert.Contains(
            "synonyms.txt:1",
            Assert.Throws<FornoException>(() => new CaptionCleaner(new CleanSettings { Lists = tree.Root })).Message
        );
        File.Delete(tree["synonyms.txt"]);
        tree.Write("split.txt", "a = b, c\nb = a\n");
        Assert.Contains(
            "part of itself",
            Assert.Throws<FornoException>(() => new CaptionCleaner(new CleanSettings { Lists = tree.Root })).Message
        );
        Assert.Contains(
            "redundancy",
            Assert
                .Throws<FornoException>(() => new CaptionCleaner(new CleanSettings { Rules = ["redundency"] }))
                .Message
        );
    }

    [Fact]
    public void CleaningTwiceIsCleaningOnceAndTheRestKeepsItsOrder()
    {
        string[] words =
        [
            "white",
            "red",
            "long",
            "very",
            "turtleneck",
            "striped",
            "dress",
            "shirt",
            "hair",
            "hat",
            "light",
            "blue",
        ];
        string[] whole =
        [
            "1girl",
            "2girls",
            "circlet",
            "tiara",
            "meme",
            "smile",
            "grin",
            "maid",
            "serafuku",
            "school uniform",
            "no hat",
            "hair over hat",
            "A girl is here now.",
            "cat ears",
            "animal ears",
        ];
        Gen<string> tag = Gen.OneOf(
            Gen.Elements(whole),
            Gen.Elements(words)
                .ListOf()
                .Where(l => l.Count is > 0 and < 5)
                .Select(l => string.Join(l.Count % 2 == 0 ? "_" : " ", l))
        );
        Gen<string> tags = tag.ListOf().Select(t => string.Join(", ", t));
        var cleaner = new CaptionCleaner(new CleanSettings { Rules = CleanSettings.AllRules });
        Prop.ForAll(
                tags.ToArbitrary(),
                tags.ToArbitrary(),
                (kept, free) =>
                {
                    CaptionText caption = CaptionText.Parse($"{kept} ||| {free}"),
                        clean = cleaner.Clean(caption);
                    Assert.Equal(clean.ToString(), cleaner.Clean(clean).ToString());
                    Assert.Equal(caption.Tags.Take(caption.Kept), clean.Tags.Take(clean.Kept));
                    // What is still there stands as it stood; a tag that was there several times may have stood
                    // anywhere.
                    string[] before = [.. caption.Tags.Skip(caption.Kept)],
                        after = [.. clean.Tags.Skip(clean.Kept)];
                    string[] same = [.. after.Where(a => before.Count(b => b == a) == 1)];
                    Assert.Equal(same.OrderBy(s => Array.IndexOf(before, s)), same.Where(s => before.Contains(s)));
                    Assert.Equal(
                        after.Length,
                        after.Select(TagExpression.Normal).Distinct().Count()
                            + after.GroupBy(a => a).Sum(g => g.Key.StartsWith('A') ? g.Count() - 1 : 0)
                    );
                }
            )
            .QuickCheckThrowOnFailure();
    }

    private static void Clean(string caption, string clean, params string[] rules) =>
        Assert.Equal(
            clean,
            new CaptionCleaner(new CleanSettings { Rules = rules }).Clean(CaptionText.Parse(caption)).ToString()
        );
}

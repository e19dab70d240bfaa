using System.Text;
using Forno.Datasets.Captions;
using Forno.Files;
using Forno.Text;
using Forno.Workspace;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Datasets.Captions;

public class TagEditsTests
{
    [Theory]
    [InlineData("solo, red dress, long_hair", "Solo,red_dress", "long_hair")]
    [InlineData("a hair, b_hair, hairy", "*_hair", "hairy")]
    [InlineData("1girl, 2girls, girl", "/^\\d+girls?$/", "girl")]
    [InlineData("saber (fate), x", "saber_\\(fate\\)", "x")]
    [InlineData("saber \\(fate\\), x", "saber (*)", "x")]
    [InlineData("my_hair ||| red_hair", "*_hair", "my_hair |||")] // patterns pass triggers by
    [InlineData("my_hair ||| red_hair", "my hair", "red_hair")]
    [InlineData("k ||| a ||| e", "e", "k ||| a")]
    [InlineData("a, A cat sits there., b", "*", "A cat sits there.")]
    [InlineData("a, b", "c", "a, b")]
    public void TagsAreRemoved(string caption, string patterns, string left) =>
        Assert.Equal(
            left,
            Edit(
                caption,
                new TagEditSettings { Remove = [.. CaptionText.Parse(patterns).Tags.Select(TagPattern.Parse)] }
            )
        );

    [Theory]
    [InlineData("dress, red dress", "dress", "skirt", "skirt, red dress")]
    [InlineData("red_dress, blue dress", "*_dress", "*_skirt", "red_skirt, blue_skirt")]
    [InlineData("a x b", "* x *", "*-*", "a-b")]
    [InlineData("2girls, x", "/^(\\d)girls$/", "$1 girls", "2 girls, x")]
    [InlineData("maid, x", "maid", "maid apron, dress", "maid apron, dress, x")]
    [InlineData("maid, x", "maid", "", "x")]
    [InlineData("t ||| x", "t", "u, v", "u, v ||| x")]
    [InlineData("t ||| x ||| e", "e", "f, g", "t ||| x ||| f, g")]
    [InlineData("a, A cat sits here.", "*t*", "y", "a, A cat sits here.")]
    public void TagsAreReplaced(string caption, string from, string to, string changed) =>
        Assert.Equal(changed, Edit(caption, new TagEditSettings { Replace = [(TagPattern.Parse(from), to)] }));

    [Fact]
    public void FormsAreChanged()
    {
        const string tags = "k_k ||| long_hair, ^_^, o_o, score_8_up, saber_(fate), A dog_cat is here now.";
        string spaced = Edit(tags, new TagEditSettings { Underscores = false, Escape = true });
        Assert.Equal("k_k ||| long hair, ^_^, o_o, score_8_up, saber \\(fate\\), A dog_cat is here now.", spaced);
        Assert.Equal(
            "k_k ||| long_hair, ^_^, o_o, score_8_up, saber_(fate), A dog_cat is here now.",
            Edit(spaced, new TagEditSettings { Underscores = true, Escape = false })
        );
        Assert.Equal("\\(a\\)", TagForms.Escaped("\\(a)"));
    }

    [Fact]
    public void RepetitionsGoAndOrderComes()
    {
        Assert.Equal("a ||| b, c_d", Edit("a ||| b, c_d, A, c d, B", new TagEditSettings { Deduplicate = true }));
        Assert.Equal(
            "z ||| b, A cat is up there., c, d",
            Edit("z ||| d, A cat is up there., c, b", new TagEditSettings { Sort = TagOrder.Alphabet })
        );
        Assert.Equal(
            "z, y, b, x",
            Edit("z, y, x, b", new TagEditSettings { Sort = TagOrder.Alphabet, KeepTokens = 2 })
        );
        CaptionSet set = Set("rare, often, a", "often, a", "often");
        var edits = new TagEdits(new TagEditSettings { Sort = TagOrder.Frequency }, set);
        Assert.Equal("often, a, rare", edits.Edit(set.Pictures[0])!.Text.ToString());
        Assert.Null(edits.Edit(set.Pictures[1]));
    }

    [Theory]
    [InlineData("a, b", "x, y | | ", "x, y, a, b")]
    [InlineData("a, x", "x | | ", "x, a")]
    [InlineData("t ||| a", "x | | ", "x, t ||| a")]
    [InlineData("t ||| a", " | x | ", "t ||| x, a")]
    [InlineData("t ||| a", " | | x", "t ||| a, x")]
    [InlineData("t ||| a ||| e", " | | x", "t ||| a, x ||| e")]
    [InlineData("t ||| a", "a | | ", "a, t |||")]
    [InlineData("t ||| a", " | | T", "t ||| a")]
    [InlineData("", "x | y | z", "x, y, z")]
    [InlineData("red_dress, b", " | | red dress", "b, red_dress")]
    public void TagsAreAddedAtTheirPlace(string caption, string places, string changed)
    {
        IReadOnlyList<string>[] tags = [.. places.Split('|').Select(p => CaptionText.Parse(p).Tags)];
        var settings = new TagEditSettings
        {
            AddFirst = tags[0],
            AddKept = tags[1],
            AddLast = tags[2],
        };
        Assert.Equal(changed, Edit(caption, settings));
        Assert.Equal(changed, Edit(changed, settings));
    }

    [Fact]
    public void TooMuchIsCutFromTheEndAndWhatIsAddedStays()
    {
        Assert.Equal("t ||| a, z", Edit("t ||| a, b, c", new TagEditSettings { MostTags = 3, AddLast = ["z"] }));
        Assert.Equal(
            "t, u ||| A cat is up there.",
            Edit("t, u ||| A cat is up there., b, c", new TagEditSettings { MostTags = 1 })
        );
        string many = string.Join(", ", Enumerable.Range(0, 400).Select(i => $"tag{i} word"));
        string cut = Edit("trigger ||| " + many, new TagEditSettings { MostTokens = 75, AddLast = ["last one"] });
        var caption = CaptionText.Parse(cut);
        Assert.EndsWith("last one", cut, StringComparison.Ordinal);
        Assert.InRange(ClipTokenizer.Default.Encode(caption.Trained).Count, 66, 75);
        Assert.Equal(cut, Edit(cut, new TagEditSettings { MostTokens = 75 }));
    }

    [Fact]
    public void SeveralEditsHaveAnOrder() =>
        Assert.Equal(
            "sks, aa b, cc d, more",
            Edit(
                "cc_d, x, old, aa_b, cc d, more, aa_b",
                new TagEditSettings
                {
                    Remove = [TagPattern.Parse("x")],
                    Replace = [(TagPattern.Parse("old"), "y_zz")],
                    Underscores = false,
                    Deduplicate = true,
                    Sort = TagOrder.Alphabet,
                    MostTags = 4,
                    AddFirst = ["sks"],
                    Where = TagExpression.Parse("old & !solo"),
                }
            )
        );

    [Fact]
    public void WhatIsPassedByIsTold()
    {
        CaptionSet set = Set("A cat is on the mat.", "a\nb, c", null, "a", "other");
        var edits = new TagEdits(new TagEditSettings { AddLast = ["x"], Where = TagExpression.Parse("!other") }, set);
        string?[] after = [.. set.Pictures.Select(p => edits.Edit(p)?.Text.ToString())];
        Assert.Equal<IEnumerable<string?>>([null, "a, x\nb, c", null, "a, x", null], after);
        Assert.Equal(3, edits.Notes.Count);
        Assert.Contains("--prose", edits.Notes[0]);
        Assert.Contains("--all-lines", edits.Notes[1]);
        Assert.Contains("--create", edits.Notes[2]);

        edits = new TagEdits(
            new TagEditSettings
            {
                AddLast = ["x"],
                Prose = true,
                AllLines = true,
                Create = true,
            },
            set
        );
        Assert.Equal<IEnumerable<string?>>(
            ["A cat is on the mat., x", "a, x\nb, c, x", "x", "a, x", "other, x"],
            set.Pictures.Select(p => edits.Edit(p)?.Text.ToString())
        );
        Assert.Empty(edits.Notes);
        Assert.Equal(
            "x\r\n\r\ny, z\r\n",
            Edit("a, x\r\n\r\ny, a, z\r\n", new TagEditSettings { Remove = [TagPattern.Parse("a")], AllLines = true })
        );
    }

    [Fact]
    public void MarksAreTakenOffOnRequest()
    {
        var set = CaptionSet.Of([
            new CaptionedPicture(Item(0), CaptionText.Parse("a"))
            {
                File = new Companion("0.txt", "0.txt"),
                Encoding = TextEncoding.Utf16,
            },
        ]);
        ChangePlan plan = CaptionPlans.Make(set, "x", new TagEdits(new TagEditSettings { Utf8 = true }, set).Edit);
        Assert.Equal(("UTF-16 to UTF-8", null), (plan.Steps.Single().What, plan.Steps.Single().Text));
    }

    [Theory]
    [InlineData("/(/", "character")]
    [InlineData("", "missing")]
    public void WrongPatternsAreTold(string pattern, string word) =>
        Assert.Contains(word, Assert.Throws<FornoException>(() => TagPattern.Parse(pattern)).Message);

    [Fact]
    public void APatternThatNeverEndsIsStopped() =>
        Assert.Contains(
            "too long",
            Assert
                .Throws<FornoException>(() => TagPattern.Parse("/^(a+)+$/").Matches(new string('a', 40) + "!", ""))
                .Message
        );

    [Fact]
    public void EditsKeepTriggersAndAreDoneOnce()
    {
        Gen<string> tags = Gen.Elements("a", "b c", "b_c", "^_^", "saber (x)", "red dress", "A cat is up there.", "z")
            .ListOf()
            .Select(t => string.Join(", ", t));
        Prop.ForAll(
                tags.ToArbitrary(),
                tags.ToArbitrary(),
                (kept, free) =>
                {
                    var caption = CaptionText.Parse($"{kept} ||| {free}");
                    var settings = new TagEditSettings
                    {
                        Underscores = true,
                        Escape = true,
                        Deduplicate = true,
                        Sort = TagOrder.Alphabet,
                        MostTags = 6,
                        AddLast = ["newtag"],
                        Prose = true,
                        Remove = [TagPattern.Parse("z*")],
                    };
                    var once = CaptionText.Parse(Edit(caption.ToString(), settings));
                    Assert.Equal(caption.Tags.Take(caption.Kept), once.Tags.Take(once.Kept));
                    Assert.Equal(once.ToString(), Edit(once.ToString(), settings));
                    Assert.Equal(
                        caption
                            .Tags.Skip(caption.Kept)
                            .Where(t => t.StartsWith('A'))
                            .Distinct()
                            .Except(caption.Tags.Take(caption.Kept)),
                        once.Tags.Skip(once.Kept).Where(t => t.StartsWith('A'))
                    );
                }
            )
            .QuickCheckThrowOnFailure();
    }

    internal static CaptionSet Set(params string?[] captions) =>
        CaptionSet.Of([
            .. captions.Select(
                (c, i) =>
                    new CaptionedPicture(Item(i), c is null ? null : CaptionText.Parse(c))
                    {
                        File = c is null ? null : new Companion($"{i}.txt", $"/{i}.txt"),
                    }
            ),
        ]);

    internal static PictureItem Item(int i, string folder = "") =>
        new() { Path = RelativePath.Join(folder, $"{i}.png"), File = $"/{i}.png" };

    private static string Edit(string caption, TagEditSettings settings)
    {
        CaptionSet set = Set(caption);
        return new TagEdits(settings, set).Edit(set.Pictures[0])?.Text.ToString() ?? caption;
    }
}

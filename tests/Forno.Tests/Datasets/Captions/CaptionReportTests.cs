using Forno.Datasets.Captions;
using Forno.Files;
using Forno.Findings;
using Forno.TestKit;
using Forno.Tests.Findings;
using Forno.Text;
using Forno.Workspace;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Datasets.Captions;

public class CaptionReportTests
{
    [Fact]
    public void TagsAreCountedByFolderAndTogether()
    {
        CaptionReport report = CaptionReporter.Make(
            Set(
                ("10_a", "sks ||| 1girl, red_dress, bow, ribbon"),
                ("10_a", "sks ||| 1girl, red dress, bow, ribbon, 1girl"),
                ("10_a", "sks ||| 1girl, bow, ribbon, lonely"),
                ("5_b", "other ||| 1girl, hat"),
                ("5_b", null),
                ("5_b", ""),
                ("5_b", "A woman stands in the rain.")
            ),
            new CaptionReportOptions()
        );
        Assert.Equal((7, 5, 1), (report.Pictures, report.Captions, report.Prose));
        Assert.Equal(new TagCount("1girl", 4, 2, false), report.Tags[0]);
        Assert.Contains(new TagCount("red_dress", 2, 1, false), report.Tags);
        Assert.Contains(new TagCount("sks", 3, 1, true), report.Tags);
        Assert.DoesNotContain(report.Tags, t => t.Tag.StartsWith('A'));
        FolderTags folder = report.Folders[0];
        Assert.Equal(
            ("10_a", 3, 3, 5.0 + (1.0 / 3)),
            (folder.Folder, folder.Pictures, folder.Captions, folder.MeanTags)
        );
        Assert.Equal(
            [("1girl", 3), ("bow", 3), ("ribbon", 3), ("sks", 3), ("red_dress", 2), ("lonely", 1)],
            folder.Tags
        );
        Assert.Equal((4, 2), (report.Folders[1].Pictures, report.Folders[1].Captions));
        Assert.Equal(["sks", "bow", "ribbon"], Assert.Single(report.Together).Tags);
        Assert.Equal(
            [("hat", "3.png"), ("lonely", "2.png")],
            report.Singletons.Select(s => (s.Tag, RelativePath.Name(s.Picture)))
        );
        Assert.Equal(["5_b/4.png", "5_b/5.png"], report.Bare);
        TagCompanions bow = report.Companions.Single(c => c.Tag == "bow");
        Assert.Equal(3, bow.With.Single(w => w.Tag == "1girl").Pictures);
        Assert.Equal(2, bow.With.Single(w => w.Tag == "red_dress").Pictures);
        Assert.Equal(
            ["empty-caption", "mixed-language", "no-caption", "repeated", "singletons", "spellings", "together"],
            report.Findings.Select(f => f.Kind.Name).Order()
        );
        Assert.Equal(FindingLevel.Bad, report.Findings[0].Level);
        report.Findings.Checked();

        CaptionReport some = CaptionReporter.Make(
            Set(("a", "x"), ("a", "y, x"), ("a", "y")),
            new CaptionReportOptions { Where = TagExpression.Parse("x"), KeepTokens = 1 }
        );
        Assert.Equal((2, 2), (some.Pictures, some.Tags.Single(t => t.Tag == "x").Pictures));
    }

    [Theory]
    [InlineData("1girl, solo, saber (fate)")]
    [InlineData("1girl,solo,saber (fate),x")]
    [InlineData("saber (fate), 's, it's, (x), a")]
    [InlineData("a , b, ,c")]
    [InlineData("t ||| a (b), c")]
    [InlineData("t|||a")]
    [InlineData("a &amp; b, c & d, <b>, x")]
    [InlineData("é, ｆｕｌｌ, ﬁ, “quoted”, ½, x")]
    [InlineData("a\tb, c")]
    [InlineData("a, b,")]
    [InlineData("a,  b")]
    [InlineData("A cat, a dog, and a bird sit there. They sing., x_x, ^_^")]
    [InlineData("")]
    public void TokensAreClipsOwn(string text)
    {
        var caption = CaptionText.Parse(text);
        Assert.Equal(
            ClipTokenizer.Default.Encode(caption.Trained).Count,
            new TokenCounts(ClipTokenizer.Default).Of(caption)
        );
    }

    [Fact]
    public void TokensOfAnyCaptionAreClipsOwn()
    {
        string[] bits =
        [
            "a",
            "cat",
            ",",
            ", ",
            " ",
            "|||",
            "'",
            "s",
            "(",
            ")",
            "!",
            "\"",
            "&",
            "1",
            "_",
            "\\",
            "é",
            ".",
            "-",
        ];
        Gen<string> texts = Gen.Elements(bits).ListOf().Select(b => string.Concat(b));
        var counts = new TokenCounts(ClipTokenizer.Default);
        Prop.ForAll(
                texts.ToArbitrary(),
                text =>
                {
                    var caption = CaptionText.Parse(text);
                    // A caption of empty tags only holds nothing for a trainer that joins tags; commas alone are no
                    // words.
                    Assert.Equal(
                        caption.Tags.Count == 0 ? 0 : ClipTokenizer.Default.Encode(caption.Trained).Count,
                        counts.Of(caption)
                    );
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void LongCaptionsAreNamedWithTheirTokens()
    {
        string Words(int n) => string.Join(", ", Enumerable.Repeat("cat", n));
        CaptionReport report = CaptionReporter.Make(
            Set(("", Words(38)), ("", Words(39)), ("", Words(76)), ("", Words(114))),
            new CaptionReportOptions()
        );
        Assert.Equal([("3.png", 227), ("2.png", 151), ("1.png", 77)], report.Long!);
        Finding finding = report.Findings.Single(f => f.Kind == FindingKind.Long);
        Assert.Contains("3 over 75, 2 over 150, 1 over 225", finding.What);
        Assert.Equal(227, report.Folders.Single().MostTokens);
    }

    [Fact]
    public void TagListsTellWhatAModelKnows()
    {
        using TempTree tree = new();
        string file = tree.Write(
            "tags.csv",
            "name,category,count,aliases\r\n1girl,0,4114588,\"1girls,sole_female\"\r\nrare_thing,0,499,\r\n"
                + "solo,0,3426446\r\n\r\nbroken\r\n,0,5\r\nx,general,5\r\ny,0,many\r\nz,0,1,\"open\r\n"
                + "saber_(fate),4,900,\"\"\"art\"\"oria\"\r\n"
        );
        var list = TagList.Read(file);
        Assert.Equal(4, list.Count);
        Assert.Equal([6, 7, 8, 9, 10], list.Problems.Select(p => int.Parse(p.File.Split(':')[^1])));
        Assert.StartsWith(file, list.Problems[0].File, StringComparison.Ordinal);
        CaptionReport report = CaptionReporter.Make(
            Set(
                ("", "trigger ||| sole female, solo, rare_thing, unknown"),
                ("", "trigger ||| saber \\(fate\\), \"art\"oria")
            ),
            new CaptionReportOptions { Tags = list }
        );
        Assert.Equal(
            [
                new RareTag("\"art\"oria", 1, 900, "saber_(fate)"),
                new RareTag("rare_thing", 1, 499, null),
                new RareTag("sole female", 1, 4114588, "1girl"),
                new RareTag("unknown", 1, null, null),
            ],
            report.Rare!.OrderBy(r => r.Tag, StringComparer.Ordinal)
        );
        Assert.Equal(
            ["aliases", "rare", "singletons", "unknown"],
            report.Findings.Checked().Select(f => f.Kind.Name).Order()
        );
        Assert.Equal(5, report.Problems.Count);
        tree.Write("none.csv", "a;b\nc");
        Assert.Contains("none.csv", Assert.Throws<FornoException>(() => TagList.Read(tree["none.csv"])).Message);
        tree.Write("empty.csv", "");
        Assert.Throws<FornoException>(() => TagList.Read(tree["empty.csv"]));
    }

    [Fact]
    public void EachFindingHasItsCause()
    {
        void Found(string kind, params (string Folder, string? Caption)[] captions) =>
            Assert.Contains(
                CaptionReporter.Make(Set(captions), new CaptionReportOptions()).Findings.Checked(),
                f => f.Kind.Name == kind
            );
        void NotFound(string kind, params (string Folder, string? Caption)[] captions) =>
            Assert.DoesNotContain(
                CaptionReporter.Make(Set(captions), new CaptionReportOptions()).Findings.Checked(),
                f => f.Kind.Name == kind
            );
        Found("no-caption", ("", null));
        Found("several-lines", ("", "a\nb"));
        NotFound("several-lines", ("", "a\n"));
        Found("no-commas", ("", "1girl long_hair solo"));
        NotFound("no-commas", ("", "long_hair"));
        (string, string?)[] eight = [.. Enumerable.Range(0, 8).Select(i => ("x", (string?)$"sks ||| bow, n{i}"))];
        Found("always", eight);
        NotFound("always", eight[..7]);
        NotFound("always", [.. eight, ("x", "sks ||| none")]);
        var set = CaptionSet.Of([
            new CaptionedPicture(TagEditsTests.Item(0), CaptionText.Parse("a"))
            {
                File = new Companion("0.txt", "/0.txt"),
                Encoding = TextEncoding.Utf8Mark,
            },
            new CaptionedPicture(TagEditsTests.Item(1), CaptionText.Parse("a"))
            {
                File = new Companion("1.caption", "/1.caption"),
            },
            new CaptionedPicture(TagEditsTests.Item(2), null) { File = new Companion("2.txt", "/2.txt") },
        ]);
        string[] kinds = [.. CaptionReporter.Make(set, new CaptionReportOptions()).Findings.Select(f => f.Kind.Name)];
        Assert.Equal(
            ["unreadable-caption", "encoding", "extensions"],
            kinds.Where(k => k != "singletons").OrderByDescending(k => k == "unreadable-caption").ThenBy(k => k)
        );
        Assert.Empty(CaptionReporter.Make(CaptionSet.Of([]), new CaptionReportOptions()).Findings);
    }

    [Fact]
    public void FiguresAddUp()
    {
        Gen<string> tags = Gen.Elements("a", "b", "c", "d e", "d_e").ListOf().Select(t => string.Join(", ", t));
        Prop.ForAll(
                tags.ListOf().ToArbitrary(),
                captions =>
                {
                    (string, string?)[] set = [.. captions.Select((c, i) => ($"f{i % 3}", (string?)c))];
                    CaptionReport report = CaptionReporter.Make(Set(set), new CaptionReportOptions());
                    foreach (TagCount tag in report.Tags)
                    {
                        string normal = TagExpression.Normal(tag.Tag);
                        Assert.Equal(captions.Count(c => CaptionText.Parse(c).Normal.Contains(normal)), tag.Pictures);
                        Assert.Equal(
                            tag.Pictures,
                            report.Folders.SelectMany(f => f.Tags).Where(t => t.Tag == tag.Tag).Sum(t => t.Pictures)
                        );
                        Assert.Equal(tag.Folders, report.Folders.Count(f => f.Tags.Any(t => t.Tag == tag.Tag)));
                    }

                    foreach (TagCompanions companions in report.Companions)
                    {
                        foreach ((string with, int pictures) in companions.With)
                        {
                            Assert.Equal(
                                captions.Count(c =>
                                    CaptionText.Parse(c).Normal is var n
                                    && n.Contains(TagExpression.Normal(companions.Tag))
                                    && n.Contains(TagExpression.Normal(with))
                                ),
                                pictures
                            );
                        }
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void LargeSetsAreCountedInParts()
    {
        const int count = 20_000;
        CaptionReport report = CaptionReporter.Make(
            Set([
                .. Enumerable
                    .Range(0, count)
                    .Select(i =>
                        (
                            $"f{i % 3}",
                            (string?)$"sks ||| {(i < 100 ? "red dress" : "red_dress")}, t{i % 7}, u{i % 7}, n{i}"
                        )
                    ),
            ]),
            new CaptionReportOptions()
        );
        Assert.Equal((count, count, 3), (report.Pictures, report.Captions, report.Folders.Count));
        Assert.Equal(new TagCount("red dress", count, 3, false), report.Tags.Single(t => t.Tag == "red dress"));
        Assert.Equal(new TagCount("sks", count, 3, true), report.Tags.Single(t => t.Tag == "sks"));
        Assert.Equal(
            new TagCount("t6", Enumerable.Range(0, count).Count(i => i % 7 == 6), 3, false),
            report.Tags.Single(t => t.Tag == "t6")
        );
        Assert.Equal(count, report.Singletons.Count);
        Assert.Equal(
            Enumerable.Range(0, 7).Select(i => $"t{i}+u{i}"),
            report.Together.Select(g => string.Join('+', g.Tags)).Order()
        );
        Assert.Equal(
            Enumerable.Range(0, count).Count(i => i % 21 == 3),
            report.Folders[0].Tags.Single(t => t.Tag == "t3").Pictures
        );
        Assert.Contains("1 tag is written", report.Findings.Single(f => f.Kind == FindingKind.Spellings).What);
        TagCompanions companions = report.Companions.Single(c => c.Tag == "t2");
        Assert.Equal(companions.Pictures, companions.With.Single(w => w.Tag == "u2").Pictures);
    }

    private static CaptionSet Set(params (string Folder, string? Caption)[] captions) =>
        CaptionSet.Of([
            .. captions.Select(
                (c, i) =>
                    new CaptionedPicture(
                        TagEditsTests.Item(i, c.Folder),
                        c.Caption is null ? null : CaptionText.Parse(c.Caption)
                    )
                    {
                        File = c.Caption is null ? null : new Companion($"{i}.txt", $"/{i}.txt"),
                    }
            ),
        ]);
}

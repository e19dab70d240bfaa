using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Findings;
using Forno.Imaging;
using Forno.Imaging.Measures;
using Forno.Tests.Findings;
using Forno.Workspace;
using Drawn = Forno.Imaging.Picture;

namespace Forno.Tests.Datasets;

public class SetCheckTests
{
    private static readonly BucketRules Rules = new() { Enabled = true, Resolution = new Size(512, 512) };

    private static readonly SmallPicture Grey = new(Steps(64), Flat(32), Flat(32));

    [Fact]
    public void AGoodPictureHasNoFindings() => Assert.Empty(Kinds(Picture(640, 640)));

    [Fact]
    public void EachFlawIsFoundAlone()
    {
        Assert.Equal(["small"], Kinds(Picture(300, 300)));
        Assert.Equal(["cropped"], Kinds(Picture(3000, 300)));
        Assert.Equal(["soft"], Kinds(Picture(600, 600, m => m with { Sharpness = 5 })));
        Assert.Empty(Kinds(Picture(3000, 3000, m => m with { Sharpness = 5 }))); // reduced sixfold, it is sharp
        Assert.Equal(["compressed"], Kinds(Picture(600, 600, m => m with { Blockiness = 1.1 })));
        Assert.Equal(["monochrome"], Kinds(Picture(600, 600, m => m with { ColouredShare = 0.001 })));
        Assert.Equal(
            ["transparent"],
            Kinds(Picture(600, 600, m => m with { TransparentShare = 0.3, HasAlpha = true }))
        );
        Assert.Equal(["borders"], Kinds(Picture(600, 600, m => m with { Content = new Box(0, 50, 600, 500) })));
        Assert.Equal(["no-caption"], Kinds(Picture(600, 600) with { Caption = null }));
        Assert.Equal(["retro"], Kinds(Picture(600, 600) with { Caption = "1girl, Retro_Artstyle" }));
        SurveyedPicture gif = Picture(600, 600);
        Assert.Equal(["format"], Kinds(gif with { File = gif.File with { Frames = 7 } }));
        Assert.Equal(["disguised"], Kinds(gif with { File = gif.File with { Format = "webp" } }));
        Assert.Equal(["no-bucket"], Kinds(Picture(600, 40), Rules with { NoUpscale = true }));
    }

    [Fact]
    public void EveryFindingSaysWhatItDoesAndWhatFixesIt()
    {
        SetReport report = Check([
            .. Enumerable
                .Range(0, 5)
                .Select(i =>
                    Picture(
                        300,
                        200 + (i * 90),
                        m => m with { ColouredShare = 0, Sharpness = 1, TransparentShare = 0.5, Blockiness = 3 },
                        $"3_x/{i}.png"
                    )
                ),
        ]);
        Assert.Equal(["alone", "few-pictures", "mostly-monochrome"], report.Findings.Select(f => f.Kind.Name).Order());
        Assert.All(
            report.Findings.Concat(report.Pictures.SelectMany(p => p.Findings)),
            f => Assert.True(f.What.Length > 5 && f.Effect.Length > 10 && f.Fix().Length > 5)
        );
    }

    [Fact]
    public void ShotsAreWeighedWhereCaptionsTell()
    {
        SurveyedPicture[] pictures =
        [
            .. Enumerable
                .Range(0, 24)
                .Select(i =>
                    Picture(600, 600, name: $"3_x/{i}.png") with
                    {
                        Caption = i < 20 ? "1girl, portrait" : "1girl, full_body",
                    }
                ),
        ];
        Finding shots = Assert.Single(Check(pictures).Findings);
        Assert.Equal(FindingKind.Shots, shots.Kind);
        Assert.Contains("20 portrait, 0 upper body, 0 cowboy shot, 4 full body", shots.What);
        Assert.Empty(
            Check([
                .. pictures.Select(
                    (p, i) =>
                        p with
                        {
                            Caption = ((string[])["portrait", "upper body", "cowboy shot", "full body"])[i % 4],
                        }
                ),
            ]).Findings
        );
    }

    [Fact]
    public void ManyBucketsAndDuplicatesAreFlagged()
    {
        SurveyedPicture[] pictures =
        [
            .. Enumerable
                .Range(0, 22)
                .Select(i =>
                    Picture(
                        i % 2 == 0 ? 600 + (i * 60) : 600,
                        i % 2 == 0 ? 600 : 600 + (i * 60),
                        name: $"3_x/{i:00}.png"
                    )
                ),
        ];
        SetReport report = SetCheck.Check(
            new PictureSurvey(pictures, []),
            [new DuplicateGroup(0, [new Duplicate(5, 97, Mirrored: true, Exact: false)])],
            Rules
        );
        Assert.True(report.Buckets.Count > 9);
        Assert.Superset(
            new HashSet<string> { "many-buckets", "duplicates" },
            report.Findings.Select(f => f.Kind.Name).ToHashSet()
        );
        Assert.Equal(
            "97 % like 3_x/00.png, mirrored",
            report.Pictures[5].Findings.Single(f => f.Kind == FindingKind.Duplicate).What
        );
    }

    [Fact]
    public void TheCacheGivesBackWhatWasMeasured()
    {
        string folder = Directory.CreateTempSubdirectory("forno-cache").FullName,
            file = Path.Combine(folder, "m.cache");
        PictureMeasures measures;
        using (
            var drawn = Drawn.FromPixels([.. Enumerable.Range(0, 40 * 30 * 4).Select(i => (byte)(i * 31))], 40, 30, 4)
        )
        {
            measures = new PictureScanner().Scan(drawn);
        }

        var key = new ContentKey(1, 2, 3, 4);
        var cache = MeasureCache.Open(file);
        Assert.Same(measures, cache.Get(key, () => measures));
        Assert.Null(cache.Save());
        PictureMeasures back = MeasureCache.Open(file).Get(key, () => throw new InvalidOperationException());
        Assert.Equal(measures with { Small = back.Small, Hash = back.Hash }, back);
        Assert.Equal(measures.Small.Luma, back.Small.Luma);
        Assert.Equal(measures.Small.Cb, back.Small.Cb);
        Assert.Equal(measures.Small.Cr, back.Small.Cr);
        Assert.Equal(measures.Hash.Frequency, back.Hash.Frequency);
        Assert.Equal(measures.Hash.MirroredFrequency, back.Hash.MirroredFrequency);
        Assert.Equal(
            (measures.Hash.Gradient, measures.Hash.MirroredGradient),
            (back.Hash.Gradient, back.Hash.MirroredGradient)
        );
        Assert.Equal(measures.Hash.Colour, back.Hash.Colour);

        byte[] bytes = File.ReadAllBytes(file);
        File.WriteAllBytes(file, bytes[..^9]); // torn
        Assert.Throws<InvalidOperationException>(() =>
            MeasureCache.Open(file).Get(key, () => throw new InvalidOperationException())
        );
        Directory.Delete(folder, recursive: true);
    }

    private static SetReport Check(SurveyedPicture[] pictures)
    {
        SetReport report = SetCheck.Check(new PictureSurvey(pictures, []), [], Rules);
        report.Findings.Checked();
        return report;
    }

    private static IEnumerable<string> Kinds(SurveyedPicture picture, BucketRules? rules = null) =>
        PictureCheck
            .Check(picture, rules ?? Rules, new Buckets(rules ?? Rules))
            .Findings.Checked()
            .Select(f => f.Kind.Name);

    private static SurveyedPicture Picture(
        int width,
        int height,
        Func<PictureMeasures, PictureMeasures>? change = null,
        string name = "3_x/a.png"
    )
    {
        var measures = new PictureMeasures
        {
            Width = width,
            Height = height,
            Sharpness = 900,
            ColouredShare = 0.5,
            Content = new Box(0, 0, width, height),
            HasAlpha = false,
            TransparentShare = 0,
            Blockiness = 0,
            Small = Grey,
            Hash = PictureHash.Of(Grey),
        };
        return new SurveyedPicture
        {
            Item = new PictureItem { Path = name, File = "/x/" + name },
            File = new PictureFile
            {
                Path = "/x/" + name,
                Format = "png",
                Width = width,
                Height = height,
                Turned = false,
                Frames = 1,
                HasAlpha = false,
                IsPlain = true,
            },
            Content = new ContentKey(1, 2, 3, (ulong)name.Length),
            Measures = change is null ? measures : change(measures),
            Caption = "1girl",
        };
    }

    private static byte[] Steps(int side) => [.. Enumerable.Range(0, side * side).Select(i => (byte)(i % side * 4))];

    private static byte[] Flat(int side) => [.. Enumerable.Repeat((byte)128, side * side)];
}

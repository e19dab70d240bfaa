using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Findings;
using Forno.TestKit;
using Forno.Tests.Findings;
using Forno.Workspace;

namespace Forno.Tests.Advice;

public class FileFindingsTests
{
    [Fact]
    public void AHealthySetHasNone()
    {
        using TempTree tree = Set();
        Assert.Empty(Find(tree));
        Assert.Empty(Find(tree, Trained(tree, "10_a", ".txt"), Trained(tree, "5_b", ".txt")));
    }

    [Fact]
    public void NoCaptionsAtAll()
    {
        using TempTree tree = new();
        tree.Write("set/a.png", TestPictures.Png(8, 8, 1));
        tree.Write("set/b.png", TestPictures.Png(8, 8, 2));
        tree.Write("set/b.txt", " \n");
        Assert.Equal("none of 2 pictures has a caption", Assert.Single(Find(tree)).What);
        tree.Write("set/a.txt", "anna");
        Assert.Empty(Find(tree));
    }

    [Fact]
    public void AnotherExtensionThanTheTrainersIsToldOnce()
    {
        using TempTree tree = Set();
        Finding found = Assert.Single(Find(tree, Trained(tree, "10_a", ".caption"), Trained(tree, "5_b", ".caption")));
        Assert.Equal(
            ("caption-extension", "the trainer looks for .caption, but captions of 4 of 4 pictures are .txt (4)"),
            (found.Kind.Name, found.What)
        );
        tree.Write("set/10_a/0.caption", "anna");
        Assert.Contains(
            "3 of 4",
            Assert.Single(Find(tree, Trained(tree, "10_a", ".caption"), Trained(tree, "5_b", ".caption"))).What
        );
        Assert.Empty(Find(tree, Trained(tree, "10_a", ".txt"), Trained(tree, "5_b", ".txt")));
        Assert.Equal(
            "the configuration does not train on 5_b (2)",
            Assert.Single(Find(tree, Trained(tree, "10_a", ".txt"))).What
        );
        tree.Write("set/5_b/9.png", TestPictures.Png(8, 8, 9));
        tree.Write("set/5_b/9.cap", "anna");
        Assert.Equal("captions have different extensions: .cap, .txt", Assert.Single(Find(tree)).What);
    }

    [Fact]
    public void CaptionsThatAreNotNamedAsTheirPictures()
    {
        using TempTree tree = Set();
        tree.Write("set/10_a/readme.txt", "anna");
        tree.Write("set/10_a/0 old.txt", "anna"); // 0.png has its own
        tree.Write("set/5_b/2.png", TestPictures.Png(8, 8, 9));
        tree.Write("set/5_b/20.txt", "anna"); // another name altogether
        Assert.Empty(Find(tree));
        tree.Write("set/5_b/2 (1).txt", "anna");
        tree.Write("set/5_b/Hat.png", TestPictures.Png(8, 8, 8));
        tree.Write("set/5_b/hat.caption", "anna");
        tree.Write("set/10_a/hat_wd14.txt", "anna"); // in another folder
        Finding found = Assert.Single(Find(tree));
        Assert.Equal(
            (
                FindingKind.CaptionNames,
                "2 captions not named as their pictures: 2 (1).txt (2.png), hat.caption (Hat.png)"
            ),
            (found.Kind, found.What)
        );
        Assert.Equal("rename them: 2.txt for 2.png", found.Fix());
        File.Move(tree["set/5_b/2 (1).txt"], tree["set/5_b/2.txt"]);
        File.Move(tree["set/5_b/hat.caption"], tree["set/5_b/Hat.txt"]);
        Assert.Empty(Find(tree));
    }

    [Fact]
    public void RegularisationThatOverlapsTraining()
    {
        using TempTree tree = Set();
        TrainedFolder train = Trained(tree, "10_a", ".txt"),
            other = Trained(tree, "5_b", ".txt");
        Assert.Equal(
            "reg-overlap",
            Assert.Single(Find(tree, train, other, Trained(tree, "10_a", ".txt") with { IsReg = true })).Kind.Name
        );
        Assert.Equal(
            "reg-overlap",
            Assert
                .Single(
                    Find(tree, train, other, Trained(tree, "10_a/reg", ".txt") with { IsReg = true }),
                    f => f.Kind == FindingKind.RegOverlap
                )
                .Kind.Name
        );
        tree.Write("reg/1_x/copy.png", File.ReadAllBytes(tree["set/10_a/1.png"]));
        tree.Write("reg/1_x/own.png", TestPictures.Png(8, 8, 77));
        var reg = new TrainedFolder(tree["reg/1_x"], true, ".txt");
        Assert.Contains("1 regularisation pictures", Assert.Single(Find(tree, train, other, reg)).What);
        File.Delete(tree["reg/1_x/copy.png"]);
        Assert.Empty(Find(tree, train, other, reg));
    }

    [Fact]
    public void MasksThatLackNames()
    {
        using TempTree tree = Set();
        tree.Write("set/10_a/masks/0.png", TestPictures.Png(8, 8, 5));
        Assert.Equal(
            ("mask-names", "masks in 10_a lack 1 of 2 pictures: 1.png"),
            Assert.Single(Find(tree)) is var f ? (f.Kind.Name, f.What) : default
        );
        tree.Write("set/10_a/masks/1.png", TestPictures.Png(8, 8, 5));
        Assert.Empty(Find(tree));
        tree.Write("set/10_a/masks/other.png", TestPictures.Png(8, 8, 5));
        Assert.Equal("mask-orphans", Assert.Single(Find(tree)).Kind.Name);
        tree.Write("set/5_b/masks/wrong.png", TestPictures.Png(8, 8, 5));
        Assert.Contains(
            Find(tree),
            x => x.Kind == FindingKind.MaskNames && x.What.StartsWith("masks in 5_b lack 2 of 2")
        );
    }

    [Fact]
    public void EmptyFolders()
    {
        using TempTree tree = Set();
        Directory.CreateDirectory(tree["set/7_c"]);
        Assert.Equal("no pictures in 7_c", Assert.Single(Find(tree)).What);
        Directory.Delete(tree["set/7_c"]);
        Directory.CreateDirectory(tree["set/_duplicates/x"]);
        Directory.CreateDirectory(tree["set/.forno"]);
        Assert.Empty(Find(tree));
        Assert.Contains(
            "gone (does not exist)",
            Assert
                .Single(
                    Find(
                        tree,
                        Trained(tree, "10_a", ".txt"),
                        Trained(tree, "5_b", ".txt"),
                        new TrainedFolder(tree["gone"], false, ".txt")
                    )
                )
                .What
        );
        tree.Write("set/3_deep/inner/x.png", TestPictures.Png(8, 8, 6));
        tree.Write("set/3_deep/inner/x.txt", "anna");
        Assert.Contains("3_deep has pictures only in its subfolders", Assert.Single(Find(tree)).What);
        using TempTree bare = new();
        Directory.CreateDirectory(bare["set"]);
        Assert.Equal("no pictures in set", Assert.Single(Find(bare)).What);
    }

    [Fact]
    public void ABarrierThatTheTrainerDoesNotKnow()
    {
        using TempTree tree = Set();
        tree.Write("set/10_a/0.txt", "anna ||| hat");
        Assert.Equal(
            "separator",
            Assert.Single(Find(tree, Trained(tree, "10_a", ".txt"), Trained(tree, "5_b", ".txt"))).Kind.Name
        );
        Assert.Empty(
            Find(tree, Trained(tree, "10_a", ".txt") with { KeepSeparator = "|||" }, Trained(tree, "5_b", ".txt"))
        );
    }

    [Fact]
    public void WorstFirstAndOnce()
    {
        Finding F(FindingKind kind, FindingLevel level) => new(kind, level, "", "", Fix.ByHand("look"));
        IReadOnlyList<Diagnosis> all = Diagnosis.Gather([
            ("files", [F(FindingKind.Separator, FindingLevel.Bad), F(FindingKind.NoCaptions, FindingLevel.Bad)]),
            ("captions", [F(FindingKind.NoCaption, FindingLevel.Warning), F(FindingKind.Rare, FindingLevel.Note)]),
            (
                "plan",
                [
                    F(FindingKind.FewPictures, FindingLevel.Warning),
                    F(FindingKind.FewPictures, FindingLevel.Warning),
                    F(FindingKind.MaskNames, FindingLevel.Note),
                ]
            ),
            ("pictures", [F(FindingKind.FewPictures, FindingLevel.Note), F(FindingKind.Format, FindingLevel.Bad)]),
        ]);
        Assert.Equal(
            ["no-captions", "mask-names", "separator", "format", "few-pictures", "few-pictures", "rare"],
            all.Select(d => d.Finding.Kind.Name)
        );
        Assert.Equal(
            [Harm.Stops, Harm.Stops, Harm.Spoils, Harm.Spoils, Harm.Worse, Harm.Worse, Harm.Note],
            all.Select(d => d.Harm)
        );
        Assert.Equal("plan", all[4].From);
    }

    private static TempTree Set()
    {
        TempTree tree = new();
        foreach (string folder in (string[])["10_a", "5_b"])
        {
            for (int i = 0; i < 2; i++)
            {
                tree.Write($"set/{folder}/{i}.png", TestPictures.Png(8, 8, i + (folder[0] * 2)));
                tree.Write($"set/{folder}/{i}.txt", "anna, hat");
            }
        }

        return tree;
    }

    private static TrainedFolder Trained(TempTree tree, string folder, string extension) =>
        new(tree["set/" + folder], false, extension);

    private static IReadOnlyList<Finding> Find(TempTree tree, params TrainedFolder[] trained)
    {
        var folder = PictureFolder.Scan([tree["set"]]);
        return FileFindings
            .Find([tree["set"]], folder, CaptionSet.Read(folder), trained.Length == 0 ? null : trained)
            .Checked();
    }
}

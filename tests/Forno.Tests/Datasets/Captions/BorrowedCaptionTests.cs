using Forno.Data;
using Forno.Datasets.Captions;
using Forno.TestKit;
using Forno.Workspace;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Datasets.Captions;

/// <summary>
/// Captions that serve pictures of other names, as kohya's trainer finds them: face.txt for face_1_2_3_4.png.
/// </summary>
public sealed class BorrowedCaptionTests : IDisposable
{
    private readonly TempTree tree = new();

    public BorrowedCaptionTests()
    {
        foreach (
            string name in (string[])
                ["face", "face_1_2_3_4", "face_5_6_7_8", "own_1_2_3_4", "alone_1_2_3_4", "few_1_2_3"]
        )
        {
            tree.Write($"set/10_a/{name}.png", TestPictures.Png(8, 8, name.Length));
        }

        tree.Write("set/10_a/face.txt", "anna, hat\n");
        tree.Write("set/10_a/own.txt", "nobody reads this");
        tree.Write("set/10_a/own_1_2_3_4.txt", "own");
        tree.Write("set/10_a/own.caption", "of another kind");
        tree.Write("set/10_a/few.txt", "nobody reads this either");
    }

    public void Dispose() => tree.Dispose();

    [Theory]
    [InlineData("face_1_2_3_4", "face")]
    [InlineData("a_b_1_2_3_4", "a_b")]
    [InlineData("_1_2_3_4", "")]
    [InlineData("a____", "a")]
    [InlineData("face_1_2_3", null)]
    [InlineData("face", null)]
    [InlineData("", null)]
    public void TheNameThatLends(string stem, string? lender) => Assert.Equal(lender, Caption.LenderOf(stem));

    [Theory]
    [InlineData(".txt")]
    [InlineData(".caption")]
    public void ToolsReadWhatTheTrainerReads(string extension)
    {
        var set = CaptionSet.Read(PictureFolder.Scan([tree["set"]]), extension);
        Assert.Equal(6, set.Pictures.Count);
        Assert.All(
            set.Pictures,
            p => Assert.Equal(Caption.Read(p.Picture.File, extension, wildcard: false), p.Caption?.Line)
        );
        Assert.Equal(extension == ".txt" ? 2 : 1, set.Pictures.Count(p => p.IsBorrowed));
    }

    [Fact]
    public void WithoutAnExtensionAPicturesOwnGoesFirst()
    {
        tree.Write("set/10_a/face_1_2_3_4.caption", "mine");
        var folder = PictureFolder.Scan([tree["set"]]);
        var set = CaptionSet.Read(folder);
        Assert.Equal(
            ["anna, hat", "mine", "anna, hat", "own"],
            set.Pictures.Where(p => p.Caption is not null).Select(p => p.Caption!.Line)
        );
        Assert.Equal(["few.txt", "own.txt"], folder.Others.Select(o => Path.GetFileName(o)).Order());
    }

    [Fact]
    public void AnEditChangesTheSharedFileOnceAndSaysSo()
    {
        string work = Work();
        string before = TempTree.Picture(work);
        string said = Done("caption", "trigger", work, "--character", "sks");
        Assert.Equal("sks ||| anna, hat\n", File.ReadAllText(tree["work/10_a/face.txt"]));
        Assert.False(File.Exists(tree["work/10_a/face_1_2_3_4.txt"]));
        Assert.Contains("1 of these captions serves 3 pictures", said);
        // What was pruned is noted beside each of them.
        said = Done("caption", "prune", work, "--also", "hat");
        Assert.Equal("sks ||| anna\n", File.ReadAllText(tree["work/10_a/face.txt"]));
        foreach (string name in (string[])["face", "face_1_2_3_4", "face_5_6_7_8"])
        {
            Assert.Equal("hat", Assert.Single(TagSidecar.Read(tree[$"work/10_a/{name}.tags.json"]).Pruned).Tag);
        }

        Assert.False(File.Exists(tree["work/10_a/own_1_2_3_4.tags.json"]));
        Done("dataset", "undo", "2", work);
        Assert.Equal(before, TempTree.Picture(work));
    }

    [Fact]
    public void TagsOfOnePictureGoIntoItsOwnFileAndItIsSaid()
    {
        string work = Work();
        foreach (
            string name in (string[])
                ["face", "face_1_2_3_4", "face_5_6_7_8", "own_1_2_3_4", "alone_1_2_3_4", "few_1_2_3"]
        )
        {
            tree.Write(
                $"work/10_a/{name}.tags.json",
                new TagSidecar
                {
                    Seen =
                    [
                        new SeenTag(
                            name.EndsWith('8') ? "smile"
                                : name == "face" ? "anna"
                                : "hat",
                            0.9
                        ),
                    ],
                }.ToBytes()
            );
        }

        string said = Done("caption", "tag", work, "--from-sidecar", "--existing", "append");
        Assert.Equal("anna, hat\n", File.ReadAllText(tree["work/10_a/face.txt"]));
        Assert.Equal("anna, hat, smile\n", File.ReadAllText(tree["work/10_a/face_5_6_7_8.txt"]));
        Assert.False(File.Exists(tree["work/10_a/face_1_2_3_4.txt"])); // nothing new for it
        Assert.Equal("own, hat", File.ReadAllText(tree["work/10_a/own_1_2_3_4.txt"]));
        Assert.Equal("hat", File.ReadAllText(tree["work/10_a/alone_1_2_3_4.txt"]));
        Assert.Contains("1 picture gets a caption of its own and no longer reads the one that was shared", said);
    }

    [Fact]
    public void ACopyTakesItAlongAndASortLeavesItForTheOthers()
    {
        Done("caption", "edit", tree["set"], "-o", tree["copy"], "--add-first", "sks");
        Assert.Equal("sks, anna, hat\n", File.ReadAllText(tree["copy/10_a/face.txt"]));
        Assert.False(File.Exists(tree["copy/10_a/own.txt"])); // nobody's
        tree.Write("table.csv", "file,folder\n");
        Done("dataset", "sort", tree["copy"], "--rule", "hats: hat & sks");
        Assert.All(
            (string[])["face", "face_1_2_3_4", "face_5_6_7_8"],
            name => Assert.Equal("sks, anna, hat\n", File.ReadAllText(tree[$"copy/10_hats/{name}.txt"]))
        );
        Done("dataset", "undo", tree["copy"]);
        Assert.True(File.Exists(tree["copy/10_a/face_1_2_3_4.png"]));
        Done("dataset", "sort", tree["copy"], "--rule", "crops: sks & !zzz", "--dry-run");
    }

    [Fact]
    public void ImportWritesACaptionForEachPicture()
    {
        Assert.Equal(0, Run("dataset", "import", tree["set"], "-o", tree["imported"]).Code);
        Assert.Equal("anna, hat\n", File.ReadAllText(tree["imported/10_a/face_5_6_7_8.txt"]));
    }

    [Fact]
    public void AFurtherKindBesideOthersIsSaid()
    {
        string work = Work();
        (int code, string said, _) = Run(
            "caption",
            "trigger",
            work,
            "--character",
            "sks",
            "--caption-extension",
            "cap"
        );
        Assert.Equal(0, code);
        Assert.Contains(
            "new .cap files are beside captions of another extension (.caption, .txt), which stay as they are",
            said
        );
        Assert.Equal("sks |||", File.ReadAllText(tree["work/10_a/face.cap"]).Trim());
        Assert.Equal("anna, hat\n", File.ReadAllText(tree["work/10_a/face.txt"]));
        Assert.Equal(2, Run("caption", "prune", work, "--caption-extension", ".png").Code);
    }

    private string Work()
    {
        TempTree.Copy(tree["set"], tree["work"]);
        tree.Write("work/.forno/journal.jsonl", "");
        return tree["work"];
    }
}

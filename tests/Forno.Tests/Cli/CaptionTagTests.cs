using System.Text.Json;
using Forno.Datasets.Captions;
using Forno.Imaging;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

/// <summary><c>forno caption tag</c> from its command line, on taggers whose answers are known.</summary>
public sealed class CaptionTagTests : IDisposable
{
    private readonly TempTree tree = new();

    public CaptionTagTests()
    {
        TinyTagger.Wd14(tree["wd"], 32, channelsFirst: false);
        TinyTagger.DeepDanbooru(tree["dd"], 32);
        Colour("set/10_a/red.png", new Rgb(255, 102, 0));
        Colour("set/10_a/blue.png", new Rgb(0, 0, 255));
        tree.Write("set/10_a/blue.txt", "sks ||| sky, red\r\n");
        tree.Write("set/10_a/broken.png", TestPictures.Png(64, 64, 1)[..200]);
    }

    public void Dispose() => tree.Dispose();

    [Fact]
    public void TagsOfEveryCategoryByTheirOwnThreshold()
    {
        string before = TempTree.Picture(tree["set"]);
        (int code, string output, string error) = Run(
            "caption",
            "tag",
            tree["set"],
            "-o",
            tree["work"],
            "--model",
            tree["wd"]
        );
        Assert.True(code == 0, output + error);
        Assert.Contains("broken.png", error);
        Assert.Equal(before, TempTree.Picture(tree["set"]));
        // Characters first, then by confidence; o_o keeps its underscore; the caption that was there stays.
        Assert.Equal("hatsune miku (x), red, o_o, green", Caption("red"));
        Assert.Equal("sks ||| sky, red\r\n", Caption("blue"));
        var sidecar = TagSidecar.Read(tree["work/10_a/red.tags.json"]);
        Assert.Equal(
            [
                "red 1 general wd",
                "hatsune_miku_(x) 0.9 character wd",
                "sensitive 0.6 rating wd",
                "o_o 0.5 general wd",
                "green 0.4 general wd",
                "general 0.3 rating wd",
            ],
            sidecar.Seen.Select(s => Invariant.Text($"{s.Tag} {s.Confidence:0.##} {s.Category} {s.Tagger}"))
        );

        // Again without running the network, by other thresholds and in another form.
        Assert.Equal(
            0,
            Run(
                "caption",
                "tag",
                tree["work"],
                "--from-sidecar",
                "--existing",
                "replace",
                "--threshold",
                "0.45",
                "--character-threshold",
                "0.95",
                "--rating",
                "--underscores",
                "--prefix",
                "sks girl, solo",
                "--exclude",
                "o o"
            ).Code
        );
        Assert.Equal("sks girl, solo, red, sensitive", Caption("red"));
        Assert.Equal("sks ||| sks girl, solo, blue, sensitive\r\n", Caption("blue")); // what stands before ||| stays
        Assert.Equal(
            0,
            Run(
                "caption",
                "tag",
                tree["work"],
                "--from-sidecar",
                "--existing",
                "replace",
                "--category-threshold",
                "general=2"
            ).Code
        );
        Assert.Equal("hatsune miku (x)", Caption("red"));
        Assert.Equal(0, Run("dataset", "undo", "2", tree["work"]).Code);
        Assert.Equal("hatsune miku (x), red, o_o, green", Caption("red"));
    }

    [Fact]
    public void SeveralTaggersAreUnitedAndCaptionsAppended()
    {
        (int code, string output, string error) = Run(
            "caption",
            "tag",
            tree["set"],
            "-o",
            tree["work"],
            "-m",
            tree["wd"],
            tree["dd/deepdanbooru.onnx"],
            "--existing",
            "append",
            "--prefix",
            "sks",
            "--batch",
            "1"
        );
        Assert.True(code == 0, output + error);
        Assert.Equal("sks, hatsune miku (x), red, o_o, long hair, green", Caption("red"));
        Assert.Equal("sks ||| sky, red, hatsune miku (x), blue, o_o, long hair\r\n", Caption("blue"));
        var sidecar = TagSidecar.Read(tree["work/10_a/red.tags.json"]);
        Assert.Equal(["deepdanbooru", "wd"], sidecar.Seen.Where(s => s.Tag == "red").Select(s => s.Tagger).Order());

        // One tagger again: the other's tags stay, its own are not doubled. A tag that was pruned stays out.
        tree.Write(
            "work/10_a/red.tags.json",
            (sidecar with { Pruned = [new PrunedTag("long_hair", "trait")] }).ToBytes()
        );
        Assert.Equal(0, Run("caption", "tag", tree["work"], "-m", tree["wd"], "--existing", "replace").Code);
        Assert.Equal("hatsune miku (x), red, o_o, green", Caption("red"));
        var again = TagSidecar.Read(tree["work/10_a/red.tags.json"]);
        Assert.Equal(sidecar.Seen.Count, again.Seen.Count);
        Assert.Single(again.Pruned);
        Assert.Equal("sks ||| hatsune miku (x), blue, o_o, long hair\r\n", Caption("blue"));
    }

    [Fact]
    public void NothingIsChangedByADryRunAndUndoBringsEveryByteBack()
    {
        Assert.Equal(0, Run("dataset", "import", tree["set"], "-o", tree["work"]).Code);
        string before = TempTree.Picture(tree["work"]);
        (int code, string output, _) = Run("caption", "tag", tree["work"], "-m", tree["wd"], "--dry-run", "--json");
        Assert.Equal(0, code);
        Assert.Equal("caption tag", JsonDocument.Parse(output).RootElement.GetProperty("command").GetString());
        Assert.Equal(before, TempTree.Picture(tree["work"]));
        Assert.Equal(0, Run("caption", "tag", tree["work"], "-m", tree["wd"], "--existing", "replace").Code);
        Assert.NotEqual(before, TempTree.Picture(tree["work"]));
        Assert.Equal(0, Run("dataset", "undo", tree["work"]).Code);
        Assert.Equal(before, TempTree.Picture(tree["work"]));
    }

    [Fact]
    public void WithoutATaggerItSaysWhatToGet()
    {
        (int code, _, string error) = Run("caption", "tag", tree["set"], "-o", tree["work"]);
        Assert.Equal(1, code);
        Assert.Contains("model.onnx and selected_tags.csv", error);
        Assert.Contains("tags.txt", error);
        (code, _, error) = Run("caption", "tag", tree["set"], "-o", tree["work"], "--model", "wd-vit-tagger-v3");
        Assert.Equal(1, code);
        Assert.Contains("SmilingWolf/wd-vit-tagger-v3", error);
        Assert.False(Directory.Exists(tree["work"]));
        Assert.Equal(
            1,
            Run("caption", "tag", tree["set"], "-o", tree["work"], "--from-sidecar", "--model", tree["wd"]).Code
        );
        Assert.Equal(2, Run("caption", "tag", tree["set"], "--threshold", "x").Code);
        Assert.Equal(2, Run("caption", "tag", tree["set"], "--existing", "burn").Code);
        Assert.Contains(
            "copyright=0.5",
            Run(
                "caption",
                "tag",
                tree["set"],
                "-o",
                tree["work"],
                "--from-sidecar",
                "--category-threshold",
                "general"
            ).Error
        );
        // Nothing was noted yet: every picture is a problem, nothing is changed.
        (code, _, error) = Run("caption", "tag", tree["set"], "--from-sidecar", "-o", tree["work"], "--dry-run");
        Assert.Contains("no tags were noted", error);
    }

    private string Caption(string name) => File.ReadAllText(tree[$"work/10_a/{name}.txt"]);

    private void Colour(string path, Rgb colour)
    {
        using var picture = Picture.Solid(64, 64, colour);
        tree.Write(path, picture.EncodePng());
    }
}

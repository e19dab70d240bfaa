using System.Text.Json;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

/// <summary>
/// The caption commands, one after the other, on a real captioned set; all of it is taken back at the end.
/// </summary>
[Trait("Category", "Long")]
public class CaptionWalkTests
{
    [Fact]
    public void ARealSetIsReportedEditedAndCleanedAndComesBack()
    {
        using TempTree tree = new();
        int count = CaptionedArt.Make(tree, "raw");
        Assert.True(count >= 500, $"{count} pictures");
        if (Environment.GetEnvironmentVariable("FORNO_KEEP_ART") is { Length: > 0 } kept)
        {
            TempTree.Copy(tree["raw"], kept); // to try the walk of docs/captions.md by hand
            ColourTagger.Write(kept + "-tagger");
        }

        string sources = TempTree.Picture(tree["raw"]),
            work = tree["work"];
        Assert.Equal(0, Run("dataset", "import", tree["raw"], "-o", work).Code);
        string imported = TempTree.Picture(work);

        (int code, string output, string error) = Run("caption", "report", work);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"{count} pictures in 6 folders", output);
        Assert.Contains("noto style", output);
        Assert.Equal(["no-caption", "encoding", "spellings"], Kinds(work, "warning"));
        Assert.Equal(imported, TempTree.Picture(work));

        (code, output, _) = Run(
            "caption",
            "edit",
            work,
            "--where",
            "twemoji_style & animal",
            "--spaces",
            "--utf8",
            "--dedupe",
            "--remove",
            "*_colour",
            "--replace",
            "animals and nature=animal",
            "--dry-run"
        );
        Assert.Equal(0, code);
        Assert.Contains("    - ", output);
        Assert.Contains("underscores to spaces", output);
        Assert.Equal(imported, TempTree.Picture(work));
        Assert.Equal(
            0,
            Run(
                "caption",
                "edit",
                work,
                "--where",
                "*_style & !zzz",
                "--spaces",
                "--utf8",
                "--dedupe",
                "--remove",
                "*_colour",
                "--replace",
                "animals and nature=animal"
            ).Code
        );
        string edited = TempTree.Picture(work);
        Assert.DoesNotContain(Captions(work), c => c.Contains('_') || c.Contains(" colour"));
        Assert.Equal(["no-caption"], Kinds(work, "warning"));
        Assert.Contains("nothing to do", Run("caption", "edit", work, "--spaces", "--dedupe").Output);

        (code, output, _) = Run("caption", "clean", work);
        Assert.Equal(0, code);
        Assert.Contains("redundancy:", output);
        string cleaned = TempTree.Picture(work);
        Assert.NotEqual(edited, cleaned);
        Assert.DoesNotContain(
            Captions(work),
            c => c.Split(", ").Select(t => t.Trim()) is var tags && tags.Contains("face") && tags.Contains("cat face")
        );
        Assert.Contains("nothing to do", Run("caption", "clean", work).Output);

        // Sentences and pictures without caption were passed by.
        string[] prose =
        [
            .. Captions(tree["raw"]).Where(c => c.StartsWith("A drawing", StringComparison.Ordinal)).Order(),
        ];
        Assert.NotEmpty(prose);
        Assert.Equal(prose, Captions(work).Where(c => c.StartsWith("A drawing", StringComparison.Ordinal)).Order());

        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(edited, TempTree.Picture(work));
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(imported, TempTree.Picture(work));
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));

        // Outside of a work folder the changed captions go into a new one.
        Assert.Equal(0, Run("caption", "edit", tree["raw"], "-o", tree["copy"], "--add-first", "sks").Code);
        Assert.Equal(count, Directory.EnumerateFiles(tree["copy"], "*.png", SearchOption.AllDirectories).Count());
        Assert.All(
            Captions(tree["copy"]),
            c =>
                Assert.True(
                    c.StartsWith("sks, ", StringComparison.Ordinal)
                        || c.StartsWith("A drawing", StringComparison.Ordinal)
                )
        );
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));
    }

    [Theory]
    [InlineData(2, "nothing says what to change", "caption", "edit", ".")]
    [InlineData(2, "character 4", "caption", "edit", ".", "--dedupe", "--where", "a &")]
    [InlineData(2, "OLD=NEW", "caption", "edit", ".", "--replace", "x")]
    [InlineData(2, "contradict", "caption", "edit", ".", "--spaces", "--underscores")]
    [InlineData(2, "regular expression", "caption", "edit", ".", "--remove", "/(/")]
    [InlineData(1, "there is no such file or folder", "caption", "report", "no-such-folder")]
    [InlineData(1, "Add -o FOLDER", "caption", "edit", "/usr/share/doc", "--dedupe")]
    [InlineData(1, "did you mean 'redundancy'", "caption", "clean", ".", "--rules", "redundency")]
    [InlineData(2, "a folder is missing", "caption", "clean")]
    public void WrongUseIsTold(int exit, string told, params string[] args)
    {
        (int code, _, string error) = Run(args);
        Assert.Contains(told, error);
        Assert.Equal(exit, code);
    }

    [Fact]
    public void ListsCanBeLookedAt() =>
        Assert.Contains("tiara = circlet", Run("caption", "clean", "--show-list", "synonyms").Output);

    private static string[] Kinds(string work, string level)
    {
        using var report = JsonDocument.Parse(Run("caption", "report", work, "--json").Output);
        return
        [
            .. report
                .RootElement.GetProperty("findings")
                .EnumerateArray()
                .Where(f => f.GetProperty("level").GetString() == level)
                .Select(f => f.GetProperty("kind").GetString()!),
        ];
    }

    private static string[] Captions(string folder) =>
        [
            .. Directory
                .EnumerateFiles(folder, "*.txt", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/.forno/"))
                .Select(File.ReadAllText),
        ];
}

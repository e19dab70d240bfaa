using System.Diagnostics;
using System.Text.Json;
using Forno.TestKit;
using static Forno.TestKit.BuiltProgram;

namespace Forno.Tests.Cli;

/// <summary>The built program on a small messy folder.</summary>
[Trait("Category", "Long")]
public class DatasetTests
{
    [Fact]
    public void FromAMessyFolderToBucketsAndBack()
    {
        using TempTree tree = Messy(12);
        string sources = TempTree.Picture(tree["raw"]),
            work = tree["work"];
        (int code, string output, string error) = Run("dataset", "import", tree["raw"], "-o", work, "--dry-run");
        Assert.Equal(0, code);
        Assert.Contains("would do 13 of 15 sources", output);
        Assert.False(Directory.Exists(work));

        (code, output, error) = Run("dataset", "import", tree["raw"], "-o", work);
        Assert.Equal(0, code);
        Assert.Contains("import: 12 done of 15 sources", output);
        Assert.Contains("3 left out", error);
        Assert.Contains("cut.jpg", error);
        string imported = TempTree.Picture(work);

        (code, output, error) = Run("dataset", "trim", work, "--json");
        Assert.Equal((0, ""), (code, error));
        using (var told = JsonDocument.Parse(output))
        {
            Assert.Equal(
                ("trim", 12, 2),
                (
                    told.RootElement.GetProperty("command").GetString(),
                    told.RootElement.GetProperty("files").GetInt32(),
                    told.RootElement.GetProperty("operation").GetInt32()
                )
            );
        }

        string trimmed = TempTree.Picture(work);
        Assert.NotEqual(imported, trimmed);
        Assert.Equal(
            0,
            Run(
                "dataset",
                "resize",
                Path.Join(work, "10_sks"),
                "--resolution",
                "128",
                "--min_bucket_reso",
                "64",
                "--crop"
            ).Code
        );
        Assert.NotEqual(trimmed, TempTree.Picture(work));

        (code, output, _) = Run("dataset", "undo", "--list", work);
        Assert.Contains("3. resize, 12 files", output);
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(trimmed, TempTree.Picture(work));
        Assert.Equal(0, Run("dataset", "undo", "5", work).Code);
        Assert.Equal("", TempTree.Picture(work));
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));
    }

    [Fact]
    public void OriginalsAreNotTouchedAndTheWayOutIsTold()
    {
        using TempTree tree = Messy(2);
        string sources = TempTree.Picture(tree["raw"]);
        (int code, _, string error) = Run("dataset", "trim", tree["raw"]);
        Assert.Equal(1, code);
        Assert.Contains("Add -o FOLDER", error);
        (code, _, error) = Run("dataset", "trim", tree["raw"], "-o", tree["raw/10_sks/new"]);
        Assert.Equal(1, code);
        Assert.Equal(0, Run("dataset", "trim", tree["raw/10_sks"], "-o", tree["work"]).Code);
        Assert.True(File.Exists(tree["work/10_sks/0.png"]));
        Assert.True(File.Exists(tree["work/10_sks/0.txt"]));
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));
        Assert.Equal(2, Run("dataset", "trim").Code);
        Assert.Equal(1, Run("dataset", "undo", tree["raw"]).Code);
    }

    [Fact]
    public void KilledAtAnyMomentASecondRunCompletes()
    {
        using TempTree tree = Messy(300);
        Assert.Equal(0, Run("dataset", "import", tree["raw"], "-o", tree["whole"]).Code);
        string whole = TempTree.Picture(tree["whole"]),
            sources = TempTree.Picture(tree["raw"]);
        int killed = 0,
            rolledBack = 0;
        // By what it has done, not by the clock: however busy the machine is, each is killed at another place.
        foreach (int moment in (int[])[0, 1, 30, 120, 250])
        {
            string work = tree[$"work{moment}"];
            using (Process process = BuiltProgram.Start("dataset", "import", tree["raw"], "-o", work))
            {
                while (!process.HasExited && !HasCome(work, moment))
                {
                    Thread.Sleep(0);
                }

                if (!process.HasExited)
                {
                    process.Kill();
                    killed++;
                }

                process.WaitForExit();
            }

            (int code, _, string error) = Run("dataset", "import", tree["raw"], "-o", work);
            rolledBack += error.Contains("rolled back", StringComparison.Ordinal) ? 1 : 0;
            if (code == 0 && TempTree.Picture(work) != whole)
            {
                // The first run had come to its end before it was killed: the second imported everything once more.
                Assert.Equal(0, Run("dataset", "undo", work).Code);
            }

            Assert.Equal(whole, TempTree.Picture(work));
        }

        Assert.True(killed > 0 && rolledBack > 0, $"{killed} killed, {rolledBack} rolled back");
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));
    }

    [Fact]
    [Trait("Category", "Long")]
    public void TenThousandPicturesThroughTheCommands()
    {
        using TempTree tree = new();
        byte[][] pictures = [.. Enumerable.Range(0, 40).Select(i => TestPictures.Png(24, 18, i, border: 3))];
        for (int i = 0; i < 10_000; i++)
        {
            // No two files are equal: what follows IEND is no part of the picture.
            tree.Write($"raw/{i % 7}_many/{i}.png", [.. pictures[i % 40], .. BitConverter.GetBytes(i)]);
        }

        string work = tree["work"];
        (int code, string output, string error) = Run("dataset", "import", tree["raw"], "-o", work);
        Assert.True(code == 0, error);
        Assert.Contains("10000 done of 10000", output);
        string imported = TempTree.Picture(work);
        (code, output, _) = Run("dataset", "check", work);
        Assert.Equal(0, code);
        Assert.Contains("9960 pictures are duplicates of 40 others", output);
        Assert.InRange(output.Split('\n').Length, 10, 120);
        Assert.Equal(0, Run("dataset", "sort", work, "--rest", "all").Code);
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(imported, TempTree.Picture(work));
    }

    // Begun in the journal, and so many files made.
    private static bool HasCome(string work, int files)
    {
        FileInfo journal = new(Path.Join(work, ".forno", "journal.jsonl"));
        string folder = Path.Join(work, "10_sks");
        return journal is { Exists: true, Length: > 0 }
            && (
                files == 0
                || (
                    Directory.Exists(folder)
                    && Directory.EnumerateFiles(folder).Count(f => Path.GetFileName(f)[0] != '.') >= files
                )
            );
    }

    // Bordered pictures with captions, and three files that cannot be used.
    private static TempTree Messy(int pictures)
    {
        TempTree tree = new();
        for (int i = 0; i < pictures; i++)
        {
            tree.Write($"raw/10_sks/{i}.png", TestPictures.Png(200, 160, i, border: 10));
            tree.Write($"raw/10_sks/{i}.txt", $"sks, number {i}");
        }

        byte[] jpeg = TestPictures.Jpeg(64, 64, 1);
        tree.Write("raw/cut.jpg", jpeg[..(jpeg.Length * 2 / 3)]);
        tree.Write("raw/empty.webp", "");
        tree.Write("raw/text\n.png", "text");
        return tree;
    }
}

using System.Text;
using Forno.Datasets.Captions;
using Forno.Datasets.Import;
using Forno.Datasets.Sorting;
using Forno.Files;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets.Captions;

public class CaptionPlansTests
{
    private static readonly (string Name, byte[] Bytes, byte[]? After)[] Forms =
    [
        ("plain", "a, b"u8.ToArray(), "x, a, b"u8.ToArray()),
        ("mark", [0xEF, 0xBB, 0xBF, .. "a\r\nzwei\r\n"u8], [0xEF, 0xBB, 0xBF, .. "x, a\r\nzwei\r\n"u8]),
        (
            "utf16",
            [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("ä\n")],
            [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("x, ä\n")]
        ),
        (
            "utf16be",
            [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("ä, b")],
            [0xFE, 0xFF, .. Encoding.BigEndianUnicode.GetBytes("x, ä, b")]
        ),
        ("empty", [], "x"u8.ToArray()),
        ("newline", "\n"u8.ToArray(), "x\n"u8.ToArray()),
        ("binary", [1, 2, 0, 3], null),
        ("latin", [.. "caf"u8, 0xE9], null),
        ("half", [0xFF, 0xFE, 0x41], null),
    ];

    [Fact]
    public void BytesAroundAnEditStayAndUndoRestoresAll()
    {
        using TempTree tree = new();
        foreach ((string name, byte[] bytes, _) in Forms)
        {
            tree.Write($"raw/1_a/{name}.png", TestPictures.Png(8, 8, 1));
            tree.Write($"raw/1_a/{name}.txt", bytes);
        }

        tree.Write("raw/1_a/bare.png", TestPictures.Png(8, 8, 2));
        tree.Write("raw/1_a/plain.tags.json", new TagSidecar { Seen = [new SeenTag("a", 0.5)] }.ToBytes());
        using (var made = WorkFolder.OpenOrCreate(tree["work"]))
        {
            var raw = PictureFolder.Scan([tree["raw"]]);
            made.Apply(new ChangePlan { Name = "copy", Steps = [] }.BringingOver(raw));
        }

        string before = TempTree.Picture(tree["work"]);
        var set = CaptionSet.Read(PictureFolder.Scan([tree["work"]]));
        Assert.Equal(["1_a/binary.txt", "1_a/half.txt", "1_a/latin.txt"], set.Problems.Select(p => p.File));
        ChangePlan plan = CaptionPlans.Make(
            set,
            "test",
            p => new CaptionEdit((p.Caption ?? CaptionText.Empty).With(["x", .. p.Caption?.Tags ?? []]), ["add x"])
        );
        using var work = WorkFolder.Open(tree["work"]);
        Applied applied = work.Apply(plan);
        Assert.Equal((7, 7), (applied.Steps, applied.Files));
        foreach ((string name, byte[] bytes, byte[]? after) in Forms)
        {
            Assert.Equal(after ?? bytes, File.ReadAllBytes(tree[$"work/1_a/{name}.txt"]));
        }

        Assert.Equal("x", File.ReadAllText(tree["work/1_a/bare.txt"]));
        work.Undo(1);
        Assert.Equal(before, TempTree.Picture(tree["work"]));
    }

    [Fact]
    public void WhatIsNotChangedIsNoStepAndSharedCaptionsAreAskedOnce()
    {
        using TempTree tree = new();
        tree.Write("a.png", TestPictures.Png(8, 8, 1));
        tree.Write("a.webp", TestPictures.Png(8, 8, 1));
        tree.Write("a.txt", "one,  two\r\n");
        tree.Write("b.png", TestPictures.Png(8, 8, 1));
        var set = CaptionSet.Read(PictureFolder.Scan([tree.Root]));
        int asked = 0;
        ChangePlan plan = CaptionPlans.Make(
            set,
            "test",
            p =>
            {
                Interlocked.Increment(ref asked);
                return p.Caption is { } caption ? new CaptionEdit(caption.With([.. caption.Tags]), ["nothing"]) : null;
            }
        );
        Assert.Equal((0, 2), (plan.Steps.Count, asked));
        plan = CaptionPlans.Make(
            set,
            "test",
            p => new CaptionEdit(p.Caption ?? CaptionText.Empty, ["as UTF-16"])
            {
                Encoding = TextEncoding.Utf16,
                Sidecar = new TagSidecar(),
            }
        );
        Assert.Equal(
            ["a.txt", "a.tags.json", "b.tags.json"],
            plan.Steps.SelectMany(s => s.Changes).Select(c => c.Path)
        );
        Assert.IsType<ReplaceFile>(plan.Steps[0].Changes[0]);
    }

    [Fact]
    public void TheExtensionMayBeChosen()
    {
        using TempTree tree = new();
        tree.Write("a.png", TestPictures.Png(8, 8, 1));
        tree.Write("a.txt", "text");
        tree.Write("a.caption", "caption");
        tree.Write("a.mine.txt", "mine");
        Assert.Equal("text", CaptionSet.Read(PictureFolder.Scan([tree.Root])).Pictures[0].Caption!.ToString());
        Assert.Equal(
            "caption",
            CaptionSet.Read(PictureFolder.Scan([tree.Root]), "caption").Pictures[0].Caption!.ToString()
        );
        var none = CaptionSet.Read(PictureFolder.Scan([tree.Root]), ".cap");
        Assert.Null(none.Pictures[0].Caption);
        Assert.Equal("a.cap", none.PathOf(none.Pictures[0]));
        Assert.Equal(
            "mine",
            CaptionSet
                .Read(PictureFolder.Scan([tree.Root], captionExtension: ".mine.txt"), ".mine.txt")
                .Pictures[0]
                .Caption!.ToString()
        );
        Assert.Throws<FornoException>(() => CaptionSet.Read(PictureFolder.Scan([tree.Root]), "png"));
    }

    [Fact]
    public void TagsSeenAndPrunedTravelWithTheirPicture()
    {
        using TempTree tree = new();
        tree.Write("10_x/a.png", TestPictures.Png(8, 8, 1));
        tree.Write("10_x/a.txt", "a");
        var sidecar = new TagSidecar
        {
            Seen = [new SeenTag("bow", 0.93, "general", "wd")],
            Pruned = [new PrunedTag("red eyes", "static")],
        };
        tree.Write("10_x/a.tags.json", sidecar.ToBytes());
        PictureItem item = PictureFolder.Scan([tree.Root]).Pictures.Single();
        Assert.Equal("10_x/a.txt", Assert.Single(item.Sidecars).Path);
        Assert.Equal("10_x/a.tags.json", item.TagsPath);
        TagSidecar read = TagSidecar.Of(item)!;
        Assert.Equal((sidecar.Seen[0], sidecar.Pruned[0]), (read.Seen[0], read.Pruned[0]));
        Assert.Equal(sidecar.ToBytes(), read.ToBytes());
        Assert.Contains("\"tag\": \"bow\"", Encoding.UTF8.GetString(read.ToBytes()));

        ChangePlan sort = SortPlan.Make(PictureFolder.Scan([tree.Root]), [_ => "y"], null);
        Assert.Contains(sort.Steps.Single().Changes.OfType<MoveFile>(), m => m.To == "10_y/a.tags.json");
        using (Importer importer = new(new ImportSettings()))
        using (var work = WorkFolder.OpenOrCreate(tree["work"]))
        {
            work.Apply(importer.Plan([tree["10_x"]], []));
        }

        Assert.Equal(
            sidecar.ToBytes(),
            File.ReadAllBytes(
                Directory.EnumerateFiles(tree["work"], "*.tags.json", SearchOption.AllDirectories).Single()
            )
        );
        foreach (
            string wrong in (string[])
                ["", "[]", "{\"version\":2}", "{\"seen\":[null]}", "{\"seen\":null}", "{\"seen\":[{\"tag\":3}]}"]
        )
        {
            Assert.Contains(
                "x.tags.json",
                Assert
                    .Throws<FornoException>(() => TagSidecar.Parse(Encoding.UTF8.GetBytes(wrong), "x.tags.json"))
                    .Message
            );
        }

        Assert.Empty(TagSidecar.Parse("{\"further\":1}"u8, "x").Seen);
    }

    [Fact]
    public void ListsOfWordsCanBeAddedToAndReplaced()
    {
        Assert.Contains("useless", WordLists.Names);
        Assert.All(WordLists.Names, n => Assert.NotEmpty(WordLists.Read(n)));
        using TempTree tree = new();
        tree.Write("useless.txt", "# mine\n[judgement]\n-meme\nsplendid  # a comment\n[new]\n\\#1, a\\, b = c, d\n");
        IReadOnlyList<WordEntry> list = WordLists.Read("useless", tree.Root);
        Assert.DoesNotContain(list, e => e.Words.Contains("meme"));
        Assert.Contains(list, e => e.Words.Contains("parody"));
        WordEntry last = list[^1];
        Assert.Equal(("new", "#1, a, b", "c|d"), (last.Section, last.Left, string.Join('|', last.Words)));
        Assert.EndsWith("useless.txt:6", last.Source, StringComparison.Ordinal);
        tree.Write("useless.txt", "!replace\nonly");
        Assert.Equal("only", Assert.Single(WordLists.Read("useless", tree.Root)).Words.Single());
        tree.Write("usless.txt", "x");
        Assert.Contains("useless", Assert.Throws<FornoException>(() => WordLists.Read("useless", tree.Root)).Message);
        Assert.Throws<FornoException>(() => WordLists.Read("useless", tree["none"]));
    }
}

using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Workspace;

public class WorkFolderTests
{
    private static readonly string[] Names =
    [
        "10_sks/a.png",
        "10_sks/a.txt",
        "10_sks/ünï 写真\nline.png",
        "x/deep/b.png",
        "x/c.png",
        "d.png",
    ];

    [Fact]
    public void EveryKindOfChangeIsTakenBackExactly()
    {
        using TempTree tree = Filled();
        string before = TempTree.Picture(tree.Root);
        using var work = WorkFolder.Open(tree.Root);
        Applied applied = work.Apply(Everything());
        string after = TempTree.Picture(tree.Root);
        Assert.Equal((1, 5, 6), (applied.Id, applied.Steps, applied.Files));
        Assert.Equal("new a", File.ReadAllText(tree["10_sks/a.png"]));
        Assert.Equal("line", File.ReadAllText(tree["5_moved/far/line.png"])[^8..^4]);
        Assert.Equal("d.png", File.ReadAllText(tree["copies/d.png"]));
        Assert.False(Directory.Exists(tree["x"]), "folders that were emptied go");
        Undone undone = work.Undo(1);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Equal(("everything", 6), (Assert.Single(undone.Operations).Name, undone.Operations[0].Changes));
        Assert.Empty(undone.SetAside);
        Assert.False(Directory.Exists(tree[".forno/kept/1"]));

        // and again, since its names are free again
        Assert.Equal(2, work.Apply(Everything()).Id);
        Assert.Equal(after, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void UndoTakesBackTheLastNInTurn()
    {
        using TempTree tree = Filled();
        List<string> states = [TempTree.Picture(tree.Root)];
        for (int i = 0; i < 4; i++)
        {
            using var work = WorkFolder.Open(tree.Root); // as four commands would
            string text = $"round {i}";
            work.Apply(
                One(
                    new ReplaceFile("d.png", FileContent.Text(text)),
                    new AddFile($"new{i}/{i}.txt", FileContent.Text(text))
                )
            );
            states.Add(TempTree.Picture(tree.Root));
        }

        using var last = WorkFolder.Open(tree.Root);
        Assert.Equal(2, last.Undo(2).Operations.Count);
        Assert.Equal(states[2], TempTree.Picture(tree.Root));
        Assert.Equal(2, last.Undo(9).Operations.Count);
        Assert.Equal(states[0], TempTree.Picture(tree.Root));
        Assert.Empty(last.Undo(1).Operations);
    }

    [Fact]
    public void WhatWasEditedByHandIsSetAsideNotThrownAway()
    {
        using TempTree tree = Filled();
        string before = TempTree.Picture(tree.Root);
        using var work = WorkFolder.Open(tree.Root);
        work.Apply(
            One(
                new AddFile("e.txt", FileContent.Text("machine")),
                new ReplaceFile("10_sks/a.txt", FileContent.Text("machine")),
                new RemoveFile("d.png")
            )
        );
        File.WriteAllText(tree["e.txt"], "by hand e");
        File.WriteAllText(tree["10_sks/a.txt"], "by hand a");
        File.WriteAllText(tree["d.png"], "by hand d");
        Undone undone = work.Undo(1);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Equal(
            ["by hand a", "by hand d", "by hand e"],
            undone.SetAside.Select(p => File.ReadAllText(tree[p])).Order()
        );
    }

    [Fact]
    public void AStepThatCannotBeMadeIsAProblemAndTheRestGoesOn()
    {
        using TempTree tree = Filled();
        using var work = WorkFolder.Open(tree.Root);
        var broken = FileContent.Bytes("broken", () => throw new FornoException("d.png: truncated"));
        Applied applied = work.Apply(
            new ChangePlan
            {
                Name = "mixed",
                Steps =
                [
                    new PlanStep
                    {
                        Subject = "d.png",
                        Changes = [new MoveFile("10_sks/a.txt", "gone/a.txt"), new ReplaceFile("d.png", broken)],
                    },
                    new PlanStep
                    {
                        Subject = "copy",
                        Changes = [new AddFile("copy.png", FileContent.CopyOf("/no/such/file"))],
                    },
                    new PlanStep
                    {
                        Subject = "frames",
                        Changes = [new AddFile("f.txt", FileContent.Text("f"))],
                        Expand = Frames,
                    },
                    new PlanStep { Subject = "good", Changes = [new AddFile("good.txt", FileContent.Text("good"))] },
                ],
            }
        );
        Assert.Equal((1, 1), (applied.Steps, applied.Files));
        Assert.Equal(
            ["d.png: truncated", "copy: /no/such/file: cannot be read", "frames: frame 2 is damaged"],
            applied.Problems.Select(p => p.ToString().Split(" (")[0])
        );
        Assert.Equal("d.png", File.ReadAllText(tree["d.png"]));
        Assert.True(File.Exists(tree["10_sks/a.txt"]));
        Assert.False(Directory.Exists(tree["gone"]) || Directory.Exists(tree["frames"]) || File.Exists(tree["f.txt"]));
        string good = TempTree.Picture(tree.Root);
        work.Undo(1);
        Assert.Equal(good.Split('\n').Length - 1, TempTree.Picture(tree.Root).Split('\n').Length);

        static IEnumerable<AddFile> Frames(CancellationToken cancel)
        {
            yield return new AddFile("frames/1.png", FileContent.Text("1"));
            throw new FornoException("frame 2 is damaged");
        }
    }

    [Fact]
    public void AFullDiskTakesEverythingBack()
    {
        using TempTree tree = Filled();
        string before = TempTree.Picture(tree.Root);
        int writes = 0;
        WorkFolderHooks hooks = new()
        {
            BeforeWrite = file => _ = ++writes < 3 ? 0 : throw new FornoException($"{file}: No space left on device"),
        };
        using var work = WorkFolder.Open(tree.Root, hooks);
        FornoException e = Assert.Throws<FornoException>(() => work.Apply(Everything(), workers: 1));
        Assert.Contains("No space left", e.Message);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Equal(OperationState.TakenBack, Assert.Single(work.History).State);
    }

    [Fact]
    public void StoppingTakesEverythingBack()
    {
        using TempTree tree = Filled();
        string before = TempTree.Picture(tree.Root);
        using CancellationTokenSource stop = new();
        int changes = 0;
        using var work = WorkFolder.Open(
            tree.Root,
            new WorkFolderHooks
            {
                BeforeChange = _ =>
                {
                    if (++changes == 3)
                    {
                        stop.Cancel();
                    }
                },
            }
        );
        Assert.Throws<OperationCanceledException>(() => work.Apply(Everything(), cancel: stop.Token, workers: 1));
        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void KilledBetweenAnyTwoChangesItIsRolledBackAndASecondRunCompletes()
    {
        using TempTree tree = Filled();
        using TempTree crashes = new();
        string before = TempTree.Picture(tree.Root);
        int moments = 0;
        WorkFolderHooks hooks = new()
        {
            BeforeChange = _ => TempTree.Copy(tree.Root, crashes[$"{moments++}"]),
            BeforeWrite = _ => TempTree.Copy(tree.Root, crashes[$"{moments++}"]),
        };
        using (var work = WorkFolder.Open(tree.Root, hooks))
        {
            work.Apply(Everything(), workers: 1);
        }

        string after = TempTree.Picture(tree.Root);
        Assert.True(moments >= 8);
        for (int i = 0; i < moments; i++)
        {
            string crashed = crashes[$"{i}"];
            File.WriteAllText(Path.Join(crashed, "10_sks", ".forno-0123.tmp"), "half a fi");
            Assert.Equal("everything", WorkFolder.Unfinished(crashed));
            using var again = WorkFolder.Open(crashed);
            Assert.Contains("rolled back", again.Recovered);
            Assert.Equal(before, TempTree.Picture(crashed));
            again.Apply(Everything());
            Assert.Equal(after, TempTree.Picture(crashed));
            again.Undo(1);
            Assert.Equal(before, TempTree.Picture(crashed));
        }
    }

    [Fact]
    public void AJournalCutOffAnywhereStaysReadable()
    {
        using TempTree tree = Filled();
        using TempTree crashes = new();
        string before = TempTree.Picture(tree.Root);
        bool first = true;
        using (
            var work = WorkFolder.Open(
                tree.Root,
                new WorkFolderHooks
                {
                    BeforeChange = _ =>
                    {
                        if (first)
                        {
                            TempTree.Copy(tree.Root, crashes["cut"]);
                            first = false;
                        }
                    },
                }
            )
        )
        {
            work.Apply(Everything(), workers: 1);
        }

        // Nothing was done yet when the journal was written: whatever part of it reached the disk, nothing is lost.
        byte[] journal = File.ReadAllBytes(crashes["cut/.forno/journal.jsonl"]);
        for (int length = 0; length <= journal.Length; length += 7)
        {
            File.WriteAllBytes(crashes["cut/.forno/journal.jsonl"], journal[..length]);
            using (var again = WorkFolder.Open(crashes["cut"]))
            {
                again.Apply(Everything());
                again.Undo(1);
                Assert.Equal(before, TempTree.Picture(crashes["cut"]));
            }

            Assert.Null(WorkFolder.Unfinished(crashes["cut"]));
        }
    }

    [Fact]
    public void AnUndoThatWasKilledIsFinished()
    {
        using TempTree tree = Filled();
        string before = TempTree.Picture(tree.Root);
        using (var work = WorkFolder.Open(tree.Root))
        {
            work.Apply(Everything());
        }

        File.AppendAllText(tree[".forno/journal.jsonl"], "{\"op\":\"undoing\",\"id\":1}\n");
        File.Move(tree["5_moved/far/line.png"], tree["10_sks/ünï 写真\nline.png"]); // one change was taken back already
        using var again = WorkFolder.Open(tree.Root);
        Assert.Contains("undo of 'everything' was finished", again.Recovered);
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Empty(again.Undo(1).Operations);
    }

    [Fact]
    public void TwoAtOnceTheSecondIsTurnedAway()
    {
        using TempTree tree = Filled();
        using var first = WorkFolder.Open(tree.Root);
        Assert.Contains("another Forno", Assert.Throws<FornoException>(() => WorkFolder.Open(tree.Root)).Message);
        first.Dispose();
        WorkFolder.Open(tree.Root).Dispose();
    }

    [Theory]
    [InlineData("../x.png")]
    [InlineData("a/../../x.png")]
    [InlineData("/tmp/x.png")]
    [InlineData("a//x.png")]
    [InlineData("./x.png")]
    [InlineData("")]
    [InlineData("a/x\0.png")]
    [InlineData(".forno/journal.jsonl")]
    [InlineData("link/x.png")]
    [InlineData("d.png/x.png")]
    [InlineData("d.png")]
    public void HostileAndTakenPathsAreRefusedBeforeAnythingIsDone(string path)
    {
        using TempTree outside = new();
        using TempTree tree = Filled();
        File.CreateSymbolicLink(tree["link"], outside.Root);
        string before = TempTree.Picture(tree.Root);
        using var work = WorkFolder.Open(tree.Root);
        Assert.Throws<FornoException>(() =>
            work.Apply(One(new RemoveFile("10_sks/a.png"), new AddFile(path, FileContent.Text("x"))))
        );
        Assert.Equal(before, TempTree.Picture(tree.Root));
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside.Root));
        Assert.Empty(work.History);
    }

    [Fact]
    public void APlanThatNamesAFileTwiceIsRefused()
    {
        using TempTree tree = Filled();
        using var work = WorkFolder.Open(tree.Root);
        Assert.Throws<FornoException>(() =>
            work.Apply(One(new MoveFile("d.png", "e.png"), new AddFile("d.png", FileContent.Text("x"))))
        );
        Assert.True(File.Exists(tree["d.png"]));
    }

    [Fact]
    public void AFolderThatCannotBeWrittenIsNamed()
    {
        // Root writes everywhere but there.
        FornoException e = Assert.Throws<FornoException>(() => WorkFolder.OpenOrCreate("/proc/forno-dataset"));
        Assert.StartsWith("/proc/forno-dataset: cannot be written", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void OnlyAnEmptyFolderBecomesAWorkFolder()
    {
        using TempTree tree = new();
        tree.Write("sub/mine.png", "mine");
        Assert.Contains(
            "already has files",
            Assert.Throws<FornoException>(() => WorkFolder.OpenOrCreate(tree.Root)).Message
        );
        WorkFolder.OpenOrCreate(tree["new/set"]).Dispose();
        Assert.Equal(tree["new/set"], WorkFolder.Find(tree["new/set/10_a"]));
        Assert.Contains(
            "inside",
            Assert.Throws<FornoException>(() => WorkFolder.OpenOrCreate(tree["new/set/10_a"])).Message
        );
        Assert.Throws<FornoException>(() => WorkFolder.Open(tree.Root));
    }

    [Fact]
    public void APlanIsBroughtOverIntoAnEmptyFolder()
    {
        using TempTree tree = Filled(work: false);
        string sources = TempTree.Picture(tree.Root);
        using TempTree target = new();
        var folder = PictureFolder.Scan([tree.Root]);
        ChangePlan plan = new()
        {
            Name = "x",
            Steps =
            [
                new PlanStep { Subject = "d.png", Changes = [new ReplaceFile("d.png", FileContent.Text("new d"))] },
                new PlanStep
                {
                    Subject = "x/c.png",
                    Changes = [new MoveFile("x/c.png", "y/c.png"), new AddFile("y/c.txt", FileContent.Text("c"))],
                },
                new PlanStep { Subject = "x/deep/b.png", Changes = [new RemoveFile("x/deep/b.png")] },
            ],
        };
        using (var work = WorkFolder.OpenOrCreate(target.Root))
        {
            Assert.Equal(6, work.Apply(plan.BringingOver(folder)).Files);
            string after = TempTree.Picture(target.Root);
            Assert.Equal(sources, TempTree.Picture(tree.Root));
            Assert.Equal(
                ["10_sks/a.png", "10_sks/a.txt", "10_sks/ünï 写真\nline.png", "d.png", "y/c.png", "y/c.txt"],
                Directory
                    .GetFiles(target.Root, "*", SearchOption.AllDirectories)
                    .Where(f => !f.Contains(".forno"))
                    .Select(f => RelativePath.Of(target.Root, f))
                    .Order(StringComparer.Ordinal)
            );
            Assert.Equal("new d", File.ReadAllText(target["d.png"]));
            work.Undo(1);
            Assert.Equal("", TempTree.Picture(target.Root));
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void TenThousandFiles()
    {
        using TempTree tree = new();
        for (int i = 0; i < 10_000; i++)
        {
            tree.Write($"{i % 10}_folder/{i}.png", $"{i}");
            tree.Write($"{i % 10}_folder/{i}.txt", $"caption {i}");
        }

        using TempTree target = new();
        var folder = PictureFolder.Scan([tree.Root]);
        Assert.Equal(10_000, folder.Pictures.Count(p => p.Caption is not null));
        using var work = WorkFolder.OpenOrCreate(target.Root);
        var plan = ChangePlan.Make(
            "bring",
            folder,
            p => new PlanStep { Subject = p.Path, Changes = [new MoveFile(p.Path, p.Path + ".old.png")] }
        );
        Assert.Equal(20_000, work.Apply(plan.BringingOver(folder)).Files);
        string once = TempTree.Picture(target.Root);
        var inside = PictureFolder.Scan([target.Root]);
        work.Apply(
            ChangePlan.Make("drop", inside, p => new PlanStep { Subject = p.Path, Changes = [new RemoveFile(p.Path)] })
        );
        work.Undo(1);
        Assert.Equal(once, TempTree.Picture(target.Root));
        work.Undo(1);
        Assert.Equal("", TempTree.Picture(target.Root));
    }

    private static TempTree Filled(bool work = true)
    {
        TempTree tree = new();
        foreach (string name in Names)
        {
            tree.Write(name, name);
        }

        if (work)
        {
            tree.Write(".forno/journal.jsonl", "");
        }

        return tree;
    }

    private static ChangePlan One(params FileChange[] changes) =>
        new() { Name = "one", Steps = [new PlanStep { Subject = "one", Changes = changes }] };

    private static ChangePlan Everything() =>
        new()
        {
            Name = "everything",
            Steps =
            [
                new PlanStep { Subject = "add", Changes = [new AddFile("new/deep/n.txt", FileContent.Text("n"))] },
                new PlanStep
                {
                    Subject = "replace",
                    Changes = [new ReplaceFile("10_sks/a.png", FileContent.Text("new a"))],
                },
                new PlanStep
                {
                    Subject = "move",
                    Changes = [new MoveFile("10_sks/ünï 写真\nline.png", "5_moved/far/line.png")],
                },
                new PlanStep
                {
                    Subject = "remove",
                    Changes = [new RemoveFile("x/deep/b.png"), new MoveFile("x/c.png", "c.png")],
                },
                new PlanStep { Subject = "copies", Expand = Copies },
            ],
        };

    private static IEnumerable<AddFile> Copies(CancellationToken cancel)
    {
        yield return new AddFile("copies/d.png", FileContent.Text("d.png"));
    }
}

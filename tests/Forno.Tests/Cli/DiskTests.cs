using System.Diagnostics;
using Forno.TestKit;

namespace Forno.Tests.Cli;

/// <summary>A test that mounts a small disk; counted as skipped for whoever may not.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class SmallDiskFactAttribute : FactAttribute
{
    private static readonly Lazy<bool> May = new(() =>
    {
        try
        {
            using SmallDisk disk = new("100k");
            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    });

    public SmallDiskFactAttribute() => Skip = May.Value ? null : "only root may mount a small disk (tmpfs)";
}

/// <summary>A disk of its own, in memory.</summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk(string size)
    {
        Root = Directory.CreateTempSubdirectory("forno-disk-").FullName;
        if (!Mount("-t", "tmpfs", "-o", $"size={size}", "none", Root))
        {
            Directory.Delete(Root);
            throw new InvalidOperationException("no disk can be mounted");
        }
    }

    public string Root { get; }

    public string this[string path] => Path.Join(Root, path);

    public void Change(string options) => Assert.True(Mount("-o", "remount," + options, Root));

    public void Dispose()
    {
        using var process = Process.Start("umount", [Root]);
        process.WaitForExit();
        Directory.Delete(Root);
    }

    private static bool Mount(params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(
                new ProcessStartInfo("mount", arguments) { RedirectStandardError = true }
            )!;
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

/// <summary>Disks that are full or may not be written.</summary>
public class DiskTests
{
    [SmallDiskFact]
    [Trait("Category", "Long")]
    public void AFullDiskLosesNothingAndASecondRunCompletes()
    {
        using TempTree tree = new();
        for (int i = 0; i < 30; i++)
        {
            tree.Write($"raw/10_a/{i}.png", TestPictures.Png(120, 90, i));
            tree.Write($"raw/10_a/{i}.txt", $"number {i}");
        }

        string sources = TempTree.Picture(tree["raw"]);
        using SmallDisk disk = new("400k"); // 30 × 29 KB do not fit
        string work = disk["work"];
        (int code, _, string error) = BuiltProgram.Run("dataset", "import", tree["raw"], "-o", work);
        Assert.Equal(1, code);
        Assert.Contains("No space left", error);
        Assert.DoesNotContain("internal error", error);
        Assert.Equal("", TempTree.Picture(work)); // what was begun is gone
        disk.Change("size=4m");
        (code, string output, error) = BuiltProgram.Run("dataset", "import", tree["raw"], "-o", work);
        Assert.True(code == 0, error);
        Assert.Contains("30 done of 30", output);
        string imported = TempTree.Picture(work);
        Assert.Equal(imported, sources); // plain PNG files are copied

        // In place: what is replaced stays on the disk until all is well, and comes back.
        disk.Change("size=1100k");
        (code, _, error) = BuiltProgram.Run("dataset", "square", work);
        Assert.Equal(1, code);
        Assert.Contains("No space left", error);
        Assert.Equal(imported, TempTree.Picture(work));
        disk.Change("size=8m");
        Assert.Equal(0, BuiltProgram.Run("dataset", "square", work).Code);
        Assert.Equal(0, BuiltProgram.Run("dataset", "undo", work).Code);
        Assert.Equal(imported, TempTree.Picture(work));
        Assert.Equal(sources, TempTree.Picture(tree["raw"]));
    }

    [SmallDiskFact]
    [Trait("Category", "Long")]
    public void ADiskThatMayNotBeWrittenIsReadAndNamed()
    {
        using TempTree tree = new();
        using SmallDisk disk = new("4m");
        Directory.CreateDirectory(disk["raw/10_a"]);
        File.WriteAllBytes(disk["raw/10_a/a.png"], TestPictures.Png(60, 50, 1, border: 6));
        Assert.Equal(0, BuiltProgram.Run("dataset", "import", disk["raw"], "-o", disk["work"]).Code);
        disk.Change("ro");
        string before = TempTree.Picture(disk.Root);

        (int code, string output, string error) = BuiltProgram.Run("dataset", "check", disk["work"]);
        Assert.True(code == 0, error);
        Assert.Contains("1 picture", output);
        Assert.Contains("not kept for the next run", error);
        foreach (
            string[] command in (string[][])
                [
                    ["trim", disk["work"]],
                    ["undo", disk["work"]],
                    ["import", tree.Root, "-o", disk["new"]],
                ]
        )
        {
            (code, _, error) = BuiltProgram.Run(["dataset", .. command]);
            Assert.Equal(1, code);
            Assert.Contains("cannot be written", error);
            Assert.Contains("Read-only", error);
            Assert.Single(error.TrimEnd('\n').Split('\n'));
        }

        // From there to elsewhere all is well.
        Assert.Equal(0, BuiltProgram.Run("dataset", "trim", disk["raw"], "-o", tree["new"]).Code);
        Assert.True(File.Exists(tree["new/10_a/a.png"]));
        Assert.Equal(before, TempTree.Picture(disk.Root));
    }
}

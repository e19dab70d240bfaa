using System.Diagnostics;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Workspace;

public class PictureFolderTests
{
    [Fact]
    public void PicturesComeWithTheirCaptionsAndMasksFromEveryDepth()
    {
        using TempTree tree = new();
        foreach (
            string file in (string[])
                [
                    "10_sks dog/a.png",
                    "10_sks dog/a.txt",
                    "10_sks dog/a.caption",
                    "10_sks dog/masks/a.png",
                    "10_sks dog/masks/stray.png",
                    "10_sks dog/deep/ünï 写真\nline.JPG",
                    "10_sks dog/deep/ünï 写真\nline.TXT",
                    "b.webp",
                    "b.webp.txt",
                    "notes.txt",
                    ".hidden/c.png",
                    "__MACOSX/d.png",
                    ".e.png",
                ]
        )
        {
            tree.Write(file, file);
        }

        var folder = PictureFolder.Scan([tree.Root]);
        Assert.Equal(
            ["10_sks dog/a.png", "10_sks dog/deep/ünï 写真\nline.JPG", "b.webp"],
            folder.Pictures.Select(p => p.Path)
        );
        PictureItem a = folder.Pictures[0];
        Assert.Equal(["10_sks dog/a.txt", "10_sks dog/a.caption"], a.Sidecars.Select(s => s.Path));
        Assert.Equal("10_sks dog/masks/a.png", a.Mask!.Path);
        Assert.Equal((10, 10, null), (a.Repeats, folder.Pictures[1].Repeats, folder.Pictures[2].Repeats));
        Assert.Equal("10_sks dog/deep/ünï 写真\nline.TXT", folder.Pictures[1].CaptionPath);
        Assert.Equal("b.webp.txt", folder.Pictures[2].CaptionPath);
        Assert.Equal(
            [tree["10_sks dog/masks/stray.png"], tree["notes.txt"]],
            folder.Others.Order(StringComparer.Ordinal)
        );
        Assert.Empty(folder.Problems);
        Assert.Null(folder.Work);
    }

    [Fact]
    public void CompanionsFollowTheNameOfTheirPicture()
    {
        using TempTree tree = new();
        foreach (string file in (string[])["x/a.jpg", "x/a.txt", "x/a.jpg.caption", "x/masks/a.png"])
        {
            tree.Write(file, "");
        }

        PictureItem moved = PictureFolder.Scan([tree.Root]).Pictures[0].At("5_y/b.png");
        Assert.Equal(["5_y/b.txt", "5_y/b.png.caption"], moved.Sidecars.Select(s => s.Path));
        Assert.Equal("5_y/masks/b.png", moved.Mask!.Path);
        Assert.Equal(tree["x/a.txt"], moved.Sidecars[0].File);
    }

    [Fact]
    public void PicturesOfOneNameShareTheirCaption()
    {
        using TempTree tree = new();
        foreach (string file in (string[])["a.jpg", "a.png", "a.txt"])
        {
            tree.Write(file, "");
        }

        Assert.All(PictureFolder.Scan([tree.Root]).Pictures, p => Assert.True(Assert.Single(p.Sidecars).Shared));
    }

    [Fact]
    public void FoldersArePutTogetherAndNamesStayApart()
    {
        using TempTree tree = new();
        foreach (
            string file in (string[])
                ["one/a.png", "one/a.txt", "two/a.jpg", "two/a.txt", "3_cat/a.png", "3_cat/sub/b.png"]
        )
        {
            tree.Write(file, file);
        }

        var folder = PictureFolder.Scan([tree["one"], tree["two/"], tree["3_cat"], tree["3_cat/sub"]]);
        Assert.Equal(["3_cat/a.png", "3_cat/sub/b.png", "a-2.jpg", "a.png"], folder.Pictures.Select(p => p.Path));
        Assert.Equal("a-2.txt", folder.Pictures[2].CaptionPath);
        Assert.Equal(tree["two/a.txt"], folder.Pictures[2].Caption!.File);
    }

    [Fact]
    public void LinksThatLeaveTheFolderAreReportedNotFollowed()
    {
        using TempTree outside = new();
        using TempTree tree = new();
        outside.Write("secret.png", "");
        tree.Write("real.png", "real");
        File.CreateSymbolicLink(tree["out.png"], outside["secret.png"]);
        File.CreateSymbolicLink(tree["up"], outside.Root);
        File.CreateSymbolicLink(tree["through.png"], "up/secret.png");
        File.CreateSymbolicLink(tree["inside.png"], "real.png");
        File.CreateSymbolicLink(tree["nowhere.png"], "no/such");
        File.CreateSymbolicLink(tree["circle.png"], "circle.png");
        File.CreateSymbolicLink(tree["self"], ".");
        var folder = PictureFolder.Scan([tree.Root]);
        Assert.Equal(["inside.png", "real.png"], folder.Pictures.Select(p => p.Path));
        Assert.Equal(
            ["circle.png", "nowhere.png", "out.png", "self", "through.png", "up"],
            folder.Problems.Select(p => Path.GetFileName(p.File))
        );
        Assert.All(folder.Problems, p => Assert.Contains("link", p.Why));
    }

    [Fact]
    public void ANameThatIsNotTextIsAProblemOfItsOwn()
    {
        using TempTree tree = new();
        tree.Write("good.png", "");
        using (
            Process shell = Process.Start(
                new ProcessStartInfo("sh", ["-c", "touch \"$0/$(printf 'bad\\377.png')\"", tree.Root])
            )!
        )
        {
            shell.WaitForExit();
        }

        var folder = PictureFolder.Scan([tree.Root]);
        Assert.Equal(["good.png"], folder.Pictures.Select(p => p.Path));
        Assert.Contains("UTF-8", Assert.Single(folder.Problems).Why);
        File.Delete(tree["good.png"]);
        using var clean = Process.Start("rm", ["-rf", tree.Root]);
        clean.WaitForExit();
        Directory.CreateDirectory(tree.Root);
    }

    [Fact]
    public void AnAbsentFolderIsNamed()
    {
        FornoException e = Assert.Throws<FornoException>(() => PictureFolder.Scan(["/no/such/folder"]));
        Assert.StartsWith("/no/such/folder: ", e.Message, StringComparison.Ordinal);
    }
}

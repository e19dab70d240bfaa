using System.Text.Json;
using Forno.Imaging;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

public sealed class UpscaleCommandTests : IDisposable
{
    private readonly ScratchFolder folder = new();
    private readonly string model;

    public UpscaleCommandTests()
    {
        model = TinyUpscalers.Write(folder.File("2x.safetensors"), TinyUpscalers.Compact());
        Save("small.png", 20, 12);
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public void OnePictureGoesToItsFile()
    {
        string source = folder.File("small.png"),
            target = folder.File("out/large.webp");
        (int code, string output, string error) = Run("upscale", source, "--model", model, "-o", target);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("20x12 to 40x24", output);
        Assert.Equal((40, 24), SizeOf(target));
        Assert.Equal(1, Run("upscale", source, "--model", model, "-o", target).Code);
        Assert.Equal(
            0,
            Run(
                "upscale",
                source,
                "--model",
                model,
                "--model",
                model,
                "--scale",
                "1.5",
                "-o",
                target,
                "--overwrite"
            ).Code
        );
        Assert.Equal((30, 18), SizeOf(target));
    }

    [Fact]
    public void SeveralGoIntoAFolderAndABrokenOneDoesNotStopTheRest()
    {
        Save("other.jpg", 9, 9);
        File.WriteAllText(folder.File("broken.png"), "no picture");
        string target = folder.File("big");
        (int code, string output, string error) = Run(
            "upscale",
            folder.File("broken.png"),
            folder.File("small.png"),
            folder.File("other.jpg"),
            "--model",
            model,
            "-o",
            target,
            "--json"
        );
        Assert.Equal(1, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(2, json.RootElement.GetProperty("pictures").GetArrayLength());
        Assert.Contains("broken.png", json.RootElement.GetProperty("problems")[0].ToString());
        Assert.Equal("", error);
        Assert.Equal((18, 18), SizeOf(Path.Combine(target, "other.png")));
    }

    [Fact]
    public void ADryRunWritesNothing()
    {
        (int code, string output, _) = Run(
            "upscale",
            folder.File("small.png"),
            "--model",
            model,
            "-o",
            folder.File("out/x.png"),
            "--dry-run"
        );
        Assert.Equal(0, code);
        Assert.Contains("would write", output);
        Assert.False(Directory.Exists(folder.File("out")));
        Assert.Contains(
            "20x12 to 80x48",
            Run(
                "upscale",
                folder.File("small.png"),
                "--model",
                "yandereneo-4x",
                "-o",
                folder.File("out/x.png"),
                "--dry-run"
            ).Output
        );
    }

    [Theory]
    [InlineData("no upscaler|not a|refused", "--model", "TEXT", "-o", "x.png")]
    [InlineData("yandereneo-4x", "--model", "yandereneo-4", "-o", "x.png")]
    [InlineData("Add -o", "--model", "MODEL")]
    [InlineData("--resolution", "--model", "MODEL", "-o", "x.png", "--needed")]
    [InlineData("two different sizes", "--model", "MODEL", "-o", "x.png", "--scale", "2", "--resolution", "512")]
    [InlineData("--scale must", "--model", "MODEL", "-o", "x.png", "--scale", "0")]
    [InlineData("--resolution abc", "--model", "MODEL", "-o", "x.png", "--resolution", "abc")]
    public void WhatIsWrongIsSaidAndNothingIsWritten(string message, params string[] args)
    {
        File.WriteAllText(folder.File("text.pth"), "not a model");
        string[] real =
        [
            .. args.Select(a =>
                a switch
                {
                    "TEXT" => folder.File("text.pth"),
                    "MODEL" => model,
                    "x.png" => folder.File("x.png"),
                    _ => a,
                }
            ),
        ];
        (int code, _, string error) = Run(["upscale", folder.File("small.png"), .. real]);
        Assert.Equal(1, code);
        Assert.Contains(message.Split('|'), m => error.Contains(m, StringComparison.Ordinal));
        Assert.False(File.Exists(folder.File("x.png")));
    }

    [Fact]
    public void AFolderBecomesAWorkFolderWithCaptionsAndMasksAndUndoTakesItBack()
    {
        string source = folder.File("set");
        Save("set/3_cat/a.png", 20, 12);
        Save("set/3_cat/b.jpg", 100, 90);
        Save("set/3_cat/masks/a.png", 20, 12);
        File.WriteAllText(folder.File("set/3_cat/a.txt"), "cat");
        Dictionary<string, string> before = Hashes(source);
        string work = folder.File("work");
        (int code, string output, string error) = Run(
            "upscale",
            source,
            "--model",
            model,
            "--resolution",
            "64",
            "--min-bucket-reso",
            "64",
            "--needed",
            "-o",
            work
        );
        Assert.True(code == 0, error + output);
        Assert.Equal(before, Hashes(source));
        // 20×12 has its bucket at 64×64, which it must cover; 100×90 reaches its own.
        Assert.Equal((107, 64), SizeOf(Path.Combine(work, "3_cat/a.png")));
        Assert.Equal((107, 64), SizeOf(Path.Combine(work, "3_cat/masks/a.png")));
        Assert.Equal("cat", File.ReadAllText(Path.Combine(work, "3_cat/a.txt")));
        Assert.Equal(before["3_cat/b.jpg"], Hashes(work)["3_cat/b.jpg"]);

        Dictionary<string, string> first = Hashes(work);
        Assert.Equal(0, Run("upscale", work, "--model", model).Code);
        Assert.Equal((200, 180), SizeOf(Path.Combine(work, "3_cat/b.png")));
        Assert.False(File.Exists(Path.Combine(work, "3_cat/b.jpg")));
        Assert.Equal(0, Run("dataset", "undo", work).Code);
        Assert.Equal(first, Hashes(work));
    }

    private void Save(string name, int width, int height)
    {
        byte[] bytes = new byte[width * height * 3];
        new Random(width).NextBytes(bytes);
        using var picture = Picture.FromRgb(bytes, width, height);
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
        File.WriteAllBytes(
            folder.File(name),
            name.EndsWith(".jpg", StringComparison.Ordinal) ? picture.EncodeJpeg(90) : picture.EncodePng()
        );
    }

    private static (int Width, int Height) SizeOf(string file)
    {
        using var picture = Picture.Load(file);
        return (picture.Width, picture.Height);
    }

    private static Dictionary<string, string> Hashes(string root) =>
        Directory
            .EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/.forno/", StringComparison.Ordinal))
            .ToDictionary(
                f => Path.GetRelativePath(root, f),
                f => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))
            );
}

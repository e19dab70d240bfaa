using System.Text.Json;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Imaging.Png;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

public sealed class CommandTests : IDisposable
{
    private readonly TinyBaseModel tiny = new(
        metadata: new Dictionary<string, string> { ["modelspec.resolution"] = "64x64" }
    );

    private string Out => Path.Combine(tiny.Folder, "out");

    public void Dispose() => tiny.Dispose();

    [Fact]
    public void GenerateNumbersItsFilesAndSaysWhereTheyAre()
    {
        string[] args =
        [
            "generate",
            "a red heart",
            "--model",
            tiny.File,
            "--seed",
            "3",
            "--steps",
            "2",
            "--batch-size",
            "2",
            "-o",
            Out,
        ];
        (int code, string output, string error) = Run([.. args, "--dry-run"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("would draw 2", output);
        Assert.False(Directory.Exists(Out));

        string[] files = [Path.Combine(Out, "00001-3.png"), Path.Combine(Out, "00002-4.png")];
        Assert.Equal((0, string.Join('\n', files) + "\n", ""), Run(args));
        using (var picture = Picture.Load(files[1]))
        {
            Assert.Equal((64, 64, 3), (picture.Width, picture.Height, picture.Bands));
        }
        var text = Infotext.Parse(PngText.Read(File.ReadAllBytes(files[1]), "a test")[PngText.Parameters]);
        Assert.Equal(("a red heart", "4"), (text.Prompt, text["Seed"]));

        (code, output, _) = Run([.. args, "--json"]);
        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(
            Path.Combine(Out, "00003-3.png"),
            json.RootElement.GetProperty("files")[0].GetProperty("path").GetString()
        );
        Assert.Equal(File.ReadAllBytes(files[0]), File.ReadAllBytes(Path.Combine(Out, "00003-3.png")));
    }

    [Fact]
    public void AFileIsNotOverwrittenUnasked()
    {
        string file = Path.Combine(tiny.Folder, "one.png");
        string[] args = ["generate", "x", "--model", tiny.File, "--steps", "1", "-o", file];
        Assert.Equal(0, Run(args).Code);
        (int code, _, string error) = Run(args);
        Assert.Equal(1, code);
        Assert.Contains("it exists already", error);
        Assert.Equal(0, Run([.. args, "--overwrite"]).Code);
    }

    [Fact]
    public void SeedsReachTheirWholeRange()
    {
        string[] args = ["generate", "x", "--model", tiny.File, "--steps", "1", "-o", Out, "--json", "--seed"];
        (int code, string output, _) = Run([.. args, "18446744073709551615", "--batch-count", "2"]);
        Assert.Equal(0, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(
            [ulong.MaxValue, 0UL],
            json.RootElement.GetProperty("files").EnumerateArray().Select(f => f.GetProperty("seed").GetUInt64())
        );
        foreach (string wrong in (string[])["-2", "1.5", "18446744073709551616", "x"])
        {
            (code, output, string error) = Run([.. args, wrong]);
            Assert.Equal((2, ""), (code, output));
            Assert.Contains($"--seed {wrong} is no seed", error);
        }
    }

    [Fact]
    public void AJsonAnswerIsTheJobsResult()
    {
        string[] args = ["generate", "x", "--model", tiny.File, "--steps", "1", "--seed", "4", "-o", Out, "--json"];
        using (var plan = JsonDocument.Parse(Done([.. args, "--dry-run"])))
        {
            Assert.Equal(["model", "adapters", "files"], Names(plan.RootElement));
        }
        using (var made = JsonDocument.Parse(Done(args)))
        {
            Assert.Equal(["model", "files", "warnings"], Names(made.RootElement));
            Assert.Equal(
                ["path", "seed", "width", "height", "infotext"],
                Names(made.RootElement.GetProperty("files")[0])
            );
        }

        args = ["grid", "--model", tiny.File, "--prompts", "x", "--steps", "1", "-o", Out + "/g.png", "--json"];
        using (var plan = JsonDocument.Parse(Done([.. args, "--dry-run"])))
        {
            Assert.Equal(
                ["model", "adapters", "weights", "prompts", "seeds", "pictures", "file"],
                Names(plan.RootElement)
            );
        }
        using (var made = JsonDocument.Parse(Done(args)))
        {
            Assert.Equal(["file", "pictures", "warnings"], Names(made.RootElement));
        }

        static IEnumerable<string> Names(JsonElement element) => element.EnumerateObject().Select(p => p.Name);
    }

    [Theory]
    [InlineData("sampler \"x\" is unknown", "--sampler", "x")]
    [InlineData("width 65 is not a multiple of 8", "--width", "65")]
    [InlineData("precision 'int4' is unknown", "--precision", "int4")]
    [InlineData("--device 'tpu' is unknown", "--device", "tpu")]
    [InlineData("there is no LoRA file 'nothing'", "--lora", "nothing:0.5")]
    [InlineData("its strength must be a number", "--lora", "nothing:NaN")]
    [InlineData("clip skip 9 is not possible", "--clip-skip", "9")]
    [InlineData("pictures are written as PNG", "-o", "/no/picture.jpg")]
    public void AWrongOptionIsOneLine(string says, params string[] options)
    {
        string[] place = options.Contains("-o") ? [] : ["-o", Out];
        (int code, string output, string error) = Run(["generate", "x", "--model", tiny.File, .. place, .. options]);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains(says, error);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
        Assert.False(Directory.Exists(Out));
    }

    [Fact]
    public void AGridIsOneSheet()
    {
        string prompts = Path.Combine(tiny.Folder, "prompts.txt"),
            file = Path.Combine(tiny.Folder, "grid.png");
        File.WriteAllText(prompts, "# two\na red heart\n\na cat\n");
        string[] args =
        [
            "grid",
            "--model",
            tiny.File,
            "--prompts",
            prompts,
            "a dog",
            "--seeds",
            "1,2",
            "--steps",
            "1",
            "-o",
            file,
        ];
        (int code, string output, _) = Run([.. args, "--dry-run"]);
        Assert.Equal(0, code);
        Assert.Contains("would draw 6 pictures", output);
        Assert.Equal((0, file + "\n", ""), Run(args));
        using var sheet = Picture.Load(file);
        Assert.True(sheet.Width > 64 && sheet.Height > 6 * 64, $"{sheet.Width}×{sheet.Height}");

        (code, _, string error) = Run(
            "grid",
            "/no/such.safetensors",
            "--model",
            tiny.File,
            "--prompts",
            "x",
            "-o",
            file,
            "--overwrite"
        );
        Assert.Equal(1, code);
        Assert.StartsWith(
            "forno: /no/such.safetensors: there is no such file or folder",
            error,
            StringComparison.Ordinal
        );
        (code, _, error) = Run(
            "grid",
            "--model",
            tiny.File,
            "--prompts",
            "a cat --n blurry",
            "-o",
            file,
            "--overwrite"
        );
        Assert.Equal(1, code);
        Assert.Contains("carries options", error);
        foreach (
            (string says, string option, string value) in ((string, string, string)[])
                [
                    ("--seeds: -1 cannot be used here", "--seeds", "-1"),
                    ("--seeds: 'x' is no number", "--seeds", "1,x"),
                    ("--weights: NaN cannot be used here", "--weights", "0,NaN"),
                    ("pictures are written as PNG", "-o", Path.Combine(tiny.Folder, "grid.jpg")),
                ]
        )
        {
            string[] place = option == "-o" ? [] : ["-o", file, "--overwrite"];
            (code, output, error) = Run(["grid", "--model", tiny.File, "--prompts", "x", option, value, .. place]);
            Assert.Equal((1, ""), (code, output));
            Assert.Contains(says, error);
        }
    }
}

using System.Text.Json;
using Forno.Checkpoints;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Vision.Onnx;

namespace Forno.Tests.Cli;

/// <summary>
/// The walk of docs/datasets.md, from a messy folder to a trained LoRA: the commands that a user types, in their order,
/// on the messy set.
/// </summary>
public sealed class WalkThroughTests
{
    private static readonly string[] Buckets =
    [
        "--resolution",
        "128",
        "--min_bucket_reso",
        "64",
        "--max_bucket_reso",
        "256",
    ];

    [Fact]
    [Trait("Category", "Long")]
    public void FromAMessyFolderToATrainedLora()
    {
        using TempTree tree = new();
        string messy = tree["messy set"],
            work = tree["zoo"];
        var set = MessySet.Make(messy, 144);
        string before = TempTree.Picture(messy);

        // 1. Everything readable becomes PNG; what is not is named, with the reason.
        using (
            JsonDocument import = Json(
                "dataset",
                "import",
                messy,
                "-o",
                work,
                "--drop-prefix",
                "artist",
                "meta",
                "--caption-extension",
                ".txt"
            )
        )
        {
            var problems = import
                .RootElement.GetProperty("problems")
                .EnumerateArray()
                .Select(p => (File: p.GetProperty("file").GetString()!, Why: p.GetProperty("why").GetString()!))
                .ToArray();
            Assert.All(
                set.Broken,
                b =>
                    Assert.Contains(
                        problems,
                        p =>
                            p.File.EndsWith(b.File, StringComparison.Ordinal)
                            && p.Why.Contains(b.Why, StringComparison.Ordinal)
                    )
            );
            Assert.Equal(set.Broken.Count, problems.Length);
        }

        Assert.Equal(before, TempTree.Picture(messy));
        Assert.All(set.Stills, s => Assert.True(File.Exists(Path.Join(work, s + ".png")), s));
        Assert.Equal(
            ["dance", "film", "jump", "walk"],
            Directory
                .GetFiles(Path.Join(work, "animations"), "*.png")
                .Select(f => Path.GetFileName(f).Split("_f")[0])
                .Distinct()
                .Where(n => set.HasFilm || n != "film")
                .Order()
                .Prepend(set.HasFilm ? null : "film")
                .OfType<string>()
                .Order()
        );
        Assert.DoesNotContain(
            Captions(work),
            c => c.Contains("artist:", StringComparison.Ordinal) || c.Contains("meta:", StringComparison.Ordinal)
        );

        // 2. What is wrong with it.
        Assert.Superset(
            new HashSet<string>
            {
                "duplicate",
                "borders",
                "transparent",
                "small",
                "soft",
                "monochrome",
                "no-caption",
                "retro",
            },
            Kinds(work).ToHashSet()
        );

        // 3. Duplicates, mirrored ones too. Nothing else is taken for one; film and animations share their scenes.
        Run("dataset", "dedupe", work, "--mirror");
        (string File, string Of)[] moved =
        [
            .. File.ReadLines(Path.Join(work, "_duplicates/duplicates.csv"))
                .Skip(1)
                .Select(l => l.Split(','))
                .Select(c => (Stem(c[5]), Stem(c[1]))),
        ];
        Assert.All(
            moved.Where(m => !m.File.StartsWith("animations/", StringComparison.Ordinal)),
            m => Assert.Equal(Origin(set, m.File), Origin(set, m.Of))
        );
        Assert.True(
            moved.Length >= set.Duplicates.Count * 95 / 100,
            $"{moved.Length} of {set.Duplicates.Count} duplicates found"
        );

        // 4. Into kohya's folders by caption: now, since a folder's pictures have masks all or none.
        Run("dataset", "sort", work, "--rule", "10_food: food", "10_nature: nature", "--rest", "5_other");
        Assert.Equal(["10_food", "10_nature", "5_other", "_duplicates"], Folders(work));

        // 5. Borders and transparency.
        Run("dataset", "trim", work);
        Run("dataset", "flatten", work);

        // 6. Lettering: looked at in one folder, marked below.
        string food = Path.Join(work, "10_food");
        string[] lettered =

            [
                .. set
                    .Lettered.Select(Path.GetFileName)
                    .OfType<string>()
                    .Where(n => File.Exists(Path.Join(food, n + ".png"))),
            ],
            found;
        using (JsonDocument review = Json("dataset", "clean", food, "--find", "text", "--review", tree["clean.html"]))
        {
            found =
            [
                .. review
                    .RootElement.GetProperty("pictures")
                    .EnumerateArray()
                    .Where(p => p.GetProperty("found").GetArrayLength() > 0)
                    .Select(p => Path.GetFileNameWithoutExtension(p.GetProperty("path").GetString()!)),
            ];
        }

        Assert.True(
            lettered.Length >= 4 && lettered.Count(found.Contains) >= 0.8 * lettered.Length,
            $"lettering found on {string.Join(", ", found)}; it is on {string.Join(", ", lettered)}"
        );

        // 7. Masks; pictures with a bad one are set apart.
        using (
            JsonDocument mask = Json(
                "dataset",
                "mask",
                work,
                "--model",
                UnlikeTheGround(tree["ground.onnx"]),
                "--sheet",
                tree["masks.html"]
            )
        )
        {
            bool[] good =
            [
                .. mask
                    .RootElement.GetProperty("masks")
                    .EnumerateArray()
                    .Select(m => m.GetProperty("good").GetBoolean()),
            ];
            Assert.True(
                good.Count(g => g) >= 10 && good.Count(g => !g) >= 10,
                $"{good.Count(g => g)} of {good.Length} masks are good"
            );
        }

        AllOrNoneHaveMasks(work);

        // 8. Shots of two large pictures.
        string[] large =
        [
            .. Directory
                .GetDirectories(work, "*_*")
                .Where(d => !d.EndsWith("_duplicates", StringComparison.Ordinal))
                .SelectMany(d => Directory.GetFiles(d, "*.png"))
                .Order(StringComparer.Ordinal)
                .Where(f => PictureFile.Inspect(f) is { Width: > 220, Height: > 220 })
                .Take(2),
        ];
        File.WriteAllText(
            tree["boxes.json"],
            "{"
                + string.Join(
                    ", ",
                    large.Select(f => $"\"{Path.GetRelativePath(work, f)}\": {{ \"head\": [70, 20, 80, 80] }}")
                )
                + "}"
        );
        Run([
            "dataset",
            "crop",
            work,
            "--boxes",
            tree["boxes.json"],
            "--shots",
            "face",
            "--sheet",
            tree["crops.html"],
            .. Buckets,
        ]);
        Assert.Equal(2, large.Length);
        Assert.All(large, f => Assert.True(File.Exists(f[..^4] + "-face.png")));
        AllOrNoneHaveMasks(work);

        // 9. The lettering goes out of the training.
        Run("dataset", "clean", food, "--find", "text", "--mark");
        AllOrNoneHaveMasks(work);

        // 10. What is too small for its bucket, and only that.
        string model = TinyUpscalers.Write(tree["2x.safetensors"], TinyUpscalers.Compact());
        Run(["upscale", work, "--model", model, "--needed", .. Buckets]);

        // 11. Down to the bucket.
        Run(["dataset", "resize", work, .. Buckets]);
        string[] left = Kinds(work);
        Assert.DoesNotContain(
            left,
            k => k is "duplicate" or "transparent" or "small" or "format" or "disguised" or "no-bucket"
        );
        AllOrNoneHaveMasks(work);
        using (JsonDocument buckets = Json(["dataset", "buckets", work, .. Buckets]))
        {
            Assert.Empty(buckets.RootElement.GetProperty("problems").EnumerateArray());
        }

        // 12. It trains as it is.
        using var tiny = new TinyBaseModel();
        File.WriteAllText(
            tree["zoo.toml"],
            $"""
            pretrained_model_name_or_path = "{tiny.File}"
            train_data_dir = "{work}"
            caption_extension = ".txt"
            resolution = "128"
            enable_bucket = true
            min_bucket_reso = 64
            max_bucket_reso = 256
            train_batch_size = 2
            max_train_steps = 3
            network_module = "networks.lora"
            network_dim = 2
            learning_rate = 1e-3
            output_dir = "{tree["lora"]}"
            output_name = "zoo"
            """
        );
        Run("train", tree["zoo.toml"]);
        using (var lora = SafetensorsFile.Open(tree["lora/zoo.safetensors"]))
        {
            Assert.Contains(lora.Tensors.Keys, k => k.StartsWith("lora_unet_", StringComparison.Ordinal));
        }

        // And all of it can be taken back.
        Run("dataset", "undo", "99", work);
        Assert.Equal("", TempTree.Picture(work));
    }

    private static IEnumerable<string?> Folders(string work) =>
        Directory.GetDirectories(work).Select(Path.GetFileName).Where(d => d != ".forno").Order(StringComparer.Ordinal);

    // The trainer wants a mask of its size for every picture of a folder, or for none.
    private static void AllOrNoneHaveMasks(string work)
    {
        foreach (
            string folder in Directory
                .GetDirectories(work)
                .Where(d => Path.GetFileName(d) is not (".forno" or "_duplicates"))
        )
        {
            string masks = Path.Join(folder, "masks");
            if (Directory.Exists(masks))
            {
                string[] pictures =
                [
                    .. Directory
                        .GetFiles(folder, "*.png")
                        .Select(Path.GetFileName)
                        .OfType<string>()
                        .Order(StringComparer.Ordinal),
                ];
                Assert.Equal(
                    pictures,
                    Directory.GetFiles(masks).Select(Path.GetFileName).Order(StringComparer.Ordinal)
                );
                Assert.All(pictures, p => Assert.Equal(SizeOf(Path.Join(folder, p)), SizeOf(Path.Join(masks, p))));
            }
        }

        Assert.True(
            Directory.Exists(Path.Join(work, "10_food/masks")) && Directory.Exists(Path.Join(work, "10_food_nomask"))
        );
    }

    private static (int, int) SizeOf(string file) =>
        PictureFile.Inspect(file) is var info ? (info.Width, info.Height) : default;

    // A "mask model" of a few operators: what is unlike the mean colour of the picture's upper and lower edges, thin
    // lines left out.
    private static string UnlikeTheGround(string path) =>
        new OnnxFile()
            .Input("x", OnnxType.Float32, 1, 3, 64, 64)
            .Weight("rows", [2L], 1)
            .Weight("top", [0L], 1)
            .Weight("high", [4L], 1)
            .Weight("low", [60L], 1)
            .Weight("bottom", [64L], 1)
            .Weight("limit", [-0.7f], 1)
            .Weight("steep", [60f], 1)
            .Node("Slice", "x top high rows", "first")
            .Node("Slice", "x low bottom rows", "last")
            .Node("Concat", "first last", "edges", ("axis", 2))
            .Node("ReduceMean", "edges", "ground", ("axes", new long[] { 2, 3 }), ("keepdims", 1))
            .Node("Sub", "x ground", "difference")
            .Node("Abs", "difference", "distance")
            .Node("ReduceMean", "distance", "far", ("axes", new long[] { 1 }), ("keepdims", 1))
            .Node(
                "AveragePool",
                "far",
                "near",
                ("kernel_shape", new long[] { 5, 5 }),
                ("pads", new long[] { 2, 2, 2, 2 })
            )
            .Node("Add", "near limit", "above")
            .Node("Mul", "above steep", "score")
            .Node("Sigmoid", "score", "mask")
            .Output("mask", OnnxType.Float32, 1, 1, 64, 64)
            .Save(path);

    private static string Stem(string path) => path[..^Path.GetExtension(path).Length];

    // What a picture is a copy of, or itself.
    private static string Origin(MessySet set, string path) =>
        set.Duplicates.Where(d => d.Copy == path).Select(d => d.Of).FirstOrDefault() ?? path;

    private static IEnumerable<string> Captions(string work) =>
        Directory.EnumerateFiles(work, "*.txt", SearchOption.AllDirectories).Select(File.ReadAllText);

    private static string[] Kinds(string work)
    {
        using JsonDocument check = Json(["dataset", "check", work, .. Buckets]);
        return
        [
            .. check
                .RootElement.GetProperty("pictures")
                .EnumerateArray()
                .SelectMany(p => p.GetProperty("findings").EnumerateArray())
                .Select(f => f.GetProperty("kind").GetString()!)
                .Distinct(),
        ];
    }

    private static JsonDocument Json(params string[] args)
    {
        (int code, string output, string error) = BuiltProgram.Run([.. args, "--json"]);
        Assert.True(code == 0, $"{string.Join(' ', args)}\n{error}\n{output}");
        return JsonDocument.Parse(output);
    }

    private static void Run(params string[] args)
    {
        (int code, string output, string error) = BuiltProgram.Run(args);
        Assert.True(code == 0, $"{string.Join(' ', args)}\n{error}\n{output}");
    }
}

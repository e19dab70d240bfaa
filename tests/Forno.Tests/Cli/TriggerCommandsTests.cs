using System.Text.Json;
using Forno.Datasets.Triggers;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

/// <summary>
/// From captioned folders to triggers, pruned captions, repeats and a diagnosis, through the command line.
/// </summary>
public sealed class TriggerCommandsTests
{
    private const string Config = """
        # my training
        pretrained_model_name_or_path = "model.safetensors"   # the base
        train_data_dir = "work"
        resolution = "512"
        optimizer_type = "Prodigy" # finds its rate
        learning_rate = 1.0
        train_batch_size = 2
        max_train_epochs = 10      # to be reckoned
        caption_extension = ".txt"
        shuffle_caption = true

        """;

    [Fact]
    public void TriggerPruneReportPlanAndDoctorAndAllOfItBack()
    {
        using TempTree tree = Set();
        string work = tree["work"],
            config = tree.Write("train.toml", Config),
            before = TempTree.Picture(work);
        (int code, string output, string error) = Run(
            "caption",
            "trigger",
            work,
            "--character",
            "anna7",
            "--config",
            config
        );
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("48 done of 48 pictures", output);
        Assert.Contains("keep_tokens_separator = \"|||\"", File.ReadAllText(config));
        Assert.Equal(Config, File.ReadAllText(config + ".before"));
        Assert.Equal(0, Run("caption", "trigger", Path.Join(work, "10_armor"), "--outfit", "anna7 armor").Code);
        Assert.Equal(0, Run("caption", "trigger", Path.Join(work, "gown"), "--outfit", "anna7 gown").Code);
        Assert.StartsWith("anna7, anna7 armor ||| 1girl, blue_hair", File.ReadAllText(tree["work/10_armor/0.txt"]));
        Assert.Contains("\"anna7 gown\" = \"outfit\"", File.ReadAllText(tree["work/triggers.toml"]));
        string triggered = TempTree.Picture(work);

        (code, output, error) = Run("caption", "prune", work, "--dry-run");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("hair-colour: blue_hair (48)", output);
        Assert.Equal(triggered, TempTree.Picture(work));
        (code, output, _) = Run("caption", "prune", work, "--json");
        using (var told = JsonDocument.Parse(output))
        {
            Assert.Equal((0, 96), (code, told.RootElement.GetProperty("files").GetInt32()));
            Assert.Contains(
                told.RootElement.GetProperty("findings").EnumerateArray(),
                f => f.GetProperty("kind").GetString() == "footwear"
            );
        }

        Assert.Equal(
            "anna7, anna7 armor ||| 1girl, armored boots, standing",
            File.ReadAllText(tree["work/10_armor/0.txt"])
        );
        Assert.Equal("anna7 ||| 1girl, hoodie, jeans", File.ReadAllText(tree["work/misc/0.txt"]));
        Plan(tree, config);
        Assert.Equal(0, Run("dataset", "undo", "9", work).Code);
        Assert.Equal(before, TempTree.Picture(work));
    }

    [Fact]
    public void TheDoctorOrdersByHarmAndStrictFailsOnTheFirstClassOnly()
    {
        using TempTree tree = Set();
        string config = tree.Write("train.toml", Config.Replace("caption_extension = \".txt\"\n", ""));
        (int code, string output, string error) = Run("doctor", tree["work"], "--config", config, "--no-pictures");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("First of all", output);
        Assert.Contains("looks for .caption, but captions of 20 of 20 pictures are .txt (20)", output);
        Assert.Contains("caption_extension = \".txt\"", output);
        Assert.Contains("no caption has a trigger", output);
        Assert.Equal(1, Run("doctor", tree["work"], "--config", config, "--no-pictures", "--strict").Code);
        tree.Write("train.toml", Config);
        (code, output, _) = Run("doctor", tree["work"], "--config", config, "--strict", "--json");
        using var told = JsonDocument.Parse(output);
        Assert.Equal(0, code);
        string[] classes =
        [
            .. told
                .RootElement.GetProperty("findings")
                .EnumerateArray()
                .Select(f => f.GetProperty("class").GetString()!),
        ];
        Assert.Equal(classes.OrderBy(c => Array.IndexOf(["stops", "spoils", "worse", "note"], c)), classes);
        Assert.Contains(
            told.RootElement.GetProperty("findings").EnumerateArray(),
            f => f.GetProperty("from").GetString() == "pictures"
        );
        Assert.Equal(1, Run("doctor", tree["nowhere"]).Code);
    }

    [Fact]
    public void RepeatsOfADatasetConfigAreWrittenWhereTheyStand()
    {
        using TempTree tree = Set();
        string data =
            "# data\n[general]\nkeep_tokens = 3 # old\n[[datasets]]\nresolution = "
            + "512\n[[datasets.subsets]]\nimage_dir = 'work/10_armor' # a\n[[datasets.subsets]]\nimage_dir = "
            + "\"work/gown\"\nnum_repeats = 9 # b\n";
        tree.Write("data.toml", data);
        string config = tree.Write(
            "train.toml",
            Config.Replace("train_data_dir = \"work\"", "dataset_config = 'data.toml'")
        );
        (int code, string output, string error) = Run("plan", tree["work"], "--config", config, "--apply", "--dry-run");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("would write", output);
        Assert.Equal(data, File.ReadAllText(tree["data.toml"]));
        Assert.Equal(0, Run("plan", tree["work"], "--config", config, "--apply").Code);
        Assert.Equal(
            data.Replace("'work/10_armor' # a\n", "\"work/15_armor\" # a\nnum_repeats = 15\n")
                .Replace("\"work/gown\"", "\"work/18_gown\"")
                .Replace("= 9 #", "= 18 #"),
            File.ReadAllText(tree["data.toml"])
        );
        Assert.Equal(
            0,
            Run("caption", "trigger", tree["work"], "--character", "anna7", "--no-separator", "--config", config).Code
        );
        Assert.Contains("keep_tokens = 1 # old", File.ReadAllText(tree["data.toml"]));
        Assert.True(File.Exists(tree["data.toml.before-2"]));
    }

    [Fact]
    public void WithoutAWorkFolderACopyIsMadeAndOriginalsStay()
    {
        using TempTree tree = Set();
        Directory.Delete(tree["work/.forno"], recursive: true);
        string before = TempTree.Picture(tree["work"]);
        Assert.Contains("Add -o", Run("plan", tree["work"], "--apply").Error);
        string config = tree.Write("train.toml", Config);
        Assert.Equal(0, Run("plan", tree["work"], "--apply", "--config", config, "-o", tree["planned"]).Code);
        Assert.Equal(before, TempTree.Picture(tree["work"]));
        Assert.True(File.Exists(tree["planned/15_armor/0.png"]));
        Assert.Contains($"train_data_dir = \"{tree["planned"]}\"", File.ReadAllText(config));
    }

    [Theory]
    [InlineData("300 each", new[] { 100, 50, 10 }, new[] { 3, 6, 30 }, new string[0])]
    [InlineData("200 each", new[] { 20, 10, 5 }, new[] { 10, 20, 40 }, new[] { "--steps", "200" })]
    [InlineData("920", new[] { 23 }, new[] { 40 }, new[] { "--recipe", "simple", "--batch", "2" })]
    public void TheKnownPlansAreReproduced(string what, int[] pictures, int[] repeats, string[] options)
    {
        using TempTree tree = new();
        byte[] png = TestPictures.Png(8, 8, 1);
        for (int f = 0; f < pictures.Length; f++)
        {
            for (int i = 0; i < pictures[f]; i++)
            {
                tree.Write($"set/{"abc"[f]}/{i}.png", png);
            }
        }

        (int code, string output, _) = Run(["plan", tree["set"], "--json", .. options]);
        using var told = JsonDocument.Parse(output);
        Assert.Equal(0, code);
        Assert.Equal(
            repeats,
            told.RootElement.GetProperty("folders").EnumerateArray().Select(f => f.GetProperty("repeats").GetInt32())
        );
        Assert.True(
            what != "920"
                || (
                    told.RootElement.GetProperty("epochs").GetInt32(),
                    told.RootElement.GetProperty("total_image_steps").GetInt32() / 2
                ) == (6, 2760)
        );
    }

    [Fact]
    public void PruneHelpNamesEveryCategory()
    {
        string[] words = Done("caption", "prune", "--help")
            .Split([' ', ',', ';', '\n'], StringSplitOptions.RemoveEmptyEntries);
        Assert.Empty(TraitLists.Read().Categories.Where(c => c != "monochrome").Except(words));
    }

    [Fact]
    public void CommandsThatFixAreWrittenOut()
    {
        using TempTree tree = Set();
        string config = tree.Write("my train.toml", Config);
        string said = Done("doctor", tree["work"], "--config", config, "--no-pictures");
        Assert.Contains($"forno caption trigger {tree["work"]} --character NAME", said);
        Assert.DoesNotContain("FOLDER", said);
        Assert.DoesNotContain("FILE ", said);
        Assert.DoesNotContain("FOLDER", Done("caption", "report", tree["work"], "--json"));
        Done("caption", "trigger", tree["work/10_armor"], "--outfit", "anna7");
        tree.Write("work/10_armor/3.txt", "1girl");
        Assert.Contains(
            $"→ forno caption trigger {tree["work"]}/10_armor --outfit anna7 (captions",
            Done("caption", "report", tree["work"], "--triggers")
        );
        Assert.Contains(
            $"→ forno caption trigger {tree["work"]}/10_armor --outfit anna7 (captions",
            Done("doctor", tree["work/10_armor"], "--no-pictures")
                .Replace(Path.GetRelativePath(Directory.GetCurrentDirectory(), tree["work"]), tree["work"])
        );
        Assert.Contains(
            $"--config '{config}' --apply",
            Done(
                "doctor",
                tree["work"],
                "--no-pictures",
                "--config",
                tree.Write("my train.toml", "train_data_dir = \"work\"\n")
            )
        );
    }

    [Theory]
    [InlineData(1, "no pictures in it", "caption", "report", "EMPTY")]
    [InlineData(1, "there are no pictures to plan for", "plan", "EMPTY")]
    [InlineData(1, "no tags were noted", "caption", "tag", "EMPTY/../work", "--from-sidecar")]
    [InlineData(2, "must be one of: '0', '1', '2', '3', '4'", "caption", "prune", "EMPTY", "--level", "7")]
    [InlineData(2, "character 4", "caption", "trigger", "EMPTY", "--character", "x", "--where", "a &")]
    [InlineData(1, "none of 48 captions fulfils nobody", "caption", "report", "EMPTY/../work", "--where", "nobody")]
    public void WrongUseIsToldInOneLine(int exit, string told, params string[] args)
    {
        using TempTree tree = Set();
        Directory.CreateDirectory(tree["empty"]);
        (int code, string output, string error) = Run([.. args.Select(a => a.Replace("EMPTY", tree["empty"]))]);
        Assert.Equal(exit, code);
        Assert.Contains(told, (output + error), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public void SentencesStayWholeInAMixedSet()
    {
        using TempTree tree = new();
        const string Prose =
            "A girl with long blue hair, a red dress and highres boots stands in a field. She is smiling, "
            + "and holds a sword.";
        const string Clause = "She wears a small hat with blue_hair ribbons, and no shirt.";
        string[] captions =
        [
            Prose,
            $"1girl, blue hair, highres, {Clause}, red_dress, smiling",
            "1girl, blue_hair, long_hair, very_long_hair",
        ];
        for (int i = 0; i < captions.Length; i++)
        {
            tree.Write($"work/5_a/{i}.png", TestPictures.Png(8, 8, i));
            tree.Write($"work/5_a/{i}.txt", captions[i]);
        }

        tree.Write("work/.forno/journal.jsonl", "");
        string work = tree["work"];
        Assert.Contains(
            "1 caption is in natural language",
            Done("caption", "edit", work, "--spaces", "--dedupe", "--sort", "alphabet")
        );
        Done("caption", "clean", work);
        Done("caption", "trigger", work, "--character", "anna7");
        Assert.Contains("2 captions have sentences, which are left as they are", Done("caption", "prune", work));
        Assert.Equal($"anna7 ||| {Prose}", File.ReadAllText(tree["work/5_a/0.txt"]));
        Assert.Equal($"anna7 ||| 1girl, {Clause}, red dress, smile", File.ReadAllText(tree["work/5_a/1.txt"]));
        Assert.Equal("anna7 ||| 1girl", File.ReadAllText(tree["work/5_a/2.txt"]));
    }

    private static void Plan(TempTree tree, string config)
    {
        string work = tree["work"],
            pruned = TempTree.Picture(work);
        (int code, string output, string error) = Run("plan", work, "--config", config);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("10 → 5", output); // 100 ÷ 20
        Assert.Contains("sub-concept of anna7", output);
        Assert.Equal(pruned, TempTree.Picture(work));
        (code, output, error) = Run("plan", work, "--config", config, "--apply");
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            ["5_armor", "6_gown", "8_misc"],
            Directory
                .GetDirectories(work)
                .Select(Path.GetFileName)
                .Where(n => n![0] != '.')
                .Order(StringComparer.Ordinal)
        );
        Assert.True(File.Exists(tree["work/5_armor/notes.md"]));
        Assert.Contains("max_train_epochs = 8      # to be reckoned", File.ReadAllText(config));
        Assert.Contains("network_dim = 32", File.ReadAllText(config));
        Assert.Contains("learning_rate = 1.0", File.ReadAllText(config));
        (code, output, error) = Run("doctor", work, "--config", config, "--strict", "--no-pictures");
        Assert.Equal((0, ""), (code, error));
        Assert.DoesNotContain("First of all", output);
    }

    // 20 in armour, 16 in a gown, 12 of other clothes; a work folder.
    private static TempTree Set()
    {
        TempTree tree = new();
        foreach (
            var (folder, count, tags) in ((string, int, string)[])
                [
                    ("10_armor", 20, "breastplate, pauldrons, armored boots, standing"),
                    ("gown", 16, "red_dress, tiara, smile"),
                    ("misc", 12, "hoodie, jeans"),
                ]
        )
        {
            for (int i = 0; i < count; i++)
            {
                tree.Write($"work/{folder}/{i}.png", TestPictures.Png(16, 12, (i * 3) + folder.Length));
                tree.Write($"work/{folder}/{i}.txt", $"1girl, blue_hair, green eyes, {tags}");
            }
        }

        tree.Write("work/10_armor/notes.md", "mine");
        tree.Write("work/.forno/journal.jsonl", "");
        return tree;
    }
}

using System.Text.Json;
using Forno.Tests.Prepare;
using static Forno.Tests.App.CommandLine;

namespace Forno.Tests.App;

/// <summary>The walk of CaptionWalkTests goes on: triggers, pruning, absorption table, plan and doctor on the same real set.</summary>
[Trait("Category", "Long")]
public class TriggerWalkTests
{
    [Fact]
    public void ARealSetGetsTriggersIsPrunedJudgedPlannedAndComesBack()
    {
        using TempTree tree = new();
        int count = CaptionedArt.Make(tree, "raw");
        string work = tree["work"], config = tree.Write("train.toml", """
            pretrained_model_name_or_path = "model.safetensors"
            train_data_dir = "work"
            resolution = "128"      # small drawings
            caption_extension = ".txt"
            shuffle_caption = true

            """);
        Assert.Equal(0, Run("dataset", "import", tree["raw"], "-o", work).Code);
        Assert.Equal(0, Run("caption", "edit", work, "--spaces", "--utf8", "--dedupe").Code);
        string edited = TempTree.Picture(work);

        foreach (string style in CaptionedArt.Styles)
        {
            Assert.Equal(0, Run("caption", "trigger", Path.Join(work, $"10_{style} animals"), Path.Join(work, $"10_{style} food"), "--style", $"{style}9", "--config", config).Code);
        }

        Assert.Equal(0, Run("caption", "trigger", work, "--object", "zoo9", "--where", "animals and nature").Code);
        Assert.Equal(0, Run("caption", "trigger", work, "--object", "dish9", "--where", "food and drink").Code);
        Assert.Contains("keep_tokens_separator = \"|||\"", File.ReadAllText(config));
        Assert.All(Captions(work), c => Assert.Matches("^((zoo|dish)9, )?(noto|openmoji|twemoji)9 \\|\\|\\|", c));

        // Styles and groups go to their triggers; what varies from picture to picture stays.
        Assert.Equal(0, Run("caption", "prune", work, "--also", "* style", "animals and nature", "food and drink").Code);
        Assert.DoesNotContain(Captions(work), c => !c.Contains("A drawing") && (c.Contains(" style") || c.Contains("animals and nature")));
        string page = tree["absorption.html"];
        (int code, string output, string error) = Run("caption", "report", work, "--triggers", "--html", page);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains($"{count} pictures in 6 folders, 5 triggers", output);
        Assert.Contains("<svg class=\"sets\"", File.ReadAllText(page));
        using (JsonDocument table = JsonDocument.Parse(Run("caption", "report", work, "--triggers", "--json").Output))
        {
            foreach (JsonElement trigger in table.RootElement.GetProperty("triggers").EnumerateArray())
            {
                string expected = trigger.GetProperty("name").GetString() switch { "zoo9" => "animals and nature", "dish9" => "food and drink", var style => $"{style![..^1]} style" };
                Assert.Contains(expected, trigger.GetProperty("takes").EnumerateArray().Select(t => t.GetString()));
            }
        }

        (code, output, error) = Run("plan", work, "--config", config, "--optimizer", "AdamW", "--apply");
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("600 and 200", output);
        Assert.Contains("max_train_epochs = 8", File.ReadAllText(config));
        Assert.All(Directory.GetDirectories(work).Select(d => Path.GetFileName(d)!).Where(d => d[0] != '.'), d => Assert.StartsWith("2_", d)); // 600 ÷ 270
        (code, output, error) = Run("doctor", work, "--config", config, "--strict");
        Assert.Equal(0, code);
        Assert.Contains("findings", output);
        Assert.DoesNotContain("First of all", output);
        Assert.Equal(0, Run("dataset", "undo", "7", work).Code);
        Assert.Equal(edited, TempTree.Picture(work));
    }

    private static IEnumerable<string> Captions(string folder) => Directory.EnumerateFiles(folder, "*.txt", SearchOption.AllDirectories).Where(f => !f.Contains("/.forno/")).Select(File.ReadAllText);
}

using System.Text.Json;
using Forno.Advice;
using Forno.Data;
using Forno.Datasets.Repeats;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Imaging;
using Forno.Studio;
using Forno.Studio.Captions;
using Forno.Studio.Training;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Studio;

/// <summary>Plan and diagnosis without a command line.</summary>
public sealed class AdviceJobTests : IDisposable
{
    private static readonly BucketRules Buckets = new() { Enabled = true, Resolution = new Size(512, 512) };

    private readonly TempTree tree = new();

    public AdviceJobTests()
    {
        foreach (
            var (folder, count, tags) in ((string, int, string)[])[("10_armor", 20, "armor"), ("gown", 10, "gown")]
        )
        {
            for (int i = 0; i < count; i++)
            {
                tree.Write($"set/{folder}/{i}.png", TestPictures.Png(16, 12, (i * 3) + folder.Length));
                tree.Write($"set/{folder}/{i}.txt", $"anna7 {tags} ||| 1girl, {tags}");
            }
        }
    }

    public void Dispose() => tree.Dispose();

    [Fact]
    public void APlanChangesNothingAndSaysWhatFoldersWillBeCalled()
    {
        string before = TempTree.Picture(tree.Root);
        PlanResult plan = new PlanJob(
            new PlanRequest
            {
                Folders = [tree["set"]],
                Triggers = new TriggerSearch
                {
                    Named =
                    [
                        new TriggerName("anna7 armor", TriggerKind.Outfit),
                        new TriggerName("anna7 gown", TriggerKind.Outfit),
                    ],
                },
            }
        ).Run();
        // Each folder has a trigger of its own: 300 image steps an epoch for each.
        Assert.Equal(
            [("10_armor", "15_armor", 20, 15, 300), ("gown", "30_gown", 10, 30, 300)],
            plan.Folders.Select(f => (f.Folder, f.NewFolder, f.Pictures, f.Repeats, f.ImageSteps))
        );
        Assert.Equal((8, 600, 4800), (plan.Epochs, plan.ImageSteps, plan.TotalImageSteps));
        Assert.Equal(["anna7 armor", "anna7 gown"], plan.Triggers.Select(t => t.Trigger).Order());
        Assert.Equal(before, TempTree.Picture(tree.Root));
    }

    [Fact]
    public void WhatIsChosenGoesBeforeTheConfiguration()
    {
        string config = tree.Write(
            "train.toml",
            "optimizer_type = \"AdamW\"\ntrain_batch_size = 4\nnetwork_dim = 8\ntrain_data_dir = \"set\"\n"
        );
        var request = new PlanRequest { Folders = [tree["set"]], Configuration = config };
        PlanResult said = new PlanJob(request).Run();
        Assert.Equal(("AdamW", 4, 8, 600), (said.Optimizer, said.Batch, said.Dim, said.StepsPerConcept));
        PlanResult chosen = new PlanJob(
            request with
            {
                Settings = new BakeChoice
                {
                    Optimizer = "Prodigy",
                    Batch = 2,
                    Sdxl = true,
                    Epochs = 3,
                    Recipe = RepeatRecipe.Balanced,
                },
            }
        ).Run();
        Assert.Equal(
            ("Prodigy", 2, 8, 150, 3),
            (chosen.Optimizer, chosen.Batch, chosen.Dim, chosen.StepsPerConcept, chosen.Epochs)
        );
        // Regularisation pictures are no part of the plan.
        tree.Write("none/1_other/a.png", TestPictures.Png(16, 12, 1));
        tree.Write("train.toml", "train_data_dir = \"none\"\nreg_data_dir = \"set\"\n"); // of which N_name count
        Assert.Equal(["gown"], new PlanJob(request).Run().Folders.Select(f => f.Folder));
    }

    [Fact]
    public void ADiagnosisGathersWhatEachToolFinds()
    {
        string config = tree.Write(
            "train.toml",
            "train_data_dir = \"set\"\nresolution = \"512\"\nshuffle_caption = true\n"
        );
        string before = TempTree.Picture(tree.Root);
        var events = new List<JobEvent>();
        var request = new DiagnoseRequest
        {
            Folders = [tree["set"]],
            Configuration = config,
            Buckets = Buckets,
            Triggers = new TriggerSearch { Named = [new TriggerName("anna7", TriggerKind.Character)] },
        };
        DiagnoseResult result = new DiagnoseJob(request).Run(new Listener(events));
        Assert.Equal((30, "anna7"), (result.Pictures, Assert.Single(result.Triggers)));
        Assert.Equal(result.Findings.Select(f => f.Harm).OrderDescending(), result.Findings.Select(f => f.Harm));
        // kohya looks for .caption unless it is told otherwise.
        Assert.Contains(result.Findings, f => (f.Harm, f.Finding.Kind) == (Harm.Stops, FindingKind.CaptionExtension));
        Assert.Contains(result.Findings, f => (f.From, f.Finding.Kind) == ("pictures", FindingKind.NoBuckets));
        Assert.Equal(["measure", "compare"], events.OfType<JobEvent.Started>().Select(s => s.What));

        events.Clear();
        DiagnoseResult quick = new DiagnoseJob(request with { LooksIntoPictures = false }).Run(new Listener(events));
        Assert.DoesNotContain(quick.Findings, f => f.From == "pictures");
        Assert.Empty(events);
        Assert.Equal(before, TempTree.Picture(tree.Root));

        // Without a configuration nothing is said about one.
        DiagnoseResult bare = new DiagnoseJob(new DiagnoseRequest { Folders = [tree["set"]], Buckets = Buckets }).Run();
        Assert.DoesNotContain(bare.Findings, f => f.From == "configuration");
        Assert.DoesNotContain(bare.Findings, f => f.Finding.Kind == FindingKind.NoBuckets);
    }

    [Fact]
    public void AConfigurationThatTrainsNothingIsTheFirstOfAllFindings()
    {
        string config = tree.Write("train.toml", "train_data_dir = \"empty\"\ncaption_extension = \".txt\"\n");
        Directory.CreateDirectory(tree["empty"]);
        DiagnoseResult result = new DiagnoseJob(
            new DiagnoseRequest
            {
                Folders = [tree["set"]],
                Configuration = config,
                Buckets = Buckets,
                LooksIntoPictures = false,
            }
        ).Run();
        Assert.Contains(
            result.Findings,
            f => f.Harm == Harm.Stops && f.Finding.What.StartsWith("train.toml trains on nothing")
        );
    }

    [Fact]
    public void JsonHasTheFieldsThatItHadBefore()
    {
        using var plan = JsonDocument.Parse(Run("plan", tree["set"], "--json").Output);
        Assert.Equal(
            "recipe optimizer sdxl min_snr_gamma ip_noise_gamma retro network dim alpha batch accumulation "
                + "steps_per_concept steps_per_sub_concept total_low total_high cap epochs image_steps "
                + "total_image_steps optimizer_steps total_optimizer_steps reasons folders triggers findings",
            Fields(plan.RootElement)
        );
        Assert.Equal("balanced", plan.RootElement.GetProperty("recipe").GetString());
        Assert.Equal(
            "folder new_folder concept main pictures repeats before image_steps why",
            Fields(plan.RootElement.GetProperty("folders")[0])
        );
        Assert.Equal("trigger main per_epoch total", Fields(plan.RootElement.GetProperty("triggers")[0]));

        using var doctor = JsonDocument.Parse(Run("doctor", tree["set"], "--json", "--no-pictures").Output);
        Assert.Equal("pictures triggers findings problems", Fields(doctor.RootElement));
        JsonElement finding = doctor.RootElement.GetProperty("findings")[0];
        Assert.Equal("class from kind what effect fix remedies", Fields(finding));
        Assert.Contains(finding.GetProperty("class").GetString(), (string[])["stops", "spoils", "worse", "note"]);

        string config = tree.Write(
            "train.toml",
            "pretrained_model_name_or_path = \"model.safetensors\"\ntrain_data_dir = \"set\"\nresolution = \"64\"\n"
                + "caption_extension = \".txt\"\nnetwork_module = \"networks.lora\"\noutput_dir = \"out\"\n"
                + "learning_rate = 1e-4\n"
        );
        tree.Write("model.safetensors", "");
        using var train = JsonDocument.Parse(
            Run(
                "train",
                config,
                "--dry-run",
                "--json",
                "--",
                "--train_data_dir",
                tree["set"],
                "--pretrained_model_name_or_path",
                tree["model.safetensors"],
                "--output_dir",
                tree["out"]
            ).Output
        );
        Assert.Equal(
            "images regularisation buckets batches_per_epoch epochs optimizer_steps",
            Fields(train.RootElement)
        );
        Assert.Equal("width height count", Fields(train.RootElement.GetProperty("buckets")[0]));
        Assert.Equal(200, train.RootElement.GetProperty("images").GetInt32());
    }

    private static string Fields(JsonElement of) => string.Join(' ', of.EnumerateObject().Select(p => p.Name));

    private sealed class Listener(List<JobEvent> events) : IProgress<JobEvent>
    {
        public void Report(JobEvent value) => events.Add(value);
    }
}

using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Datasets.Edits;
using Forno.Datasets.Import;
using Forno.Datasets.Masks;
using Forno.Datasets.Triggers;
using Forno.Imaging;
using Forno.Studio;
using Forno.Studio.Captions;
using Forno.Studio.Datasets;
using Forno.TestKit;
using Forno.Tests.Vision;

namespace Forno.Tests.Studio;

/// <summary>
/// The fields of what <c>--json</c> writes: scripts read them, so none may go or change its name. Each is a result of a
/// job that ran, serialized as the commands do.
/// </summary>
public sealed class ResultFieldsTests : IDisposable
{
    private const string Problems = "problems problems[].file problems[].why",
        Findings =
            "findings findings[].kind findings[].level findings[].what findings[].effect findings[].fix"
            + " findings[].remedies",
        Change = "command looked changed kept notes findings " + Problems,
        Planned =
            Change
            + " steps steps[].picture steps[].what steps[].changes steps[].changes[].kind steps[].changes[].path"
            + " steps[].changes[].to steps[].more steps[].text",
        Done = Change + " work_folder operation steps files brought_over",
        Masks =
            " masks masks[].picture masks[].good masks[].white masks[].flaws masks[].flaws[].kind"
            + " masks[].flaws[].text",
        Operation = "id command files time state";

    private readonly TempTree tree = new();

    static ResultFieldsTests() =>
        Environment.SetEnvironmentVariable("XDG_CACHE_HOME", Path.Join(Path.GetTempPath(), "forno-tests-cache"));

    public ResultFieldsTests()
    {
        tree.Write("raw/3_cat/a.png", TestPictures.Png(96, 64, 1, border: 8));
        tree.Write("raw/3_cat/a.txt", "sks ||| cat, sitting");
        tree.Write("raw/3_cat/b.png", TestPictures.Transparent(64, 64));
        tree.Write("raw/3_cat/b.txt", "sks ||| cat, red_dress");
        tree.Write("raw/3_cat/c.png", TestPictures.Png(96, 64, 1, border: 8)); // as a.png
        tree.Write("raw/3_cat/broken.png", TestPictures.Png(64, 64, 2)[..20]);
    }

    private string[] Raw => [tree["raw"]];

    private ChangePlace Work => new() { Folders = Raw, Output = tree["work"] };

    [Fact]
    public void AChangeDescribedAndDone()
    {
        Holds(Planned, new EditJob(new EditRequest(Work with { DryRun = true }, new DatasetEdit.Trim())));
        Holds(Done, new EditJob(new EditRequest(Work, new DatasetEdit.Trim())));
        var import = new ImportRequest
        {
            Sources = Raw,
            Output = tree["imported"],
            Settings = new ImportSettings { Name = new NameTemplate("{name}") },
        };
        Holds(Planned, new ImportJob(import with { DryRun = true }));
        Holds(Done, new ImportJob(import));
    }

    [Fact]
    public void AChangeOfCaptionsAndOfTheConfigurationBesideThem()
    {
        string config = tree.Write("train.toml", "shuffle_caption = true\n");
        var request = new TriggerRequest
        {
            Place = Work with { DryRun = true },
            Settings = new TriggerSettings { Add = [new TriggerName("anna7", TriggerKind.Character)] },
            Config = config,
        };
        string text = " steps[].text.before steps[].text.after";
        string configurations = " configurations configurations[].file configurations[].what configurations[].copy";
        Holds(Planned.Replace(Problems, "problems") + text + configurations, new TriggerJob(request));
        Holds(
            Planned.Replace("findings", Findings).Replace(Problems, "problems") + text,
            new TriggerJob(request with { Config = null })
        );
    }

    [Fact]
    public void MasksThatWereJudged()
    {
        tree.Write("raw/3_cat/masks/a.png", TestPictures.Png(96, 64, 0, border: 48)); // all white
        var request = new MaskRequest { Place = Work, Source = new MaskSource.Masks() };
        Holds(
            Planned.Replace(Problems, "problems") + Masks,
            new MaskJob(request with { Place = Work with { DryRun = true } }, NoModels.Instance)
        );
        Holds(Done.Replace(Problems, "problems") + Masks, new MaskJob(request, NoModels.Instance));
    }

    [Fact]
    public void Undo()
    {
        new EditJob(new EditRequest(Work, new DatasetEdit.Trim())).Run();
        Holds(Fields("[]", Operation), new HistoryJob(tree["work"]));
        string operations = "work_folder operations set_aside " + Fields("operations[]", Operation);
        Holds(operations + " dry_run", new UndoJob(new UndoRequest(tree["work"], DryRun: true)));
        Holds(operations, new UndoJob(new UndoRequest(tree["work"])));
        Assert.Contains("\"TakenBack\"", ResultJson.Text(new HistoryJob(tree["work"]).Run()));
    }

    [Fact]
    public void Check()
    {
        const string Picture =
            "path width height format bucket resized scale cropped sharpness contrast blockiness monochrome"
            + " transparent content texts text_coverage has_caption findings findings[].kind findings[].level"
            + " findings[].what findings[].effect findings[].fix findings[].remedies";
        Holds(
            $"resolution {Findings} buckets {Fields("buckets[]", "bucket pictures")} duplicates"
                + $" {Fields("duplicates[]", "kept others")}"
                + $" {Fields("duplicates[].others[]", "path similarity mirrored exact")}"
                + $" pictures {Fields("pictures[]", Picture)} {Problems}",
            new CheckJob(new CheckRequest { Folders = Raw, Rules = Rules }, NoModels.Instance)
        );
    }

    [Fact]
    public void Buckets() =>
        Holds(
            $"resolution buckets {Fields("buckets[]", "width height count repeats alone pictures")} "
                + Fields("buckets[].pictures[]", "path original resized scale crop_left crop_top cropped")
                + $" {Fields("buckets[].pictures[].original", "width height aspect area")}"
                + $" {Fields("buckets[].pictures[].resized", "width height aspect area")} {Problems}",
            new BucketsJob(new BucketsRequest(Raw, Rules))
        );

    [Fact]
    public void BlemishesThatWereFound()
    {
        string detector = TextDetectorTests.DarkDetector().Save(tree["dark.onnx"]);
        using Picture art = TextDetectorTests.With(640, 480, new Rgb(90, 140, 200), (200, 100, 160, 24, Rgb.Black));
        tree.Write("raw/3_cat/art.png", art.EncodePng());
        Holds(
            $"pictures {Fields("pictures[]", "path width height share text_coverage found")} "
                + Fields("pictures[].found[]", "kind box score")
                + $" {Problems} sheet",
            new CleanReviewJob(
                new CleanReviewRequest(Raw, new BlemishSearch { Detector = detector }),
                NoModels.Instance
            )
        );
    }

    [Fact]
    public void SinglePicturesUpscaled() =>
        Holds(
            $"pictures {Fields("pictures[]", "source file from to")} untouched {Problems}",
            new UpscaleFilesJob(
                new UpscaleFilesRequest
                {
                    Sources = [tree["raw/3_cat/a.png"], tree["raw/3_cat/broken.png"]],
                    Output = tree["large"],
                    How = new Upscaling { Models = [UpscaleModels.All[0].Name] },
                    DryRun = true,
                },
                NoModels.Instance
            )
        );

    [Fact]
    public void WordsOfCaptions()
    {
        string list = tree.Write("tags.csv", "cat,0,100\n");
        Holds(
            $"pictures captions natural_language {Findings} folders"
                + $" {Fields("folders[]", "folder pictures captions mean_tags most_tokens tags")}"
                + $" {Fields("folders[].tags[]", "tag pictures")} tags"
                + $" {Fields("tags[]", "tag pictures folders is_trigger")} companions"
                + $" {Fields("companions[]", "tag pictures with")} {Fields("companions[].with[]", "tag pictures")}"
                + $" never_apart singletons {Fields("singletons[]", "tag picture")} without_caption over75_tokens"
                + $" unknown_or_rare {Fields("unknown_or_rare[]", "tag pictures uses alias_of")} problems",
            new CaptionReportJob(
                new CaptionReportRequest
                {
                    Folders = Raw,
                    Options = new CaptionReportOptions { Tags = TagList.Read(list) },
                }
            )
        );
    }

    [Fact]
    public void WhatTriggersAbsorb()
    {
        new PruneJob(
            new PruneRequest
            {
                Place = Work,
                Settings = new PruneSettings { Level = PruneLevel.MultiTrigger, Also = ["red_dress"] },
                Triggers = new TriggerSearch { Named = [new TriggerName("sks", TriggerKind.Character)] },
            }
        ).Run();
        Holds(
            $"pictures groups {Fields("groups[]", "name pictures")} triggers"
                + $" {Fields("triggers[]", "name kind pictures takes leaks partly")} features"
                + $" {Fields("features[]", "tag category pictures told unclaimed triggers")}"
                + $" {Fields("features[].triggers[]", "name verdict pictures grip share")} regions"
                + $" {Fields("regions[]", "triggers pictures groups")} {Findings} problems",
            new AbsorptionJob(new AbsorptionRequest { Folders = [tree["work"]] })
        );
    }

    public void Dispose() => tree.Dispose();

    private static BucketRules Rules => new() { Resolution = new Size(512, 512), Enabled = true };

    private static void Holds<T>(string fields, IJob<T> job)
    {
        using var json = JsonDocument.Parse(ResultJson.Text(job.Run()!));
        SortedSet<string> found = new(StringComparer.Ordinal);
        Walk(json.RootElement, "", found);
        Assert.Equal(fields.Split(' ').Order(StringComparer.Ordinal), found);
    }

    private static string Fields(string of, string names) =>
        string.Join(' ', names.Split(' ').Select(n => $"{of}.{n}"));

    private static void Walk(JsonElement element, string path, SortedSet<string> found)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    string name = path.Length == 0 ? property.Name : $"{path}.{property.Name}";
                    found.Add(name);
                    if (property.Name != "remedies") // of six kinds, each with fields of its own
                    {
                        Walk(property.Value, name, found);
                    }
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray())
                {
                    Walk(item, path + "[]", found);
                }

                break;
        }
    }
}

using System.Text.Json;
using Forno.Datasets.Captions;
using Forno.Imaging;
using Forno.TestKit;

namespace Forno.Tests.Cli;

/// <summary>
/// The walk that docs/captions.md shows, its own command lines run by the built program on a real set: tag, report,
/// edit, clean, trigger, prune, absorption table, plan, doctor, and all of it back.
/// </summary>
[Trait("Category", "Long")]
public sealed class TriggerWalkTests : IDisposable
{
    private const double Threshold = 0.35;
    private readonly TempTree tree = new();
    private readonly Dictionary<string, Action<string>> after;
    private readonly Dictionary<string, IReadOnlyDictionary<string, double>> expected = [];
    private int count;
    private string imported = "";

    public TriggerWalkTests() =>
        after = new()
        {
            ["dataset import"] = _ => imported = TempTree.Picture(Work),
            ["caption tag"] = _ => Tagged(),
            ["caption report"] = said => Assert.Contains($"{count} pictures in 6 folders, {count} captions", said),
            ["caption edit"] = _ => Assert.DoesNotContain(Captions(), c => c.Contains('_')),
            ["caption clean"] = said => Cleaned(said),
            ["caption trigger"] = _ => Assert.Contains("keep_tokens_separator = \"|||\"", File.ReadAllText(Config)),
            ["caption prune"] = _ => Pruned(),
            ["caption report --triggers"] = said => Judged(said),
            ["plan"] = said => Planned(said),
            ["doctor"] = said => Assert.DoesNotContain("First of all", said),
            ["dataset undo"] = _ => Assert.Equal(imported, TempTree.Picture(Work)),
        };

    private string Work => tree["emoji"];

    private string Config => tree["train.toml"];

    public void Dispose() => tree.Dispose();

    [Fact]
    public void TheCommandsOfTheReadmeWorkOnARealSetAndAllOfItComesBack()
    {
        count = CaptionedArt.Make(tree, "Downloads/emoji");
        Assert.True(count >= 500, $"{count} pictures");
        string sources = TempTree.Picture(tree["Downloads/emoji"]);
        ColourTagger.Write(tree["models/wd-vit-tagger-v3"]);
        File.WriteAllText(
            Config,
            """
            pretrained_model_name_or_path = "model.safetensors"
            train_data_dir = "emoji"
            resolution = "128"      # small drawings
            caption_extension = ".txt"
            shuffle_caption = true
            save_every_n_epochs = 1

            """
        );
        var done = new List<string>();
        foreach (string[] words in GuideCommands.Of("captions.md"))
        {
            string name =
                after.Keys.Where(k => k.Split(' ').All(words.Contains)).MaxBy(k => k.Length)
                ?? throw new InvalidOperationException($"nothing is known of: forno {string.Join(' ', words)}");
            (int code, string said, string error) = BuiltProgram.Run([.. words.Select(Place)]);
            Assert.True(
                code == 0 && error.Length == 0,
                $"forno {string.Join(' ', words)}: exit code {code}\n{error}\n{said}"
            );
            after[name](said);
            done.Add(name);
        }

        Assert.Equal(after.Keys.Order(StringComparer.Ordinal), done.Distinct().Order(StringComparer.Ordinal));
        Assert.Equal("doctor", done[^2]);
        Assert.Equal(sources, TempTree.Picture(tree["Downloads/emoji"]));
    }

    // Every tag that is seen, and none besides, with the confidence that the picture's own pixels give.
    private void Tagged()
    {
        var (with, without) = (new HashSet<string>(), new HashSet<string>());
        foreach (
            string file in Directory
                .EnumerateFiles(Work, "*.png", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/.forno/"))
        )
        {
            using var picture = Picture.Load(file);
            using Picture opaque = picture.ToSrgb8().Flatten(Rgb.White);
            IReadOnlyDictionary<string, double> means = expected[file[..^4]] = ColourTagger.Expected(opaque.ToArray());
            var sidecar = TagSidecar.Read(file[..^4] + ".tags.json");
            foreach (SeenTag seen in sidecar.Seen)
            {
                Assert.Equal(means[seen.Tag], seen.Confidence, 2e-4);
            }

            string[] tags = [.. CaptionText.Parse(File.ReadAllText(file[..^4] + ".txt")).Normal];
            foreach (string tag in ColourTagger.Seeing.Where(t => Math.Abs(means[t] - Threshold) > 1e-3))
            {
                bool there = means[tag] > Threshold;
                Assert.True(there == tags.Contains(tag.Replace('_', ' ')), $"{file}: {tag} at {means[tag]}");
                (there ? with : without).Add(tag);
            }

            Assert.Contains("highres", tags);
            Assert.DoesNotContain("hatsune miku", tags); // characters need more
        }

        Assert.Equal(count, expected.Count);
        Assert.Equal(with.Order(), without.Order()); // each tag is in some captions and not in others
        Assert.Equal(ColourTagger.Seeing.Order(), with.Order());
    }

    private void Cleaned(string said)
    {
        Assert.Contains("useless:", said);
        Assert.DoesNotContain(Captions(), c => c.Contains("highres"));
        string[] prose = [.. Captions().Where(c => c.StartsWith("A drawing", StringComparison.Ordinal))];
        Assert.NotEmpty(prose);
        Assert.All(prose, c => Assert.Contains("It is ", c));
    }

    // What went out of a caption is in its sidecar, beside what the tagger saw.
    private void Pruned()
    {
        Assert.All(Captions(), c => Assert.Matches("^((zoo|dish)9, )?(noto|openmoji|twemoji)9 \\|\\|\\|", c));
        int flat = 0;
        foreach (var (stem, means) in expected)
        {
            var caption = CaptionText.Parse(File.ReadAllText(stem + ".txt"));
            var sidecar = TagSidecar.Read(stem + ".tags.json");
            string[] pruned = [.. sidecar.Pruned.Select(p => p.Tag)];
            string style = Path.GetFileName(Path.GetDirectoryName(stem)!).Split(' ')[0]["10_".Length..];
            Assert.Empty(pruned.Intersect(caption.Tags));
            Assert.Equal(means["flat_color"] >= 0.1, sidecar.Seen.Any(s => s.Tag == "flat_color"));
            if (Math.Abs(means["flat_color"] - Threshold) > 1e-3)
            {
                Assert.Equal(
                    means["flat_color"] > Threshold,
                    sidecar.Pruned.Contains(new PrunedTag("flat color", "style"))
                );
                flat += means["flat_color"] > Threshold ? 1 : 0;
            }

            Assert.True(
                caption.Tags.Any(t => t.StartsWith("A drawing", StringComparison.Ordinal))
                    || pruned.Contains($"{style} style")
                    || !caption.Tags.Any(t => t.EndsWith(" style", StringComparison.Ordinal)),
                stem
            );
        }

        Assert.InRange(flat, 1, count - 1);
        Assert.DoesNotContain(
            Captions(),
            c => !c.Contains("A drawing") && (c.Contains(" style") || c.Contains("animals and nature"))
        );
    }

    private void Judged(string said)
    {
        Assert.Contains($"{count} pictures in 6 folders, 5 triggers", said);
        Assert.Contains("<svg class=\"sets\"", File.ReadAllText(tree["sets.html"]));
        using var table = JsonDocument.Parse(CommandLine.Done("caption", "report", Work, "--triggers", "--json"));
        foreach (JsonElement trigger in table.RootElement.GetProperty("triggers").EnumerateArray())
        {
            string takes = trigger.GetProperty("name").GetString() switch
            {
                "zoo9" => "animals and nature",
                "dish9" => "food and drink",
                var style => $"{style![..^1]} style",
            };
            Assert.Contains(takes, trigger.GetProperty("takes").EnumerateArray().Select(t => t.GetString()));
        }

        Assert.Contains(
            table.RootElement.GetProperty("features").EnumerateArray(),
            f => f.GetProperty("tag").GetString() == "flat color"
        );
    }

    private void Planned(string said)
    {
        Assert.Contains("600 and 200", said);
        Assert.Contains("max_train_epochs = 8", File.ReadAllText(Config));
        Assert.All(
            Directory.GetDirectories(Work).Select(d => Path.GetFileName(d)!).Where(d => d[0] != '.'),
            d => Assert.StartsWith("2_", d)
        ); // 600 ÷ 270
    }

    private string[] Captions() =>
        [
            .. Directory
                .EnumerateFiles(Work, "*.txt", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/.forno/"))
                .Select(File.ReadAllText),
        ];

    // The guide's places are in this test's folder.
    private string Place(string word) =>
        word.StartsWith("~/", StringComparison.Ordinal) ? tree[word[2..]]
        : word == "emoji" || word.StartsWith("emoji/", StringComparison.Ordinal) || word is "train.toml" or "sets.html"
            ? tree[word]
        : word;
}

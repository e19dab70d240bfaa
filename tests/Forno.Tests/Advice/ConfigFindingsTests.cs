using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Imaging;
using Forno.Kohya;
using Forno.Kohya.Options;
using Forno.TestKit;
using Forno.Tests.Findings;
using Forno.Toml;
using Forno.Training.Recipes;
using Forno.Workspace;

namespace Forno.Tests.Advice;

/// <summary>
/// Every finding about a configuration, both ways: it fires on the mistake, and is silent without it.
/// </summary>
public class ConfigFindingsTests
{
    // A configuration in which nothing is to be found, for SD 1.5 and AdamW.
    private const string Sound = """
        resolution = "512"
        network_dim = 32
        network_alpha = 16
        learning_rate = 1e-4
        max_train_epochs = 8
        save_every_n_epochs = 1
        clip_skip = 2

        """;

    // What every training needs: a folder of pictures, and places to read and write.
    private static readonly Lazy<string> Folder = new(() =>
    {
        string folder = Directory.CreateTempSubdirectory("forno-findings-").FullName;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
        Directory.CreateDirectory(Path.Combine(folder, "10_a"));
        File.WriteAllText(
            Path.Combine(folder, "b.toml"),
            "[[datasets]]\n  [[datasets.subsets]]\n  image_dir = \"10_a\"\n"
        );
        return folder;
    });

    private const string Prodigy = "optimizer_type = \"Prodigy\"\nlearning_rate = 1.0\n";

    [Theory]
    [InlineData("", "sd15")]
    [InlineData("resolution = \"768\"\n", "sd15")]
    [InlineData("resolution = \"1024,1024\"\n", "sdxl")]
    [InlineData("resolution = \"512\"\nclip_skip = 1\n", "sd21")]
    [InlineData("resolution = \"64\"\nclip_skip = 1\n", null)]
    [InlineData(Prodigy, "sd15")]
    [InlineData(Prodigy + "text_encoder_lr = 0\n", "sd15")]
    [InlineData("use_lion_optimizer = true\nlearning_rate = 2e-5\n", "sd15")]
    [InlineData("optimizer_type = \"SGDNesterov\"\nlearning_rate = 0.1\n", "sd15")]
    [InlineData("optimizer_type = \"Adafactor\"\nlearning_rate = 1.0\n", "sd15")]
    [InlineData("noise_offset = 0.05\n", "sd15")]
    [InlineData("zero_terminal_snr = true\nv_parameterization = true\n", "sd15")]
    [InlineData("network_dim = 4\n", "sd15")]
    [InlineData("caption_dropout_rate = 0.1\ncaption_dropout_every_n_epochs = 5\n", "sd15")]
    [InlineData("cache_text_encoder_outputs = true\nnetwork_train_unet_only = true\nresolution = \"1024\"\n", "sdxl")]
    [InlineData("cache_latents = true\nflip_aug = true\n", "sd15")]
    public void ASoundConfigurationHasNone(string lines, string? family) => Assert.Empty(Find(Sound, lines, family));

    [Theory]
    [InlineData("rate", FindingLevel.Bad, "no learning_rate: it is 0.000002, with AdamW", "", "learning_rate")]
    [InlineData("rate", FindingLevel.Bad, "with Prodigy", "optimizer_type = \"Prodigy\"\n", "learning_rate")]
    [InlineData(
        "rate",
        FindingLevel.Warning,
        "learning_rate = 0.01 with AdamW (train.toml line 4)",
        "learning_rate = 1e-2\n"
    )]
    [InlineData(
        "rate",
        FindingLevel.Warning,
        "learning_rate = 1 with AdamW8bit",
        "learning_rate = 1\noptimizer_type = \"AdamW8bit\"\n"
    )]
    [InlineData("rate", FindingLevel.Warning, "unet_lr = 0.00000001 with AdamW", "unet_lr = 1e-8\n")]
    [InlineData(
        "rate",
        FindingLevel.Warning,
        "learning_rate = 0.001 with Lion",
        "use_lion_optimizer = true\nlearning_rate = 1e-3\n"
    )]
    [InlineData("rate", FindingLevel.Warning, "learning_rate = 0.0001 with Prodigy", "optimizer_type = \"Prodigy\"\n")]
    [InlineData(
        "rate",
        FindingLevel.Note,
        "learning_rate = 0.5 with Prodigy",
        "optimizer_type = \"Prodigy\"\nlearning_rate = 0.5\n"
    )]
    [InlineData(
        "rate",
        FindingLevel.Warning,
        "learning_rate = 4 with DAdaptAdam",
        "optimizer_type = \"DAdaptAdam\"\nlearning_rate = 4\n"
    )]
    [InlineData("rates", FindingLevel.Bad, "rates of 1 and 0.5 with Prodigy", Prodigy + "text_encoder_lr = 0.5\n")]
    [InlineData("v-prediction", FindingLevel.Bad, "the base model predicts v (its yaml)", "", "v")]
    [InlineData("zero-snr", FindingLevel.Warning, "without v_parameterization", "zero_terminal_snr = true\n")]
    [InlineData(
        "noise-offset",
        FindingLevel.Warning,
        "noise_offset = 0.05 with zero_terminal_snr",
        "zero_terminal_snr = true\nv_parameterization = true\nnoise_offset = 0.05\n"
    )]
    [InlineData(
        "dropout",
        FindingLevel.Bad,
        "caption_dropout_every_n_epochs = 1",
        "caption_dropout_every_n_epochs = 1\n"
    )]
    [InlineData("dropout", FindingLevel.Bad, "caption_dropout_rate = 1", "caption_dropout_rate = 1.0\n")]
    [InlineData(
        "cached-captions",
        FindingLevel.Bad,
        "with caption_dropout_every_n_epochs, enable_wildcard",
        "cache_text_encoder_outputs = true\nnetwork_train_unet_only = true\nenable_wildcard = "
            + "true\ncaption_dropout_every_n_epochs = 3\n"
    )]
    [InlineData(
        "cached-captions",
        FindingLevel.Bad,
        "with shuffle_caption, caption_tag_dropout_rate",
        "cache_text_encoder_outputs = true\nnetwork_train_unet_only = true\nshuffle_caption = "
            + "true\ncaption_tag_dropout_rate = 0.1\n"
    )]
    [InlineData(
        "cached-text-encoder",
        FindingLevel.Bad,
        "without network_train_unet_only",
        "cache_text_encoder_outputs = true\n"
    )]
    [InlineData(
        "cached-latents",
        FindingLevel.Bad,
        "cache_latents with random_crop",
        "cache_latents = true\nrandom_crop = true\n"
    )]
    [InlineData("network-dim", FindingLevel.Warning, "no network_dim: it is 4", "", "network_dim")]
    [InlineData(
        "network-alpha",
        FindingLevel.Warning,
        "no network_alpha: it is 1, with network_dim = 32",
        "",
        "network_alpha"
    )]
    [InlineData("network-alpha", FindingLevel.Note, "network_dim = 32", Prodigy, "network_alpha")]
    [InlineData("resolution", FindingLevel.Bad, "no resolution", "", "resolution")]
    [InlineData(
        "resolution",
        FindingLevel.Warning,
        "resolution 256x256 with a base of SD 1.5",
        "resolution = \"256\"\n"
    )]
    [InlineData(
        "resolution",
        FindingLevel.Note,
        "resolution 1024x1024 with a base of SD 1.5",
        "resolution = \"1024\"\n"
    )]
    [InlineData(
        "length",
        FindingLevel.Note,
        "max_train_epochs = 8 and max_train_steps = 2000",
        "max_train_steps = 2000\n"
    )]
    [InlineData("length", FindingLevel.Warning, "it trains 1600 steps", "", "max_train_epochs")]
    [InlineData(
        "two-sources",
        FindingLevel.Warning,
        "train_data_dir and dataset_config",
        "train_data_dir = \"a\"\ndataset_config = \"b.toml\"\n"
    )]
    [InlineData("clip-skip", FindingLevel.Warning, "clip_skip = 4", "clip_skip = 4\n")]
    [InlineData("only-last", FindingLevel.Note, "only the end is kept", "", "save_every_n_epochs")]
    public void AMistakeIsFound(string kind, FindingLevel level, string what, string lines, string without = "")
    {
        string sound = string.Concat(
            Sound
                .Split('\n')
                .Where(l => without.Length < 3 || !l.StartsWith(without, StringComparison.Ordinal))
                .Select(l => l + "\n")
        );
        Finding found = Assert.Single(Find(sound, lines, "sd15", without == "v" ? "its yaml" : null));
        Assert.Equal((kind, level), (found.Kind.Name, found.Level));
        Assert.Contains(what, found.What);
    }

    [Theory]
    [InlineData("sdxl", "resolution = \"512\"\n", "resolution")]
    [InlineData("sdxl", "resolution = \"1024\"\nclip_skip = 1\n", "clip-skip")]
    [InlineData("sd21", "resolution = \"512\"\nv_parameterization = true\nclip_skip = 1\n", "resolution")]
    [InlineData("sd21", "", "clip-skip")]
    public void WhatGoesWithOneFamilyDoesNotGoWithAnother(string family, string lines, string kinds) =>
        Assert.Equal(kinds.Split(','), Find(Sound, lines, family).Select(f => f.Kind.Name));

    [Fact]
    public void WorstFirst()
    {
        IReadOnlyList<Finding> all = Find("", "", "sd15");
        Assert.Equal(["rate", "resolution", "network-dim", "length", "only-last"], all.Select(f => f.Kind.Name));
        Assert.Equal(all.OrderByDescending(f => f.Level), all);
    }

    [Fact]
    public void TriggersThatAreShuffled()
    {
        using TempTree tree = Set("anna, blue hat, tree", "anna, blue hat, tree", "tree, anna");
        Assert.Contains(
            "in front of 2 captions are shuffled",
            Assert.Single(Draw(tree, "shuffle_caption = true\n")).What
        );
        Assert.Contains("keep_tokens = 1", Assert.Single(Draw(tree, "shuffle_caption = true\n")).Fix());
        Assert.Contains(
            "are dropped like any other tag",
            Assert.Single(Draw(tree, "caption_tag_dropout_rate = 0.1\n")).What
        );
        Assert.Empty(Draw(tree, "shuffle_caption = true\nkeep_tokens = 1\n"));
        Assert.Empty(Draw(tree, ""));
        using TempTree walled = Set("anna ||| blue hat, tree");
        Assert.Empty(Draw(walled, "shuffle_caption = true\nkeep_tokens_separator = \"|||\"\n"));
        using TempTree other = Set("anna, x @@ tree");
        Assert.Empty(Draw(other, "shuffle_caption = true\nkeep_tokens_separator = \"@@\"\n"));
        Assert.Equal(
            "keep-tokens",
            Assert.Single(Draw(tree, "shuffle_caption = true\nkeep_tokens_separator = \"@@\"\n")).Kind.Name
        );
    }

    [Fact]
    public void SentencesThatAreCutAtTheirCommas()
    {
        using TempTree tree = Set("A cat, black and small, sits on the wall.", "cat, wall");
        Assert.Equal("shuffled-sentences", Assert.Single(Draw(tree, "shuffle_caption = true\n")).Kind.Name);
        Assert.Empty(Draw(tree, ""));
        using TempTree plain = Set("A cat sits on the wall.", "cat, wall");
        Assert.Empty(Draw(plain, "shuffle_caption = true\n"));
    }

    [Fact]
    public void MasksWithoutMaskedLossAndTheOtherWayRound()
    {
        using TempTree tree = Set("cat", "dog");
        Assert.Equal(
            "masked_loss is on, and no picture has a mask (train.toml line 1)",
            Assert.Single(Draw(tree, "masked_loss = true\n")).What
        );
        Assert.Empty(Draw(tree, "masked_loss = true\nalpha_mask = true\n"));
        Assert.Empty(Draw(tree, ""));
        tree.Write("set/10_a/masks/0.png", TestPictures.Png(8, 8, 5));
        Assert.Equal("1 picture of 2 has a mask, and masked_loss is not on", Assert.Single(Draw(tree, "")).What);
        Assert.Empty(Draw(tree, "masked_loss = true\n"));
    }

    [Fact]
    public void WhatIsOnOneSideOnlyIsNotMirrored()
    {
        using TempTree tree = Set("eyepatch, hat", "eyepatch", "cat", "dog");
        tree.Write(
            "set/10_a/2.tags.json",
            new TagSidecar { Pruned = [new PrunedTag("hair_over_one_eye", "hair-style")] }.ToBytes()
        );
        Assert.Contains(
            "3 pictures have what is on one side only: eyepatch (2), hair over one eye (1)",
            Assert.Single(Draw(tree, "flip_aug = true\n")).What
        );
        Assert.Empty(Draw(tree, ""));
        File.Delete(tree["set/10_a/2.tags.json"]);
        Assert.Empty(Draw(tree, "flip_aug = true\n")); // two may be slips
    }

    [Fact]
    public void BooruTagsWithoutClipSkip()
    {
        using TempTree tree = Set("1girl, hat", "1girl, tree", "cat");
        Assert.Equal(
            ("clip-skip", FindingLevel.Note),
            Assert.Single(Draw(tree, "", "sd15")) is var f ? (f.Kind.Name, f.Level) : default
        );
        Assert.Empty(Draw(tree, "clip_skip = 2\n", "sd15"));
        Assert.Empty(Draw(tree, "", "sdxl"));
        using TempTree photos = Set("1girl, hat", "tree", "cat");
        Assert.Empty(Draw(photos, "", "sd15"));
    }

    private static TempTree Set(params string[] captions)
    {
        TempTree tree = new();
        for (int i = 0; i < captions.Length; i++)
        {
            tree.Write($"set/10_a/{i}.png", TestPictures.Png(8, 8, i));
            tree.Write($"set/10_a/{i}.txt", captions[i]);
        }

        return tree;
    }

    private static IReadOnlyList<Finding> Draw(TempTree tree, string lines, string? family = null)
    {
        var set = CaptionSet.Read(PictureFolder.Scan([tree["set"]]));
        var (pruned, _) = TriggerScenes.ReadPruned(set);
        return DataFindings
            .Find(
                Facts(lines, family, null, tree["set/10_a"]),
                set,
                [new TriggerName("anna", TriggerKind.Character)],
                TraitLists.Read(),
                pruned
            )
            .Checked();
    }

    // A line of the second text takes the place of the same option's in the first.
    private static IReadOnlyList<Finding> Find(string sound, string lines, string? family, string? predictsV = null)
    {
        string[] options = [.. lines.Split('\n').Where(l => l.Contains('=')).Select(l => l.Split('=')[0].Trim())];
        IEnumerable<string> kept = sound
            .Split('\n')
            .Select(l =>
                options.Contains(l.Split('=')[0].Trim())
                    ? lines.Split('\n').First(m => m.Split('=')[0].Trim() == l.Split('=')[0].Trim())
                    : l
            );
        string whole = string.Join(
            '\n',
            kept.Concat(
                lines
                    .Split('\n')
                    .Where(l => !sound.Split('\n').Any(s => s.Split('=')[0].Trim() == l.Split('=')[0].Trim()))
            )
        );
        return ConfigFindings.Find(Facts(whole, family, predictsV, "/set/10_a")).Checked();
    }

    private static ConfigFacts Facts(string text, string? family, string? predictsV, string folder)
    {
        text += "\noutput_dir = \"out\"\npretrained_model_name_or_path = \"base\"\n";
        text += text.Contains("train_data_dir") ? "" : $"train_data_dir = \"{Folder.Value}\"\n";
        var args = KohyaArgs.Read(TomlFile.Parse(text, "train.toml"), "train.toml");
        var place = new TrainedFolder(
            folder,
            false,
            ".txt",
            args["keep_tokens_separator"] as string,
            (int)(long)args["keep_tokens"]!,
            args["shuffle_caption"] is true
        )
        {
            Options = args.Values,
        };
        return new ConfigFacts
        {
            Values = args.Values,
            Given = args.Given,
            // which optimizers there are is tested with the recipe
            Breaches =
            [
                .. RecipeReading
                    .Of(args, new PathRules(Folder.Value, Folder.Value))
                    .Breaches.Where(b => b.Kind != FindingKind.Optimizer),
            ],
            Folders = [place],
            Family = family,
            PredictsV = predictsV,
            Resolution = args["resolution"] is List<object> { Count: 2 } sides
                ? new Size((int)(long)sides[0], (int)(long)sides[1])
                : null,
        };
    }
}

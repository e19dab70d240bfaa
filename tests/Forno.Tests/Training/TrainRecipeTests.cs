using Forno.Imaging;
using Forno.Kohya;
using Forno.Kohya.Options;
using Forno.Optim.Rates;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Tests.Training;

public sealed class TrainRecipeTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-recipe-").FullName;

    public TrainRecipeTests()
    {
        Directory.CreateDirectory(Path.Combine(folder, "train", "10_cat"));
        Directory.CreateDirectory(Path.Combine(folder, "train", "notes"));
        Directory.CreateDirectory(Path.Combine(folder, "reg", "1_animal"));
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private const string Base = """
        pretrained_model_name_or_path = "base.safetensors"
        train_data_dir = "train"
        output_dir = "out"
        resolution = "512,768"
        """;

    [Fact]
    public void FlatAndSectionedFilesBecomeRecipes()
    {
        var recipe = Read(
            Base
                + """

                reg_data_dir = "reg"
                max_train_epochs = 3
                sdpa = true
                [anything]
                network_dim = 16
                network_alpha = 8
                network_args = ["conv_dim=4", "conv_alpha=1.5"]
                unet_lr = 1e-4
                text_encoder_lr = 1e-4
                optimizer_type = "prodigy"
                optimizer_args = ["betas=0.9,0.99", "decouple=True"]
                lr_scheduler = "cosine"
                lr_warmup_steps = 0.1
                enable_bucket = true
                train_batch_size = 2
                caption_extension = "txt"
                shuffle_caption = true
                keep_tokens = 1
                min_snr_gamma = 5
                mixed_precision = "bf16"
                seed = 42
                """
        );
        var data = Assert.Single(recipe.Datasets);
        Assert.Equal(new Size(512, 768), data.Buckets.Resolution);
        Assert.Equal(["10_cat", "1_animal"], data.Subsets.Select(s => Path.GetFileName(s.ImageDir)));
        Assert.Equal([false, true], data.Subsets.Select(s => s.IsReg));
        Assert.Equal(
            (10, "cat", ".txt", 1),
            (
                data.Subsets[0].NumRepeats,
                data.Subsets[0].ClassTokens,
                data.Subsets[0].CaptionExtension,
                data.Subsets[0].Captions.KeepTokens
            )
        );
        var network = recipe.Network.For(sdxl: false);
        Assert.Equal((16, 8.0, 4, 1.5), (network.Dim, network.Alpha, network.ConvDim, network.ConvAlpha));
        Assert.Equal(
            ("Prodigy", 1e-4, 2e-6),
            (recipe.Optimizer.Type, recipe.Optimizer.UNetLr, recipe.Optimizer.LearningRate)
        );
        Assert.Equal([1e-4], recipe.Optimizer.TextEncoderLrs);
        Assert.Equal(new object[] { 0.9, 0.99 }, recipe.Optimizer.Args["betas"]);
        Assert.Equal((3, 42UL, DType.BFloat16), (recipe.Run.MaxTrainEpochs, recipe.Run.Seed, recipe.Run.Precision));
        Assert.Equal(Path.Combine(folder, "out"), recipe.Output.Folder);
        Assert.Null(recipe.Samples);
        Assert.StartsWith("sdpa:", Assert.Single(recipe.Notices));
        var schedule = LrSchedules.Create(recipe.Optimizer.Schedule(100));
        Assert.Equal((0.0, 1e-4), (schedule(1e-4, 0), schedule(1e-4, 10)));
    }

    [Fact]
    public void TheCommandLineOverridesTheFile()
    {
        var recipe = Read(
            Base + "\nnetwork_dim = 16\nseed = 1",
            "--network_dim=4",
            "--seed",
            "7",
            "--text_encoder_lr",
            "1e-5",
            "2e-5",
            "--v2",
            "--noise_offset",
            "0.1"
        );
        Assert.Equal((4, 7UL, true, 0.1), (recipe.Network.Dim, recipe.Run.Seed, recipe.Model.V2, recipe.Noise.Offset));
        Assert.Equal([1e-5, 2e-5], recipe.Optimizer.TextEncoderLrs);
    }

    [Theory]
    [InlineData(
        "color_aug = true",
        "config.toml line 5: color_aug is not supported yet; remove it or set it to its default (false)"
    )]
    [InlineData("max_token_length = 225", "max_token_length = 225 is not supported yet; choose one of: 75")]
    [InlineData(
        "lerning_rate = 1e-4",
        "config.toml line 5: unknown option 'lerning_rate'; did you mean 'learning_rate'?"
    )]
    [InlineData("deepspeed = true", "deepspeed is about machinery that Forno does not have")]
    [InlineData("optimizer_type = \"AdanW\"", "there is no optimizer AdanW; did you mean 'AdamW'?; choose one of: ")]
    [InlineData("optimizer_type = \"AdamW8bit\"", "the optimizer AdamW8bit is not supported yet; choose one of: ")]
    [InlineData("loss_type = \"hubr\"", "did you mean 'huber'?")]
    [InlineData("loss_type = \"l3\"", "choose one of: l1, l2, huber, smooth_l1")]
    [InlineData("huber_schedule = \"x\"", "choose one of: constant, exponential, snr")]
    [InlineData("network_module = \"networks.dylora\"", "choose one of: networks.lora, lycoris.kohya")]
    [InlineData("network_args = [\"block_dims=1,2\"]", "block_dims needs 25 values")]
    [InlineData("network_args = [\"conv_dim=x\"]", "conv_dim: 'x' is not a number")]
    [InlineData("learning_rate = \"1e-4\"", "config.toml line 5: learning_rate must be a number, found \"1e-4\"")]
    [InlineData("network_dim = 1.5", "network_dim must be a whole number")]
    [InlineData("network_dim = 0", "network_dim = 0 must be a whole number of at least 1")]
    [InlineData("train_batch_size = 0", "train_batch_size (batch_size) = 0 must be a whole number of at least 1")]
    [InlineData("resolution = 500", "multiples of 8")]
    [InlineData("lr_scheduler = \"cosin\"", "cosine_with_restarts")]
    [InlineData("lr_warmup_steps = 10", "use constant_with_warmup")]
    [InlineData("sample_every_n_epochs = 1", "sample_prompts is missing")]
    [InlineData("cache_text_encoder_outputs = true", "network_train_unet_only")]
    [InlineData(
        "cache_text_encoder_outputs = true\nnetwork_train_unet_only = true\nshuffle_caption = true",
        "10_cat vary"
    )]
    [InlineData("enable_bucket = true\nmax_bucket_reso = 512", "max_bucket_reso = 512 is below")]
    [InlineData("random_crop = true\ncache_latents = true", "cache_latents with random_crop")]
    [InlineData("in_json = \"x.json\"", "in_json is not supported yet")]
    [InlineData("seed = -1", "seed = -1 must be a whole number of at least 0")]
    [InlineData("[[subsets]]", "LoRA_Easy_Training_Scripts")]
    public void WhatDoesNotWorkIsRefusedByName(string line, string says)
    {
        string text = line.StartsWith("resolution", StringComparison.Ordinal)
            ? Base.Replace("resolution = \"512,768\"", line)
            : Base + "\n" + line;
        Assert.Contains(says, Assert.ThrowsAny<FornoException>(() => Open(text)).Message);
    }

    [Fact]
    public void DefaultsMayBeWrittenOut() =>
        Read(
            Base
                + "\nmasked_loss = false\nalpha_mask = false\nmax_token_length = 75\ndynamo_backend = "
                + "\"inductor\"\nkeep_tokens_separator = \"\"\nweighted_captions = 0\nhuber_c = 0.1"
        );

    [Fact]
    public void DatasetConfigsAreFoundBesideTheTrainingConfig()
    {
        Directory.CreateDirectory(Path.Combine(folder, "sub", "pictures"));
        File.WriteAllText(
            Path.Combine(folder, "sub", "data.toml"),
            """
            [general]
            caption_extension = ".txt"
            [[datasets]]
            resolution = 256
            batch_size = 3
              [[datasets.subsets]]
              image_dir = "pictures"
              num_repeats = 5
            """
        );
        File.WriteAllText(
            Path.Combine(folder, "sub", "config.toml"),
            "pretrained_model_name_or_path = \"base\"\noutput_dir = \"out\"\ndataset_config = \"data.toml\""
        );
        var recipe = TrainRecipeReader.Read("sub/config", workingFolder: folder);
        var data = Assert.Single(recipe.Datasets);
        Assert.Equal((3, 5), (data.BatchSize, data.Subsets[0].NumRepeats));
        Assert.Equal(Path.Combine(folder, "sub", "pictures"), data.Subsets[0].ImageDir);
        Assert.True(recipe.Written.HasDatasetConfig);

        File.AppendAllText(Path.Combine(folder, "sub", "data.toml"), "\ncolor_aug = true\n");
        Assert.Contains(
            "color_aug is not supported yet",
            Assert.ThrowsAny<FornoException>(() => TrainRecipeReader.Read("sub/config", workingFolder: folder)).Message
        );
    }

    [Fact]
    public void NothingToTrainOnIsSaidAtOnce()
    {
        Assert.Contains(
            "train_data_dir",
            Assert.ThrowsAny<FornoException>(() => Open(Base.Replace("train_data_dir = \"train\"", ""))).Message
        );
        Assert.Contains(
            "no such folder",
            Assert.ThrowsAny<FornoException>(() => Open(Base.Replace("\"train\"", "\"absent\""))).Message
        );
        Assert.Contains(
            "output_dir",
            Assert.ThrowsAny<FornoException>(() => Open(Base.Replace("output_dir = \"out\"", ""))).Message
        );
    }

    [Fact]
    public void EveryOptionStandsOnceWithADefaultOfItsKind()
    {
        foreach (var option in KohyaOptions.All.Values)
        {
            bool fits = option.Default switch
            {
                null => option.Kind != OptionKind.Flag,
                bool => option.Kind == OptionKind.Flag,
                string text => option.Kind == OptionKind.Text && (option.Choices?.Contains(text) ?? true),
                long => option.Kind is OptionKind.Whole or OptionKind.Real or OptionKind.Steps,
                double => option.Kind is OptionKind.Real or OptionKind.Steps,
                _ => false,
            };
            Assert.True(fits, option.Name);
        }
    }

    private TrainRecipe Open(string text, params string[] overrides)
    {
        string path = Path.Combine(folder, "config.toml");
        File.WriteAllText(path, text);
        return TrainRecipeReader.Read(path, overrides, folder);
    }

    private TrainRecipe Read(string text, params string[] overrides) => Open(text, overrides);
}

using System.Globalization;
using Forno.Data;
using Forno.Files;
using Forno.Kohya;
using Forno.Optim.Optimizers;
using Forno.Optim.Rates;
using Forno.Python;
using Forno.Toml;

namespace Forno.Training.Recipes;

/// <summary>Reads kohya's configuration files into a <see cref="TrainRecipe"/>.</summary>
public static class TrainRecipeReader
{
    private static readonly string[] NetworkArgs =
    [
        "conv_dim",
        "conv_alpha",
        "dropout",
        "rank_dropout",
        "module_dropout",
    ];

    private static readonly Dictionary<string, string> ScheduleClasses = new(StringComparer.OrdinalIgnoreCase)
    {
        ["CosineAnnealingWarmRestarts"] = "cosine_annealing_warm_restarts",
        ["RexAnnealingWarmRestarts"] = "rex_annealing_warm_restarts",
    };

    /// <summary>Reads a training configuration.</summary>
    /// <param name="path">A TOML file of training options, found by <see cref="ConfigPath.Find"/>.</param>
    /// <param name="overrides">Further options in the form of a command line, which override the file.</param>
    /// <param name="workingFolder">
    /// What relative paths start from; null = the current folder. Inputs that are not there are looked for beside the
    /// configuration file.
    /// </param>
    /// <exception cref="FornoException">
    /// Unreadable, an unknown option, a value that is not valid, or an option that Forno does not support yet.
    /// </exception>
    public static TrainRecipe Read(string path, IReadOnlyList<string>? overrides = null, string? workingFolder = null)
    {
        workingFolder = Path.GetFullPath(workingFolder ?? Directory.GetCurrentDirectory());
        path = ConfigPath.Find(path, workingFolder);
        var file = TomlFile.Read(path);
        if (
            file.ContainsKey("train_mode")
            || (file.TryGetValue("subsets", out object? subsets) && subsets is List<object>)
        )
        {
            throw new FornoException(
                $"{path}: a configuration of LoRA_Easy_Training_Scripts is not yet supported; use kohya's "
                    + "own training and dataset TOML"
            );
        }

        if (file.TryGetValue("datasets", out _))
        {
            throw new FornoException(
                $"{path}: this is a dataset config; name it as dataset_config = \"{Path.GetFileName(path)}\" "
                    + "in a training configuration"
            );
        }

        var args = KohyaArgs.Read(file, Path.GetFileName(path), overrides);
        return FromArgs(args, new PathRules(workingFolder, Path.GetDirectoryName(path)!));
    }

    /// <summary>Turns resolved options into a recipe.</summary>
    /// <param name="args">The options.</param>
    /// <param name="paths">Where relative paths start from.</param>
    /// <exception cref="FornoException">As <see cref="Read"/>.</exception>
    public static TrainRecipe FromArgs(KohyaArgs args, PathRules paths)
    {
        if (args.Unknown.Count > 0)
        {
            throw new FornoException(
                string.Join(
                    "\n",
                    args.Unknown.Select(u => $"{u.Where}: unknown option '{u.Name}'{KohyaOptions.Hint(u.Name)}")
                )
            );
        }

        var notices = RecipeSupport.Check(args);
        var values = new OptionValues(args);
        string? configPath = values.Text("dataset_config") is { } config ? paths.Input(config) : null;
        var blueprints = DatasetBlueprint.Resolve(
            configPath is null ? null : TomlFile.Read(configPath),
            configPath is null ? "" : Path.GetFileName(configPath),
            args,
            f => SubsetFolders.Find(paths.Input(f))
        );
        string where = configPath ?? "train_data_dir";
        var masks = new MaskFolders(args, paths);
        var datasets = blueprints.Select(b => RecipeSupport.ToDataset(b, where, paths, masks)).ToArray();
        if (datasets.All(d => d.Subsets.All(s => s.IsReg)))
        {
            throw new FornoException(
                configPath is null
                    ? "there is nothing to train on: give train_data_dir, a folder that holds folders named "
                        + "N_text (repeats, underscore, class), or dataset_config"
                    : $"{configPath}: there is nothing to train on; add [[datasets]] with [[datasets.subsets]] "
                        + "and their image_dir"
            );
        }

        var recipe = new TrainRecipe
        {
            Model = new ModelSettings
            {
                Path = paths.Input(
                    values.Text("pretrained_model_name_or_path")
                        ?? throw new FornoException(
                            "pretrained_model_name_or_path is missing: name the base model's file"
                        )
                ),
                Vae = values.Text("vae") is { } vae ? paths.Input(vae) : null,
                V2 = values.Flag("v2"),
                VParameterization = values.Flag("v_parameterization"),
                ClipSkip = values.Whole("clip_skip", 1),
            },
            Datasets = datasets,
            Blueprints = blueprints,
            HasDatasetConfig = configPath is not null,
            Network = Network(values),
            Optimizer = Optimizer(values),
            Loss = new LossSettings
            {
                Type = values.Text("loss_type")!,
                HuberSchedule = values.Text("huber_schedule")!,
                HuberC = values.Real("huber_c") ?? 0.1,
                HuberScale = values.Real("huber_scale") ?? 1,
                MinSnrGamma = values.Real("min_snr_gamma") is > 0 and var gamma ? gamma : null,
                NoiseOffset = values.Real("noise_offset") is not 0 and var offset ? offset : null,
            },
            Run = Run(values, paths),
            Output = Output(values, paths),
            Samples = Samples(values, paths),
            Args = args,
            Notices = [.. notices, .. masks.Notices(datasets)],
        };
        RecipeSupport.CheckTogether(recipe);
        return recipe;
    }

    private static NetworkSettings Network(OptionValues values)
    {
        string module = values.Text("network_module") ?? "networks.lora";
        if (module != "networks.lora")
        {
            throw new FornoException(
                $"{values.Where("network_module")}: network_module = \"{module}\" is not yet supported; set "
                    + "it to \"networks.lora\""
            );
        }

        var given = PythonLiteral.Arguments(values.List("network_args"), "network_args", literals: false);
        foreach (string? key in given.Keys.Where(k => !NetworkArgs.Contains(k)))
        {
            throw new FornoException(
                $"{values.Where("network_args")}: network_args: '{key}' is not yet supported; remove it "
                    + $"(supported: {string.Join(", ", NetworkArgs)}){Spelling.DidYouMean(key, NetworkArgs)}"
            );
        }

        var (unetOnly, textOnly) = (
            values.Flag("network_train_unet_only"),
            values.Flag("network_train_text_encoder_only")
        );
        if (unetOnly && textOnly)
        {
            throw new FornoException(
                "network_train_unet_only and network_train_text_encoder_only leave nothing to train; give "
                    + "one of them at most"
            );
        }

        return new NetworkSettings
        {
            Module = module,
            Dim = values.Whole("network_dim", 1) ?? 4,
            Alpha = values.Real("network_alpha") ?? 1,
            Dropout = Number("dropout") ?? values.Real("network_dropout"),
            ConvDim = Number("conv_dim") is { } dim ? (int)dim : null,
            ConvAlpha = Number("conv_alpha") ?? 1,
            RankDropout = Number("rank_dropout"),
            ModuleDropout = Number("module_dropout"),
            TrainUNet = !textOnly,
            TrainTextEncoder = !unetOnly,
        };

        double? Number(string key)
        {
            if (!given.TryGetValue(key, out object? text))
            {
                return null;
            }

            bool whole = key == "conv_dim";
            return
                double.TryParse((string)text!, NumberStyles.Float, CultureInfo.InvariantCulture, out double value)
                && value >= (whole ? 1 : 0)
                && (!whole || value == Math.Floor(value))
                && double.IsFinite(value)
                ? value
                : throw new FornoException(
                    $"{values.Where("network_args")}: network_args: {key}={text} must be a "
                        + $"{(whole ? "whole number of at least 1" : "number of at least 0")}"
                );
        }
    }

    private static OptimizerSettings Optimizer(OptionValues values)
    {
        string? named = values.Text("optimizer_type");
        string type = string.IsNullOrEmpty(named)
            ? "AdamW"
            : OptimizerRegistry.Find(named, values.Where("optimizer_type")).Name;
        double lr = values.Real("learning_rate") ?? 2e-6;
        string scheduleName = values.Text("lr_scheduler")!;
        if (values.Text("lr_scheduler_type") is { Length: > 0 } custom)
        {
            scheduleName =
                ScheduleClasses.GetValueOrDefault(custom.Split('.')[^1])
                ?? throw new FornoException(
                    $"{values.Where("lr_scheduler_type")}: lr_scheduler_type = \"{custom}\" is not "
                        + $"supported; choose one of: {string.Join(", ", ScheduleClasses.Keys)}, or use "
                        + "lr_scheduler"
                );
        }

        var scheduleArgs = PythonLiteral.Arguments(values.List("lr_scheduler_args"), "lr_scheduler_args");
        var settings = new OptimizerSettings
        {
            Type = type,
            Args = PythonLiteral.Arguments(values.List("optimizer_args"), "optimizer_args"),
            LearningRate = lr,
            UNetLr = values.Real("unet_lr") ?? lr,
            TextEncoderLrs = values.Reals("text_encoder_lr") is { Count: > 0 } rates ? rates : [lr],
            MaxGradNorm = values.Real("max_grad_norm") ?? 1,
            Schedule = steps => new LrScheduleSettings
            {
                Scheduler = scheduleName,
                TotalSteps = steps,
                DefaultLr = lr,
                WarmupSteps = values.Real("lr_warmup_steps") ?? 0,
                DecaySteps = values.Real("lr_decay_steps") ?? 0,
                Cycles = values.Whole("lr_scheduler_num_cycles", 1) ?? 1,
                Power = values.Real("lr_scheduler_power") ?? 1,
                Timescale = values.Whole("lr_scheduler_timescale", 1),
                MinLrRatio = values.Real("lr_scheduler_min_lr_ratio"),
                Args = scheduleArgs,
            },
        };
        // what is wrong with the schedule should show now, not after the caches are built
        LrSchedules.Create(settings.Schedule(1000));
        return settings;
    }

    private static RunSettings Run(OptionValues values, PathRules paths) =>
        new()
        {
            MaxTrainSteps = values.Whole("max_train_steps", 1) ?? 1600,
            MaxTrainEpochs = values.Whole("max_train_epochs", 1),
            Accumulation = values.Whole("gradient_accumulation_steps", 1) ?? 1,
            Seed = values.Seed(),
            Precision = values.Precision("mixed_precision") ?? Precision.Float32,
            GradientCheckpointing = values.Flag("gradient_checkpointing"),
            CacheLatents = values.Flag("cache_latents"),
            CacheLatentsToDisk = values.Flag("cache_latents_to_disk"),
            VaeBatchSize = values.Whole("vae_batch_size", 1) ?? 1,
            CacheTextOutputs = values.Flag("cache_text_encoder_outputs"),
            CacheTextOutputsToDisk = values.Flag("cache_text_encoder_outputs_to_disk"),
            Resume = values.Text("resume") is { } resume ? paths.Input(resume) : null,
        };

    private static OutputSettings Output(OptionValues values, PathRules paths) =>
        new()
        {
            Folder = paths.Output(
                values.Text("output_dir")
                    ?? throw new FornoException("output_dir is missing: name the folder that the adapter files go to")
            ),
            Name = values.Text("output_name") ?? "last",
            SavePrecision = values.Precision("save_precision"),
            SaveEveryNEpochs = values.Whole("save_every_n_epochs", 1),
            SaveEveryNSteps = values.Whole("save_every_n_steps", 1),
            SaveNEpochRatio = values.Whole("save_n_epoch_ratio", 1),
            KeepLastNEpochs = values.Whole("save_last_n_epochs", 1),
            KeepLastNSteps = values.Whole("save_last_n_steps", 1),
            SaveState = values.Flag("save_state"),
            SaveStateAtEnd = values.Flag("save_state_on_train_end"),
            KeepLastNEpochsState = values.Whole("save_last_n_epochs_state", 1),
            KeepLastNStepsState = values.Whole("save_last_n_steps_state", 1),
            NoMetadata = values.Flag("no_metadata"),
            LoggingFolder = values.Text("logging_dir") is { } logs ? paths.Output(logs) : null,
            LogPrefix = values.Text("log_prefix"),
        };

    private static SampleSettings? Samples(OptionValues values, PathRules paths)
    {
        var (epochs, steps, first) = (
            values.Whole("sample_every_n_epochs", 1),
            values.Whole("sample_every_n_steps", 1),
            values.Flag("sample_at_first")
        );
        if (epochs is null && steps is null && !first)
        {
            return null;
        }

        return new SampleSettings
        {
            PromptsPath = paths.Input(
                values.Text("sample_prompts")
                    ?? throw new FornoException(
                        "sample_prompts is missing: name the file of prompts for the sample pictures, or "
                            + "remove sample_every_n_…"
                    )
            ),
            EveryNEpochs = epochs,
            EveryNSteps = steps,
            AtFirst = first,
            Sampler = values.Text("sample_sampler")!,
        };
    }
}

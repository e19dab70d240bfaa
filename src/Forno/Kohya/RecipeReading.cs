using Forno.Data;
using Forno.Files;
using Forno.Findings;
using Forno.Kohya.Options;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Optim.Rates;
using Forno.Toml;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Kohya;

/// <summary>
/// What options come to: a recipe, and every rule that they break. The trainer goes on only where none refuses; the
/// doctor reports them all.
/// </summary>
public sealed class RecipeReading
{
    private readonly KohyaArgs args;
    private readonly PathRules paths;
    private readonly List<RuleBreach> breaches = [];

    private RecipeReading(KohyaArgs args, PathRules paths) => (this.args, this.paths) = (args, paths);

    /// <summary>The recipe; where something is refused, without it.</summary>
    public TrainRecipe Recipe { get; private set; } = new();

    /// <summary>What is broken, worst first.</summary>
    public IReadOnlyList<RuleBreach> Breaches => [.. breaches.OrderByDescending(b => b.Level)]; // stable

    /// <summary>Reads options.</summary>
    /// <param name="args">The options.</param>
    /// <param name="paths">Where relative paths start from.</param>
    /// <param name="sdxl">Whether the base model is of XL's family; null = not known.</param>
    public static RecipeReading Of(KohyaArgs args, PathRules paths, bool? sdxl = null)
    {
        var reading = new RecipeReading(args, paths);
        reading.Given();
        reading.Land();
        reading.Required();
        reading.Optimizer();
        reading.Datasets();
        foreach (RuleBreach breach in RecipeRules.Check(reading.Recipe, sdxl))
        {
            reading.breaches.Add(
                breach with
                {
                    Where = breach
                        .Options.Select(o => args.Given.GetValueOrDefault(o))
                        .FirstOrDefault(w => w is not null),
                }
            );
        }

        reading.Recipe = reading.Recipe with
        {
            Written = reading.Recipe.Written with { Training = args.Values },
            Notices = [.. reading.breaches.Where(b => b.Level != BreachLevel.Refuse).Select(b => b.ToString())],
        };
        return reading;
    }

    // What is written down: unknown names, options that do not work.
    private void Given()
    {
        foreach (var (name, where) in args.Unknown)
        {
            breaches.Add(
                new RuleBreach(
                    FindingKind.UnknownOption,
                    BreachLevel.Refuse,
                    $"unknown option '{name}'{KohyaOptions.Hint(name)}",
                    ""
                )
                {
                    Where = where,
                    Options = [name],
                }
            );
        }

        foreach (var (name, where) in args.Given)
        {
            KohyaOption option = KohyaOptions.All[name];
            object? value = args[name];
            if (option.IsDefault(value))
            {
                continue;
            }

            if (option.State.IsRefused)
            {
                Refuse(
                    FindingKind.UnsupportedOption,
                    $"{name} {option.State.Reason}",
                    $"remove it or set it to its default ({option.ShownDefault})",
                    name
                );
            }
            else if (option.Usable is { } usable && !usable.Contains(KohyaOption.Shown(value).Trim('"')))
            {
                Refuse(
                    FindingKind.UnsupportedOption,
                    $"{name} = {KohyaOption.Shown(value)} is not supported yet",
                    $"choose one of: {string.Join(", ", usable)}",
                    name
                );
            }
            else if (option.State.IsAccepted)
            {
                breaches.Add(
                    new RuleBreach(
                        FindingKind.UnsupportedOption,
                        BreachLevel.Note,
                        $"{name}: {option.State.Reason}",
                        ""
                    )
                    {
                        Options = [name],
                    }
                );
            }
        }
    }

    private void Land()
    {
        foreach (KohyaOption option in KohyaOptions.Rows.Where(o => args.Values.ContainsKey(o.Name)))
        {
            object? value = args[option.Name];
            if (option.Problem(value) is { } wrong)
            {
                Refuse(FindingKind.OptionValue, wrong, "", option.Name);
            }
            else
            {
                Try(FindingKind.OptionValue, () => Recipe = option.Land(Recipe, value, paths), option.Name);
            }
        }
    }

    private void Required()
    {
        if (Recipe.Model.Path.Length == 0)
        {
            Refuse(
                FindingKind.MissingOption,
                "pretrained_model_name_or_path is missing",
                "name the base model's file",
                "pretrained_model_name_or_path"
            );
        }

        if (Recipe.Output.Folder.Length == 0)
        {
            Refuse(
                FindingKind.MissingOption,
                "output_dir is missing",
                "name the folder that the adapter files go to",
                "output_dir"
            );
        }
    }

    private void Optimizer()
    {
        string[] named = [.. OptimizerNames.Naming.Where(o => args[o] is true or string { Length: > 0 })];
        string type = OptimizerNames.TypeOf(args.Values.GetValueOrDefault);
        type = OptimizerRegistry.Known(type)?.Name ?? type;
        Recipe = Recipe with { Optimizer = Recipe.Optimizer with { Type = type } };
        if (named.Length > 1)
        {
            Refuse(
                FindingKind.Optimizer,
                $"{string.Join(" and ", named)} each name an optimizer",
                "keep one of them",
                named
            );
        }
        else if (!OptimizerRegistry.Has(type))
        {
            bool known = OptimizerRegistry.Known(type) is not null;
            Refuse(
                FindingKind.Optimizer,
                known
                    ? $"the optimizer {type} is not supported yet"
                    : $"there is no optimizer {type}{Spelling.DidYouMean(type, OptimizerRegistry.Names)}",
                $"choose one of: {string.Join(", ", OptimizerRegistry.Names)}",
                [.. OptimizerNames.Naming]
            );
        }
        else
        {
            Try(FindingKind.Optimizer, TryOptimizer, "optimizer_args", "optimizer_type");
        }

        // What is wrong with the schedule should show now, not after the caches are built.
        Try(
            FindingKind.LrScheduler,
            () => LrSchedules.Create(Recipe.Optimizer.Schedule(1000)),
            "lr_scheduler",
            "lr_scheduler_type",
            "lr_warmup_steps",
            "lr_scheduler_args"
        );
    }

    // Its options are read by its own class, so a parameter of one number is enough to see what it takes.
    private void TryOptimizer()
    {
        using var scope = new Scope();
        var group = new ParameterGroup
        {
            Parameters = [new Parameter("trial", Tensor.Zeros([1], DType.Float32))],
            Options = new Dictionary<string, object?> { ["lr"] = Recipe.Optimizer.LearningRate },
        };
        OptimizerRegistry.Create(Recipe.Optimizer.Type, [group], Recipe.Optimizer.Args).Dispose();
    }

    private void Datasets()
    {
        string? config = args["dataset_config"] is string { Length: > 0 } named ? paths.Input(named) : null;
        Recipe = Recipe with { Written = new WrittenOptions { HasDatasetConfig = config is not null } };
        string where = config is null ? "train_data_dir" : Path.GetFileName(config);
        IReadOnlyList<DatasetBlueprint>? blueprints = null;
        Try(
            config is null ? FindingKind.EmptyFolder : FindingKind.DatasetConfig,
            () =>
                blueprints = DatasetBlueprint.Resolve(
                    config is null ? null : TomlFile.Read(config),
                    where,
                    args,
                    f => SubsetFolders.Find(paths.Input(f))
                )
        );
        if (blueprints is null)
        {
            return;
        }

        var reader = new DatasetReading(args, paths, where, breaches);
        Recipe = Recipe with
        {
            Datasets = reader.Read(blueprints),
            Written = Recipe.Written with { Subsets = [.. blueprints.Select(b => b.Subsets)] },
        };
        Skipped();
        if (Recipe.Datasets.All(d => d.Subsets.All(s => s.IsReg || s.NumRepeats < 1)))
        {
            Refuse(
                FindingKind.EmptyFolder,
                $"{(config is null ? "" : $"{where}: ")}there is nothing to train on",
                config is null
                    ? "give train_data_dir, a folder with folders named N_text (repeats, underscore, class), or "
                        + "dataset_config"
                    : "add [[datasets]] with [[datasets.subsets]] and their image_dir"
            );
        }
    }

    // Looks at pictures only where the option is given, and only until one is large enough.
    private void Skipped()
    {
        Try(
            FindingKind.EmptyFolder,
            () =>
            {
                DatasetSettings[] trained = [.. Recipe.Datasets.Where(d => d.Subsets.Any(s => !s.IsReg))];
                if (trained.Length > 0 && trained.All(Dataset.SkipsAll))
                {
                    Refuse(
                        FindingKind.EmptyFolder,
                        "skip_image_resolution leaves out every picture",
                        "lower it",
                        "skip_image_resolution"
                    );
                }
            }
        );
    }

    private void Refuse(FindingKind kind, string what, string wayOut, params string[] options) =>
        breaches.Add(
            new RuleBreach(kind, BreachLevel.Refuse, what, wayOut)
            {
                Options = options,
                Where = options.Select(o => args.Given.GetValueOrDefault(o)).FirstOrDefault(w => w is not null),
            }
        );

    private void Try(FindingKind kind, Action act, params string[] options)
    {
        try
        {
            act();
        }
        catch (FornoException e)
        {
            Refuse(kind, e.Message, "", options);
        }
    }
}

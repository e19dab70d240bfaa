using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Datasets.Repeats;
using Forno.Datasets.Triggers;
using Forno.Kohya;
using Forno.Reports;
using Forno.Studio;
using Forno.Workspace;

namespace Forno.Cli.Commands.Training;

/// <summary>
/// <c>forno plan</c>: repeats for each folder and epochs, so that triggers are balanced and nothing burns in.
/// </summary>
internal static class PlanCommand
{
    public const string Summary =
        "Reckon repeats and epochs, so that triggers are balanced; --apply renames folders and writes the "
        + "configuration";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string?> config = new("--config")
        {
            Description =
                "Training configuration: its optimizer, batch … count, and --apply writes epochs and repeats into it",
            HelpName = "FILE",
        };
        Option<bool> apply = new("--apply")
        {
            Description = "Rename folders to N_name (journalled) and write the numbers into the configuration",
        };
        FornoCommand command = new(
            "plan",
            Summary,
            "forno plan cat",
            "forno plan cat --config train.toml --apply",
            "forno plan cat --recipe simple --batch 2",
            "forno plan cat --optimizer AdamW --base sdxl --json"
        )
        {
            config,
            apply,
        };
        PlanSettings settings = new PlanSettings().AddTo(command);
        TriggerOptions triggers = new TriggerOptions().AddTo(command);
        CaptionOptions captions = new CaptionOptions().AddTo(command);
        DatasetOptions options = new DatasetOptions(
            "Folders of pictures, with all below them; nothing in them is changed without --apply"
        ).AddTo(command);
        command.SetAction(parsed =>
        {
            ConfigEdit? edit = parsed.GetValue(config) is { } file ? ConfigEdit.Open(file) : null;
            if (!parsed.GetValue(apply))
            {
                var folder = PictureFolder.Scan(
                    options.Folders(parsed),
                    captionExtension: captions.Further(parsed, edit)
                );
                RepeatPlan plan = Make(
                    parsed,
                    settings,
                    triggers,
                    captions,
                    folder,
                    options.Folders(parsed),
                    edit,
                    cli.Cancel
                );
                RemedyPlaces places = FindingPrinter.Places(
                    folder,
                    options.Folders(parsed),
                    parsed.GetValue(config),
                    edit?.DatasetFile is not null
                );
                if (options.Json(parsed))
                {
                    cli.Out.WriteLine(
                        JsonSerializer.Serialize(
                            PlanPrinter.Json(plan, RepeatRenames.Targets(plan, Top(options.Folders(parsed))), places),
                            JsonOutput.Options
                        )
                    );
                }
                else
                {
                    PlanPrinter.Print(cli.Out, plan, places);
                    cli.Out.WriteLine();
                    cli.Out.WriteLine(
                        "--apply renames the folders"
                            + $"{(edit is null ? "; with --config FILE it writes the epochs into a training configuration, too" : $" and writes {Wording.Shown(Path.GetFileName(edit.File))}")}"
                    );
                }

                return 0;
            }

            return Apply(cli, parsed, settings, triggers, captions, options, edit);
        });
        return command;
    }

    /// <summary>The plan of a data set; regularisation pictures of the configuration are left out.</summary>
    public static RepeatPlan Make(
        ConfigEdit? config,
        CaptionSet set,
        IReadOnlyList<TriggerName> names,
        TraitLists traits,
        BakeSettings settings
    )
    {
        ConfigFolder[] reg = config is null ? [] : [.. config.Folders.Where(f => f.IsReg)];
        CaptionSet trained =
            reg.Length == 0
                ? set
                : CaptionSet.Of([
                    .. set.Pictures.Where(p =>
                        !reg.Any(r =>
                            p.Picture.File.StartsWith(r.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                        )
                    ),
                ]);
        TriggerScene scene = TriggerScenes.Of(trained, names, traits, _ => []);
        var before = scene
            .Groups.Select(g => (g.Name, N: RelativePath.Repeats(RelativePath.Name(g.Name))))
            .Where(g => g.N is not null)
            .ToDictionary(g => g.Name, g => g.N!.Value, StringComparer.Ordinal);
        RepeatPlan plan = RepeatPlanner.Make(scene, settings, before);
        return config is null
            ? plan
            : plan with
            {
                Findings =
                [
                    .. plan
                        .Findings.Concat(PlanSettings.Contradictions(config, settings))
                        .OrderByDescending(f => f.Level),
                ],
            };
    }

    private static RepeatPlan Make(
        ParseResult parsed,
        PlanSettings settings,
        TriggerOptions triggers,
        CaptionOptions captions,
        PictureFolder folder,
        string[] folders,
        ConfigEdit? config,
        CancellationToken cancel
    )
    {
        if (folder.Pictures.Count == 0)
        {
            throw FornoException.ForFile(
                string.Join(", ", folders.Select(Wording.Shown)),
                "there are no pictures to plan for",
                "Check the folder."
            );
        }

        var set = CaptionSet.Read(folder, captions.Extension(parsed, config, folder), cancel: cancel);
        TraitLists traits = triggers.Traits(parsed);
        return Make(
            config,
            set,
            triggers.Names(parsed, folder, folders, set, traits, config),
            traits,
            settings.Of(parsed, config, set)
        );
    }

    private static int Apply(
        CommandHost cli,
        ParseResult parsed,
        PlanSettings settings,
        TriggerOptions triggers,
        CaptionOptions captions,
        DatasetOptions options,
        ConfigEdit? config
    )
    {
        string[] folders = options.Folders(parsed);
        string? work = null;
        RepeatPlan? plan = null;
        int code = WorkFolderRun.Run(
            cli,
            parsed,
            options,
            context =>
            {
                work = options.Output(parsed) is null ? context.Folder.Work : null;
                plan = Make(parsed, settings, triggers, captions, context.Folder, folders, config, context.Cancel);
                IReadOnlyDictionary<string, string> targets = RepeatRenames.Targets(plan, Top(folders));
                Write(
                    config,
                    plan,
                    targets,
                    Path.GetFullPath(options.Output(parsed) ?? context.Folder.Work ?? "."),
                    options.Output(parsed) is not null,
                    context.Folder
                );
                if (!options.Json(parsed))
                {
                    PlanPrinter.Print(cli.Out, plan with { Findings = [] }, RemedyPlaces.Unknown);
                    cli.Out.WriteLine();
                }

                return ConfigFiles
                    .Steps(config, work)
                    .Aggregate(RepeatRenames.Make(context.Folder, targets), (made, step) => made.And(step));
            },
            () => plan!.Findings,
            captions.Further(parsed, config)
        );
        if (code == 0)
        {
            ConfigPrinter.Print(
                options.Json(parsed) ? cli.Error : cli.Out,
                ConfigFiles.WriteOutside(config, work, options.DryRun(parsed))
            );
        }

        return code;
    }

    // Epochs, and what the recipe takes for granted where the configuration does not say otherwise; repeats where they
    // stand in a dataset config.
    private static void Write(
        ConfigEdit? config,
        RepeatPlan plan,
        IReadOnlyDictionary<string, string> targets,
        string root,
        bool elsewhere,
        PictureFolder folder
    )
    {
        if (config is null)
        {
            return;
        }

        config.Set("max_train_epochs", plan.Epochs);
        if (plan.Settings.Recipe == RepeatRecipe.Balanced)
        {
            foreach (
                var (option, value) in ((string, object)[])
                    [
                        ("network_dim", plan.Settings.Dim ?? RepeatPlanner.Dim),
                        ("network_alpha", plan.Settings.Alpha ?? RepeatPlanner.Alpha),
                        ("optimizer_type", plan.Settings.Optimizer),
                        ("learning_rate", plan.Settings.IsProdigy ? 1.0 : 1e-4),
                    ]
            )
            {
                if (!config.Args.Given.ContainsKey(option))
                {
                    config.Set(option, value);
                }
            }
        }

        var places = folder
            .Pictures.GroupBy(TriggerScenes.FolderOf)
            .ToDictionary(g => g.Key, g => SourceOf(g.First(), g.Key), StringComparer.Ordinal);
        if (config.DatasetFile is not null)
        {
            foreach (ConfigFolder subset in config.Folders)
            {
                FolderRepeats? planned = plan.Folders.FirstOrDefault(f =>
                    places.TryGetValue(f.Folder, out string? full)
                    && full == Path.TrimEndingDirectorySeparator(subset.Path)
                );
                if (planned is not null)
                {
                    string to = targets[planned.Folder];
                    config.SetFolder(subset, "num_repeats", planned.Repeats);
                    config.SetFolder(
                        subset,
                        "image_dir",
                        elsewhere ? Path.Join(root, to)
                            : to == planned.Folder ? subset.Written
                            : RelativePath.Join(
                                RelativePath.Folder(Path.TrimEndingDirectorySeparator(subset.Written)),
                                RelativePath.Name(to)
                            )
                    );
                }
            }
        }
        else if (elsewhere && config.Args["train_data_dir"] is string { Length: > 0 })
        {
            config.Set("train_data_dir", root);
        }
    }

    // The full path of a folder by one of its pictures.
    private static string SourceOf(PictureItem item, string folder)
    {
        string at = Path.GetDirectoryName(item.File)!;
        for (string below = item.Folder; below.Length > folder.Length; below = RelativePath.Folder(below))
        {
            at = Path.GetDirectoryName(at)!;
        }

        return at;
    }

    private static string Top(string[] folders)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folders[0])));
        return name.Length > 0 ? name : "pictures";
    }
}

using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Repeats;
using Forno.Kohya;
using Forno.Reports;
using Forno.Studio;
using Forno.Studio.Captions;
using Forno.Studio.Training;
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
        var triggers = new TriggerOptions();
        triggers.AddTo(command);
        CaptionOptions captions = new CaptionOptions().AddTo(command);
        DatasetOptions options = new DatasetOptions(
            "Folders of pictures, with all below them; nothing in them is changed without --apply"
        ).AddTo(command);
        command.SetAction(parsed =>
        {
            var request = new PlanRequest
            {
                Folders = options.Folders(parsed),
                Configuration = parsed.GetValue(config),
                Settings = settings.Of(parsed),
                Triggers = triggers.Search(parsed),
                Extension = captions.Extension(parsed),
            };
            if (parsed.GetValue(apply))
            {
                return Apply(cli, parsed, options, request);
            }

            Print(cli, request, new PlanJob(request).Run(null, cli.Cancel), options.Json(parsed));
            return 0;
        });
        return command;
    }

    private static void Print(CommandHost cli, PlanRequest request, PlanResult result, bool json)
    {
        ConfigEdit? edit = result.Configuration;
        RemedyPlaces places = FindingPrinter.Places(
            result.Folder,
            request.Folders,
            request.Configuration,
            edit?.DatasetFile is not null
        );
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result, places));
            return;
        }

        PlanPrinter.Print(cli.Out, result.Plan, places);
        cli.Out.WriteLine();
        cli.Out.WriteLine(
            "--apply renames the folders"
                + (
                    edit is null
                        ? "; with --config FILE it writes the epochs into a training configuration, too"
                        : $" and writes {Wording.Shown(Path.GetFileName(edit.File))}"
                )
        );
    }

    private static int Apply(CommandHost cli, ParseResult parsed, DatasetOptions options, PlanRequest request)
    {
        ConfigEdit? edit = request.Configuration is { } file ? ConfigEdit.Open(file) : null;
        string? work = null;
        PlanResult? plan = null;
        int code = WorkFolderRun.Run(
            cli,
            parsed,
            options,
            context =>
            {
                work = options.Output(parsed) is null ? context.Folder.Work : null;
                plan = new PlanJob(request).Of(context.Folder, edit, context.Cancel);
                PlanConfig.Set(
                    plan,
                    Path.GetFullPath(options.Output(parsed) ?? context.Folder.Work ?? "."),
                    options.Output(parsed) is not null
                );
                if (!options.Json(parsed))
                {
                    PlanPrinter.Print(cli.Out, plan.Plan with { Findings = [] }, RemedyPlaces.Unknown);
                    cli.Out.WriteLine();
                }

                return ConfigFiles
                    .Steps(edit, work)
                    .Aggregate(RepeatRenames.Make(context.Folder, plan.Targets), (made, step) => made.And(step));
            },
            () => plan!.Findings,
            CaptionExtensions.Further(request.Extension, edit)
        );
        if (code == 0)
        {
            ConfigPrinter.Print(
                options.Json(parsed) ? cli.Error : cli.Out,
                ConfigFiles.WriteOutside(edit, work, options.DryRun(parsed))
            );
        }

        return code;
    }
}

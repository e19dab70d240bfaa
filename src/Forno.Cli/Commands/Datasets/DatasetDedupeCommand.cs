using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Sorting;
using Forno.Datasets.Surveys;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset dedupe</c>: moves pictures that another one makes superfluous out of the way.</summary>
internal static class DatasetDedupeCommand
{
    private const string Summary = "Move pictures that show the same as a better one to _duplicates, with a list";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        FornoCommand command = new(
            "dedupe",
            Summary,
            "forno dataset dedupe cat",
            "forno dataset dedupe cat --mirror --dry-run",
            "forno dataset dedupe ~/Downloads/cat -o cat --similarity 80"
        );
        DuplicateSettings duplicates = new DuplicateSettings().AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
            WorkFolderRun.Run(
                cli,
                parsed,
                options,
                context =>
                {
                    // In a work folder nothing may be overwritten; with -o the folder is new.
                    string? root = options.Output(parsed) is null ? context.Folder.Work : null;
                    string[] folders = options.Folders(parsed);
                    PictureSurvey survey = DatasetCheckCommand.Survey(
                        cli,
                        context.Folder,
                        folders.Length > 0 ? folders[0] : "."
                    );
                    IReadOnlyList<DuplicateGroup> groups;
                    using (ProgressBar bar = cli.Progress("compare", survey.Pictures.Count, "pictures"))
                    {
                        groups = survey.FindDuplicates(duplicates.Options(parsed), bar, context.Cancel);
                    }

                    return DedupePlan.Make(
                        survey,
                        groups,
                        path => root is not null && Path.Exists(Path.Join(root, path))
                    );
                }
            )
        );
        return command;
    }
}

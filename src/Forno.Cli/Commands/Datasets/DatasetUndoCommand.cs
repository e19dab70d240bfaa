using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Reports;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset undo</c>: takes the last operations of a work folder back.</summary>
internal static class DatasetUndoCommand
{
    private const string Summary = "Take the last operation of a work folder back, or the last N";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string[]> what = new("what")
        {
            Description = "How many operations (1), and the work folder (the current one), in any order",
            Arity = new ArgumentArity(0, 2),
        };
        Option<bool> list = new("--list") { Description = "List the operations of the folder; take nothing back" };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be taken back; change nothing" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "undo",
            Summary,
            "forno dataset undo",
            "forno dataset undo 3 cat",
            "forno dataset undo cat --list"
        )
        {
            what,
            list,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
        {
            (int count, string folder) = Read(parsed.GetValue(what) ?? []);
            return parsed.GetValue(list)
                ? List(cli, WorkFolderRun.Do(cli, new HistoryJob(folder)), parsed.GetValue(json))
                : Report(
                    cli,
                    WorkFolderRun.Do(cli, new UndoJob(new UndoRequest(folder, count, parsed.GetValue(dryRun)))),
                    parsed.GetValue(json)
                );
        });
        return command;
    }

    private static (int Count, string Folder) Read(string[] what)
    {
        (int? count, string? folder) = (null, null);
        foreach (string word in what)
        {
            // A folder may be called "3": it is one if the number is given already.
            if (
                count is null
                && int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out int n)
                && n > 0
            )
            {
                count = n;
            }
            else
            {
                folder = folder is null
                    ? word
                    : throw new FornoException($"'{word}': one number and one folder are all that undo takes");
            }
        }

        return (count ?? 1, folder ?? ".");
    }

    private static int List(CommandHost cli, IReadOnlyList<OperationRow> all, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(all));
            return 0;
        }

        cli.Out.WriteLine(all.Count == 0 ? "no operations yet" : "operations, oldest first:");
        foreach (OperationRow operation in all)
        {
            string state = operation.State switch
            {
                OperationState.Done => "",
                OperationState.TakenBack => ", taken back",
                _ => ", unfinished",
            };
            cli.Out.WriteLine($"  {Line(operation)}{state}");
        }

        return 0;
    }

    private static int Report(CommandHost cli, UndoResult undone, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(undone));
            return 0;
        }

        if (undone.Operations.Count == 0)
        {
            cli.Out.WriteLine($"{Wording.Shown(undone.WorkFolder)}: there is nothing to take back");
        }

        foreach (OperationRow operation in undone.Operations)
        {
            cli.Out.WriteLine($"{(undone.DryRun ? "would take back" : "taken back")}: {Line(operation)}");
        }

        if (undone.SetAside.Count > 0)
        {
            cli.Error.WriteLine(
                $"{undone.SetAside.Count} {Wording.Counted(undone.SetAside.Count, "file")} had been changed "
                    + "by hand since; your versions are in "
                    + $"{Wording.Shown(Path.Join(undone.WorkFolder, WorkFolder.Hidden, "kept"))}:"
            );
            foreach (string file in undone.SetAside)
            {
                cli.Error.WriteLine($"  {Wording.Shown(file)}");
            }
        }

        return 0;
    }

    private static string Line(OperationRow operation) =>
        Invariant.Text(
            $"{operation.Id}. {operation.Command}, {operation.Files} {Wording.Counted(operation.Files, "file")}, "
                + $"{operation.Time.ToLocalTime():yyyy-MM-dd HH:mm}"
        );
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Reports;
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
            string root =
                WorkFolder.Find(folder)
                ?? throw FornoException.ForFile(
                    folder,
                    "it is no work folder of Forno, so there is nothing to undo",
                    "Name the folder that an -o made."
                );
            return parsed.GetValue(list)
                ? List(cli, root, parsed.GetValue(json))
                : Run(cli, root, count, parsed.GetValue(dryRun), parsed.GetValue(json));
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

    private static int List(CommandHost cli, string root, bool json)
    {
        IReadOnlyList<JournalEntry> all = WorkFolder.ReadHistory(root);
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(all.Select(Row), JsonOutput.Options));
            return 0;
        }

        cli.Out.WriteLine(all.Count == 0 ? "no operations yet" : "operations, oldest first:");
        foreach (JournalEntry entry in all)
        {
            cli.Out.WriteLine(
                $"  {Line(entry)}"
                    + $"{(entry.State == OperationState.Done ? "" : entry.State == OperationState.TakenBack ? ", taken back" : ", unfinished")}"
            );
        }

        return 0;
    }

    private static int Run(CommandHost cli, string root, int count, bool dryRun, bool json)
    {
        if (dryRun)
        {
            JournalEntry[] next =
            [
                .. WorkFolder.ReadHistory(root).Where(e => e.State == OperationState.Done).Reverse().Take(count),
            ];
            Report(cli, root, new Undone(next, []), "would take back", json);
            return 0;
        }

        using var work = WorkFolder.Open(root);
        WorkFolderRun.Say(cli, work);
        Report(cli, root, work.Undo(count), "taken back", json);
        return 0;
    }

    private static void Report(CommandHost cli, string root, Undone undone, string words, bool json)
    {
        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        WorkFolder = root,
                        Operations = undone.Operations.Select(Row),
                        undone.SetAside,
                    },
                    JsonOutput.Options
                )
            );
            return;
        }

        if (undone.Operations.Count == 0)
        {
            cli.Out.WriteLine($"{Wording.Shown(root)}: there is nothing to take back");
        }

        foreach (JournalEntry entry in undone.Operations)
        {
            cli.Out.WriteLine($"{words}: {Line(entry)}");
        }

        if (undone.SetAside.Count > 0)
        {
            cli.Error.WriteLine(
                $"{undone.SetAside.Count} {Wording.Counted(undone.SetAside.Count, "file")} had been changed "
                    + "by hand since; your versions are in "
                    + $"{Wording.Shown(Path.Join(root, WorkFolder.Hidden, "kept"))}:"
            );
            foreach (string file in undone.SetAside)
            {
                cli.Error.WriteLine($"  {Wording.Shown(file)}");
            }
        }
    }

    private static string Line(JournalEntry entry) =>
        Invariant.Text(
            $"{entry.Id}. {entry.Name}, {entry.Changes} {Wording.Counted(entry.Changes, "file")}, "
                + $"{entry.Time.ToLocalTime():yyyy-MM-dd HH:mm}"
        );

    private static object Row(JournalEntry entry) =>
        new
        {
            entry.Id,
            Command = entry.Name,
            Files = entry.Changes,
            entry.Time,
            State = entry.State.ToString(),
        };
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>
/// The run that the <c>forno dataset</c> commands share: open the work folder, look at the pictures, make the plan,
/// tell
/// it or do it, and say at the end what was done and what was left out.
/// </summary>
internal static class WorkFolderRun
{
    private const int MostLines = 40,
        LongestText = 600;

    /// <summary>What a command's plan is made of.</summary>
    /// <param name="Folder">The pictures.</param>
    /// <param name="Progress">Counts pictures that were looked at.</param>
    /// <param name="Cancel">Stops it.</param>
    internal sealed record Context(PictureFolder Folder, IProgress<long> Progress, CancellationToken Cancel);

    /// <summary>A list that a command adds to its JSON, the same whether its plan is told or done.</summary>
    /// <param name="Name">Its name there.</param>
    /// <param name="Rows">Its entries.</param>
    internal sealed record JsonRows(string Name, IReadOnlyList<object> Rows);

    /// <summary>Runs a command that changes pictures in a work folder, or brings them into one.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Its common options.</param>
    /// <param name="plan">Makes the plan as if the pictures were changed in place.</param>
    /// <param name="findings">What else is to be told, once the plan is made; null = nothing.</param>
    /// <param name="captionExtension">A further extension of captions, or null.</param>
    /// <param name="rows">What <c>--json</c> tells beside it, under which name, once the plan is made; null =
    /// nothing.</param>
    /// <returns>The exit code: 1 if there was something to do and nothing of it could be done.</returns>
    public static int Run(
        CommandHost cli,
        ParseResult parsed,
        DatasetOptions options,
        Func<Context, ChangePlan> plan,
        Func<IReadOnlyList<Finding>>? findings = null,
        string? captionExtension = null,
        Func<JsonRows>? rows = null
    )
    {
        string[] folders = options.Folders(parsed);
        string? output = options.Output(parsed);
        bool dryRun = options.DryRun(parsed);
        string?[] works =
        [
            .. folders
                .Where(f => Path.Exists(f))
                .Select(f => WorkFolder.Find(Directory.Exists(f) ? f : Path.GetDirectoryName(Path.GetFullPath(f))!))
                .Distinct(),
        ];
        if (output is null && works is not [not null] && works.Length > 0)
        {
            throw FornoException.ForFile(
                Wording.Shown(folders[0]),
                "it is no work folder of Forno, and originals are never changed",
                "Add -o FOLDER: a new folder that takes the changed copies."
            );
        }

        if (output is not null)
        {
            RequireApart(folders, output);
            WorkFolder.RequireUsable(output);
        }

        string? root = output ?? works.FirstOrDefault();
        if (dryRun && output is null && root is not null && WorkFolder.Unfinished(root) is { } unfinished)
        {
            cli.Error.WriteLine($"an interrupted '{unfinished}' would be rolled back first");
        }

        using WorkFolder? work =
            dryRun || root is null ? null
            : output is null ? WorkFolder.Open(root)
            : WorkFolder.OpenOrCreate(root);
        Say(cli, work);
        var folder = PictureFolder.Scan(folders, captionExtension: captionExtension);
        ChangePlan made;
        using (ProgressBar bar = cli.Progress("look", folder.Pictures.Count, "pictures"))
        {
            made = plan(new Context(folder, bar, cli.Cancel));
        }

        made = output is null ? made : made.BringingOver(folder);
        return Finish(
            cli,
            made,
            work,
            options.Json(parsed),
            $"{folder.Pictures.Count} {Wording.Counted(folder.Pictures.Count, "picture")}",
            findings?.Invoke(),
            rows?.Invoke(),
            output is null
                ? FindingPrinter.Places(folder, folders)
                : new RemedyPlaces
                {
                    Folders = [output],
                    Root = output,
                    IsWork = true,
                }
        );
    }

    /// <summary>Tells a plan (without a work folder) or does it, and reports.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="work">The open work folder; null tells what would be done.</param>
    /// <param name="json">Whether machines read the answer.</param>
    /// <param name="of">What was looked at: <c>12 pictures</c>.</param>
    /// <param name="findings">What else is to be told; null = nothing.</param>
    /// <param name="rows">What <c>--json</c> tells beside it; null = nothing.</param>
    /// <param name="places">What the remedies of findings are about; null = nothing is known.</param>
    /// <returns>The exit code.</returns>
    public static int Finish(
        CommandHost cli,
        ChangePlan plan,
        WorkFolder? work,
        bool json,
        string of,
        IReadOnlyList<Finding>? findings = null,
        JsonRows? rows = null,
        RemedyPlaces? places = null
    )
    {
        places ??= RemedyPlaces.Unknown;
        if (work is null)
        {
            Describe(cli, plan, json, of, findings, rows, places);
            return plan.Steps.Count == 0 && plan.Problems.Count > 0 ? 1 : 0;
        }

        Applied applied;
        using (ProgressBar bar = cli.Progress(plan.Name, plan.Steps.Count, "pictures"))
        {
            applied = work.Apply(plan, bar, cli.Cancel);
        }

        int brought = plan.Steps.Count(s => s.What == ChangePlan.BroughtOver),
            lists = plan.Steps.Count(s => s.IsList);
        if (json)
        {
            WriteJson(
                cli,
                new
                {
                    Command = plan.Name,
                    WorkFolder = work.Root,
                    Operation = applied.Id,
                    applied.Steps,
                    applied.Files,
                    applied.Problems,
                    plan.Kept,
                    plan.Notes,
                    Findings = findings?.Select(f => FindingJson.Row(f, places)),
                },
                rows
            );
        }
        else
        {
            cli.Out.WriteLine(
                applied.Id is { } id
                    ? Invariant.Text(
                        $"{plan.Name}: {Math.Max(0, applied.Steps - brought - lists)} done of {of}"
                            + $"{(brought > 0 ? $", {brought} brought over as they are" : "")}, {applied.Files} "
                            + $"{Wording.Counted(applied.Files, "file")} changed in {Wording.Shown(work.Root)} "
                            + $"(operation {id}; `forno dataset undo {Wording.Quoted(work.Root)}` takes it back)"
                    )
                    : $"{plan.Name}: nothing to do in {of}"
            );
            Note(cli, plan);
            List(cli, plan.Kept, "left as they are");
            List(cli, applied.Problems);
            FindingPrinter.Print(cli.Out, findings ?? [], places);
        }

        return applied.Id is null && applied.Problems.Count > 0 ? 1 : 0;
    }

    /// <summary>Says what was put right when a work folder was opened.</summary>
    public static void Say(CommandHost cli, WorkFolder? work)
    {
        if (work?.Recovered is { } recovered)
        {
            cli.Error.WriteLine($"{Wording.Shown(work.Root)}: {recovered}");
        }
    }

    /// <summary>Says that a killed operation left a work folder half done; for commands that only look.</summary>
    public static void SayUnfinished(CommandHost cli, IEnumerable<string> folders)
    {
        foreach (string root in folders.Where(Directory.Exists).Select(WorkFolder.Find).OfType<string>().Distinct())
        {
            if (WorkFolder.Unfinished(root) is { } unfinished)
            {
                cli.Error.WriteLine(
                    $"{Wording.Shown(root)}: an interrupted '{unfinished}' left it half done; the next "
                        + "command that changes it, or `forno dataset undo`, rolls that back first"
                );
            }
        }
    }

    /// <summary>Refuses an output folder that lies in a source, or a source that lies in it.</summary>
    public static void RequireApart(IEnumerable<string> sources, string output)
    {
        string target = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output)) + Path.DirectorySeparatorChar;
        foreach (string source in sources)
        {
            string from = Path.TrimEndingDirectorySeparator(Path.GetFullPath(source)) + Path.DirectorySeparatorChar;
            if (target.StartsWith(from, StringComparison.Ordinal) || from.StartsWith(target, StringComparison.Ordinal))
            {
                throw FornoException.ForFile(
                    Wording.Shown(output),
                    $"it lies in {Wording.Shown(source)} or the other way round",
                    "Choose a folder beside it; a work folder is changed in place without -o."
                );
            }
        }
    }

    /// <summary>Lists problems at the end.</summary>
    public static void List(CommandHost cli, IReadOnlyList<Problem> problems, string what = "left out")
    {
        if (problems.Count == 0)
        {
            return;
        }

        cli.Error.WriteLine($"{problems.Count} {what}:");
        foreach (Problem problem in problems.Take(MostLines))
        {
            cli.Error.WriteLine($"  {Wording.Shown(problem.ToString())}");
        }

        More(cli.Error, problems.Count);
    }

    private static void Describe(
        CommandHost cli,
        ChangePlan plan,
        bool json,
        string of,
        IReadOnlyList<Finding>? findings,
        JsonRows? rows,
        RemedyPlaces places
    )
    {
        if (json)
        {
            PlanDescription told = plan.Describe();
            object document = findings is null
                ? told
                : new
                {
                    told.Command,
                    told.Steps,
                    told.Problems,
                    told.Kept,
                    told.Notes,
                    Findings = findings.Select(f => FindingJson.Row(f, places)),
                };
            WriteJson(cli, document, rows);
            return;
        }

        int steps = plan.Steps.Count(s => !s.IsList);
        cli.Out.WriteLine($"{plan.Name}: would do {steps} of {of}");
        foreach (PlanStep step in plan.Steps.Take(MostLines))
        {
            cli.Out.WriteLine($"  {Wording.Shown(step.Subject)}: {Wording.Shown(step.What)}");
            if (step.Text is { } text)
            {
                cli.Out.WriteLine(text.Before is null ? "    - (no caption)" : $"    - {Clipped(text.Before)}");
                cli.Out.WriteLine($"    + {Clipped(text.After)}");
            }
        }

        More(cli.Out, plan.Steps.Count);
        Note(cli, plan);
        List(cli, plan.Kept, "left as they are");
        List(cli, plan.Problems);
        FindingPrinter.Print(cli.Out, findings ?? [], places);
    }

    private static void WriteJson(CommandHost cli, object document, JsonRows? rows)
    {
        JsonNode node = JsonSerializer.SerializeToNode(document, JsonOutput.Options)!;
        if (rows is not null)
        {
            node[rows.Name] = JsonSerializer.SerializeToNode(rows.Rows, JsonOutput.Options);
        }

        cli.Out.WriteLine(node.ToJsonString(JsonOutput.Options));
    }

    private static void Note(CommandHost cli, ChangePlan plan)
    {
        foreach (string note in plan.Notes)
        {
            cli.Out.WriteLine(Wording.Shown(note));
        }
    }

    private static string Clipped(string text)
    {
        string line = Wording.Shown(text.TrimEnd().Replace("\r\n", "\n", StringComparison.Ordinal));
        return line.Length <= LongestText ? line : Invariant.Text($"{line[..LongestText]}… ({text.Length} characters)");
    }

    private static void More(TextWriter writer, int count)
    {
        if (count > MostLines)
        {
            writer.WriteLine($"  … and {count - MostLines} more; --json lists all");
        }
    }
}

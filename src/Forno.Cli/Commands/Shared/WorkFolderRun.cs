using System.CommandLine;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;
using Forno.Studio;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>Runs the jobs of commands, and prints what came of changes of data sets.</summary>
internal static class WorkFolderRun
{
    private const int MostLines = 40,
        LongestText = 600;

    /// <summary>Runs a job with its events on the console.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="job">The job.</param>
    /// <param name="watch">Is told of events before the console, and may report others there; null = nobody.</param>
    /// <param name="needsOutput">How a missing output is named here, a whole sentence.</param>
    public static T Do<T>(
        CommandHost cli,
        IJob<T> job,
        Action<JobEvent, IProgress<JobEvent>>? watch = null,
        string needsOutput = "Add -o FOLDER: a new folder that takes the changed copies."
    )
    {
        using JobPrinter printer = new(cli);
        try
        {
            return job.Run(watch is null ? printer : new Watcher(watch, printer), cli.Cancel);
        }
        catch (NeedsOutputException e)
        {
            throw FornoException.ForFile(e.Original, e.Problem, needsOutput, e);
        }
    }

    /// <summary>Runs a change of a data set and prints what came of it.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Its common options.</param>
    /// <param name="job">The change.</param>
    /// <param name="watch">As for <see cref="Do"/>.</param>
    /// <returns>The exit code: 1 if there was something to do and nothing of it could be done.</returns>
    public static int Run(
        CommandHost cli,
        ParseResult parsed,
        DatasetOptions options,
        IJob<ChangeResult> job,
        Action<JobEvent, IProgress<JobEvent>>? watch = null
    ) => Print(cli, parsed, options, Do(cli, job, watch));

    /// <summary>Runs a change whose plan the command itself makes.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="options">Its common options.</param>
    /// <param name="plan">Makes the plan as if the pictures were changed in place.</param>
    /// <param name="findings">What else there is to report, once the plan is made.</param>
    /// <param name="captionExtension">A further extension of captions, or null.</param>
    public static int Run(
        CommandHost cli,
        ParseResult parsed,
        DatasetOptions options,
        Func<ChangeContext, ChangePlan> plan,
        Func<IReadOnlyList<Finding>> findings,
        string? captionExtension
    ) => Run(cli, parsed, options, new OwnPlan(options.Place(parsed), plan, findings, captionExtension));

    /// <summary>Prints what came of a change of a data set, as its command line asks for.</summary>
    /// <returns>The exit code.</returns>
    public static int Print(CommandHost cli, ParseResult parsed, DatasetOptions options, ChangeResult result) =>
        Print(
            cli,
            result,
            options.Json(parsed),
            FindingPrinter.Places(options.Folders(parsed), options.Output(parsed))
        );

    /// <summary>Prints what came of a change.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="result">The result.</param>
    /// <param name="json">Whether machines read the answer.</param>
    /// <param name="places">What the remedies of findings are about.</param>
    /// <param name="unit">What was looked at: a <c>picture</c>.</param>
    /// <returns>The exit code.</returns>
    public static int Print(
        CommandHost cli,
        ChangeResult result,
        bool json,
        RemedyPlaces places,
        string unit = "picture"
    )
    {
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result, places));
        }
        else
        {
            string of = $"{result.Looked} {Wording.Counted(result.Looked, unit)}";
            if (result is ChangeDone done)
            {
                cli.Out.WriteLine(Line(done, of));
            }
            else
            {
                Describe(cli, (ChangePlanned)result, of);
            }

            foreach (string note in result.Notes)
            {
                cli.Out.WriteLine(Wording.Shown(note));
            }

            List(cli, result.Kept, "left as they are");
            List(cli, result.Problems);
            FindingPrinter.Print(cli.Out, result.Findings, places);
        }

        ConfigPrinter.Print(json ? cli.Error : cli.Out, result.Configurations ?? []);
        return result.Failed ? 1 : 0;
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

    /// <summary>The folders of a command line, for people.</summary>
    public static string Named(IEnumerable<string> folders) =>
        string.Join(", ", folders.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));

    private static string Line(ChangeDone done, string of)
    {
        if (done.Operation is not { } id)
        {
            return $"{done.Command}: nothing to do in {of}";
        }

        string brought = done.BroughtOver > 0 ? $", {done.BroughtOver} brought over as they are" : "";
        return Invariant.Text(
            $"{done.Command}: {done.Changed} done of {of}{brought}, {done.Files} "
                + $"{Wording.Counted(done.Files, "file")} changed in {Wording.Shown(done.WorkFolder)} "
                + $"(operation {id}; `forno dataset undo {Wording.Quoted(done.WorkFolder)}` takes it back)"
        );
    }

    private static void Describe(CommandHost cli, ChangePlanned planned, string of)
    {
        cli.Out.WriteLine($"{planned.Command}: would do {planned.Changed} of {of}");
        foreach (StepDescription step in planned.Steps.Take(MostLines))
        {
            cli.Out.WriteLine($"  {Wording.Shown(step.Picture)}: {Wording.Shown(step.What)}");
            if (step.Text is { } text)
            {
                cli.Out.WriteLine(text.Before is null ? "    - (no caption)" : $"    - {Clipped(text.Before)}");
                cli.Out.WriteLine($"    + {Clipped(text.After)}");
            }
        }

        More(cli.Out, planned.Steps.Count);
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

    private sealed class Watcher(Action<JobEvent, IProgress<JobEvent>> watch, IProgress<JobEvent> console)
        : IProgress<JobEvent>
    {
        public void Report(JobEvent value)
        {
            watch(value, console);
            console.Report(value);
        }
    }

    private sealed class OwnPlan(
        ChangePlace place,
        Func<ChangeContext, ChangePlan> plan,
        Func<IReadOnlyList<Finding>> findings,
        string? captionExtension
    ) : ChangeJob(place, captionExtension)
    {
        protected override ChangePlan Plan(ChangeContext context) => plan(context);

        protected override IReadOnlyList<Finding> Findings() => findings();
    }
}

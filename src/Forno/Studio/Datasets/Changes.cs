using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What changes of data sets have in common.</summary>
internal static class Changes
{
    /// <summary>Describes a plan (without a work folder) or does it.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="work">The open work folder; null describes what would be done.</param>
    /// <param name="looked">How many pictures or sources were looked at.</param>
    /// <param name="findings">What else there is to report.</param>
    /// <param name="events">Who is told how far it is.</param>
    /// <param name="cancel">Stops it; what was done is taken back.</param>
    public static ChangeResult Finish(
        ChangePlan plan,
        WorkFolder? work,
        int looked,
        IReadOnlyList<Finding> findings,
        JobProgress events,
        CancellationToken cancel
    )
    {
        int lists = plan.Steps.Count(s => s.IsList);
        if (work is null)
        {
            PlanDescription described = plan.Describe();
            return new ChangePlanned
            {
                Command = described.Command,
                Looked = looked,
                Changed = plan.Steps.Count - lists,
                Steps = described.Steps,
                Problems = described.Problems,
                Kept = described.Kept,
                Notes = described.Notes,
                Findings = findings,
            };
        }

        Applied applied = events.Count(
            plan.Name,
            plan.Steps.Count,
            "pictures",
            progress => work.Apply(plan, progress, cancel)
        );
        int brought = plan.Steps.Count(s => s.What == ChangePlan.BroughtOver);
        return new ChangeDone
        {
            Command = plan.Name,
            WorkFolder = work.Root,
            Operation = applied.Id,
            Looked = looked,
            Steps = applied.Steps,
            Changed = Math.Max(0, applied.Steps - brought - lists),
            BroughtOver = brought,
            Files = applied.Files,
            Problems = applied.Problems,
            Kept = plan.Kept,
            Notes = plan.Notes,
            Findings = findings,
        };
    }

    /// <summary>Says what was put right when a work folder was opened.</summary>
    public static void SayRecovered(JobProgress events, WorkFolder? work)
    {
        if (work?.Recovered is { } recovered)
        {
            events.Say($"{work.Root}: {recovered}");
        }
    }

    /// <summary>Says that a killed operation left a work folder half done; for jobs that only look.</summary>
    public static void SayUnfinished(JobProgress events, IEnumerable<string> folders)
    {
        foreach (string root in folders.Where(Directory.Exists).Select(WorkFolder.Find).OfType<string>().Distinct())
        {
            if (WorkFolder.Unfinished(root) is { } unfinished)
            {
                events.Say(
                    $"{root}: an interrupted '{unfinished}' left it half done; the next change or undo rolls that "
                        + "back first"
                );
            }
        }
    }

    /// <summary>Refuses an output folder that lies in a source, or a source that lies in it.</summary>
    public static void RequireApart(IEnumerable<string> sources, string output)
    {
        string target = Whole(output);
        foreach (string source in sources)
        {
            string from = Whole(source);
            if (target.StartsWith(from, StringComparison.Ordinal) || from.StartsWith(target, StringComparison.Ordinal))
            {
                throw FornoException.ForFile(
                    output,
                    $"it lies in {source} or the other way round",
                    "Choose a folder beside it; a work folder is changed in place where no output is named."
                );
            }
        }

        static string Whole(string folder) =>
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
    }
}

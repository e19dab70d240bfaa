namespace Forno.Workspace;

/// <summary>Changes that hang together, usually those of one picture: all of them are done, or none.</summary>
public sealed record PlanStep
{
    /// <summary>The picture it is about: its path within the data set.</summary>
    public required string Subject { get; init; }

    /// <summary>What is done, for people: <c>trim 160×120 to 110×80</c>.</summary>
    public string What { get; init; } = "";

    /// <summary>The caption before and after, where the step changes one; else null.</summary>
    public TextChange? Text { get; init; }

    /// <summary>
    /// Whether it is about no picture but a list of what was done: people are not told that it was done.
    /// </summary>
    public bool IsList { get; init; }

    /// <summary>The changes.</summary>
    public IReadOnlyList<FileChange> Changes { get; init; } = [];

    /// <summary>
    /// Further additions that only show while they are made (the frames of an animation); each is done before the next
    /// is asked for. A <see cref="FornoException"/> from it takes the step back and becomes a problem.
    /// </summary>
    public Func<CancellationToken, IEnumerable<AddFile>>? Expand { get; init; }
}

/// <summary>A text that is changed.</summary>
/// <param name="Before">As it was; null if there was none.</param>
/// <param name="After">As it is to be.</param>
public sealed record TextChange(string? Before, string After);

/// <summary>
/// What a command is going to do, without having done anything: <see cref="WorkFolder.Apply"/> does it,
/// <see cref="Describe"/> tells it.
/// </summary>
public sealed record ChangePlan
{
    /// <summary>What a step says that only copies a picture into the new work folder.</summary>
    public const string BroughtOver = "bring over";

    /// <summary>The command, for the journal: <c>trim</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The steps; their paths are disjoint, so their order does not matter.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>Files that were left out, and why.</summary>
    public IReadOnlyList<Problem> Problems { get; init; } = [];

    /// <summary>
    /// Pictures that stay as they are though something was asked of them, and why: nothing is wrong with the files.
    /// </summary>
    public IReadOnlyList<Problem> Kept { get; init; } = [];

    /// <summary>What else the user should know, a line each.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>Makes a plan picture by picture, several at a time.</summary>
    /// <param name="name">The command.</param>
    /// <param name="folder">The pictures; its problems become the plan's.</param>
    /// <param name="step">Decides about one picture; null leaves it as it is; a <see cref="FornoException"/> becomes a
    /// problem.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="workers">Pictures at a time; 0 = one for each core.</param>
    public static ChangePlan Make(
        string name,
        PictureFolder folder,
        Func<PictureItem, PlanStep?> step,
        IProgress<long>? progress = null,
        CancellationToken cancel = default,
        int workers = 0
    )
    {
        var (steps, problems) = ForEach(folder.Pictures, step, progress, cancel, workers);
        return new ChangePlan
        {
            Name = name,
            Steps = [.. steps.OfType<PlanStep>()],
            Problems = [.. folder.Problems, .. problems],
        };
    }

    /// <summary>
    /// The same plan with a change of a file that is no picture's, such as a list beside them: it goes with the first
    /// step.
    /// </summary>
    /// <param name="step">The change; null = none.</param>
    public ChangePlan And(PlanStep? step) =>
        step is null ? this
        : Steps.Count == 0 ? this with { Steps = [step] }
        : this with
        {
            Steps =
            [
                Steps[0] with
                {
                    What = $"{Steps[0].What}; {step.Subject}: {step.What}",
                    Changes = [.. Steps[0].Changes, .. step.Changes],
                },
                .. Steps.Skip(1),
            ],
        };

    /// <summary>Asks something of every picture, several at a time.</summary>
    /// <param name="pictures">The pictures.</param>
    /// <param name="ask">The question; a <see cref="FornoException"/> becomes a problem and the answer stays
    /// default.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <param name="workers">Pictures at a time; 0 = one for each core.</param>
    /// <returns>The answers and the problems, both in the pictures' order.</returns>
    public static (T?[] Answers, IReadOnlyList<Problem> Problems) ForEach<T>(
        IReadOnlyList<PictureItem> pictures,
        Func<PictureItem, T?> ask,
        IProgress<long>? progress = null,
        CancellationToken cancel = default,
        int workers = 0
    )
    {
        var answers = new T?[pictures.Count];
        var problems = new Problem?[pictures.Count];
        long done = 0;
        var options = new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = workers > 0 ? workers : Environment.ProcessorCount,
        };
        Parallel.For(
            0,
            pictures.Count,
            options,
            i =>
            {
                try
                {
                    answers[i] = ask(pictures[i]);
                }
                catch (FornoException e)
                {
                    problems[i] = Problem.Of(pictures[i].Path, e, pictures[i].File);
                }

                progress?.Report(Interlocked.Increment(ref done));
            }
        );
        return (answers, [.. problems.OfType<Problem>()]);
    }

    /// <summary>
    /// The same plan for pictures that are no work folder: they are copied into one, captions and masks with them, and
    /// what the plan would change is added in its changed form; pictures that the plan names as problems are left out.
    /// The sources stay as they are.
    /// </summary>
    /// <param name="folder">The pictures that the plan was made for.</param>
    public ChangePlan BringingOver(PictureFolder folder)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var item in folder.Pictures)
        {
            files[item.Path] = item.File;
            foreach (var companion in item.Needed)
            {
                files[companion.Path] = companion.File;
            }
        }

        HashSet<string> touched =
        [
            .. Steps.SelectMany(s => s.Changes).Where(c => c is not AddFile).Select(c => c.Path),
        ];
        var copies = new Dictionary<string, List<FileChange>>(StringComparer.Ordinal);
        HashSet<string> broken = [.. Problems.Select(p => p.File)];
        foreach (var item in folder.Pictures.Where(p => !broken.Contains(p.Path)))
        {
            var own = copies[item.Path] = [];
            foreach (string path in (string[])[item.Path, .. item.Needed.Select(c => c.Path)])
            {
                if (touched.Add(path))
                {
                    own.Add(new AddFile(path, FileContent.CopyOf(files[path])));
                }
            }
        }

        var steps = new List<PlanStep>();
        foreach (var step in Steps)
        {
            copies.Remove(step.Subject, out var brought);
            steps.Add(step with { Changes = [.. brought ?? [], .. step.Changes.Select(Added).OfType<FileChange>()] });
        }

        steps.AddRange(
            copies
                .Where(c => c.Value.Count > 0)
                .Select(c => new PlanStep
                {
                    Subject = c.Key,
                    What = BroughtOver,
                    Changes = c.Value,
                })
        );
        return this with { Steps = [.. steps.OrderBy(s => s.Subject, StringComparer.Ordinal)] };

        AddFile? Added(FileChange change) =>
            change switch
            {
                AddFile add => add,
                ReplaceFile replace => new AddFile(replace.Path, replace.Content),
                MoveFile move => new AddFile(move.To, FileContent.CopyOf(files[move.Path])),
                RemoveFile => null,
                _ => throw new InvalidOperationException($"{change.GetType()} is new here"),
            };
    }

    /// <summary>The plan for machines: what <c>--dry-run --json</c> prints.</summary>
    public PlanDescription Describe() =>
        new(
            Name,
            [
                .. Steps.Select(s => new StepDescription(
                    s.Subject,
                    s.What,
                    [.. s.Changes.Select(c => new ChangeDescription(c.Kind, c.Path, (c as MoveFile)?.To))],
                    s.Expand is null ? null : true,
                    s.Text
                )),
            ],
            Problems,
            Kept,
            Notes
        );
}

/// <summary>A plan, described.</summary>
/// <param name="Command">The command.</param>
/// <param name="Steps">Its steps.</param>
/// <param name="Problems">Files that were left out, and why.</param>
/// <param name="Kept">Pictures that stay as they are, and why.</param>
/// <param name="Notes">What else the user should know.</param>
public sealed record PlanDescription(
    string Command,
    IReadOnlyList<StepDescription> Steps,
    IReadOnlyList<Problem> Problems,
    IReadOnlyList<Problem> Kept,
    IReadOnlyList<string> Notes
);

/// <summary>A step of a plan, described.</summary>
/// <param name="Picture">The picture it is about.</param>
/// <param name="What">What is done.</param>
/// <param name="Changes">The changes of files.</param>
/// <param name="More">True if further files are added whose number shows only when they are made; else null.</param>
/// <param name="Text">The caption before and after, else null.</param>
public sealed record StepDescription(
    string Picture,
    string What,
    IReadOnlyList<ChangeDescription> Changes,
    bool? More,
    TextChange? Text
);

/// <summary>A change, described.</summary>
/// <param name="Kind">add, replace, move or remove.</param>
/// <param name="Path">The file, within the work folder.</param>
/// <param name="To">Where it is moved, else null.</param>
public sealed record ChangeDescription(string Kind, string Path, string? To);

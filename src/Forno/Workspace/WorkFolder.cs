namespace Forno.Workspace;

/// <summary>What came of a plan.</summary>
/// <param name="Id">The operation's number for undo; null if nothing was changed.</param>
/// <param name="Steps">How many of the plan's steps were done.</param>
/// <param name="Files">How many files were changed.</param>
/// <param name="Problems">The plan's problems and those that showed while it was done.</param>
public sealed record Applied(int? Id, int Steps, int Files, IReadOnlyList<Problem> Problems);

/// <summary>What was taken back.</summary>
/// <param name="Operations">The operations, latest first.</param>
/// <param name="SetAside">Files that were changed by hand since, within the work folder: where they were put.</param>
public sealed record Undone(IReadOnlyList<JournalEntry> Operations, IReadOnlyList<string> SetAside);

/// <summary>Where tests step in between the changes.</summary>
internal sealed record WorkFolderHooks
{
    public Action<FileChange>? BeforeChange { get; init; }

    public Action<string>? BeforeWrite { get; init; }
}

/// <summary>
/// A folder in which dataset tools work: its journal in <c>.forno</c> lets every operation be taken back, and files
/// that are replaced or removed are kept there. Open it for as long as it is worked on: no other process can meanwhile.
/// </summary>
public sealed class WorkFolder : IDisposable
{
    /// <summary>The folder of journal and kept files.</summary>
    public const string Hidden = ".forno";

    private const string JournalName = "journal.jsonl";
    private readonly WorkFolderHooks hooks;
    private readonly FileStream gate;
    private readonly Journal journal;

    private WorkFolder(string root, WorkFolderHooks hooks)
    {
        Root = root;
        this.hooks = hooks;
        string hidden = Path.Join(root, Hidden);
        try
        {
            Directory.CreateDirectory(hidden);
            gate = new FileStream(
                Path.Join(hidden, "lock"),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None
            );
        }
        catch (UnauthorizedAccessException e)
        {
            throw CannotWrite(root, e);
        }
        catch (IOException e)
        {
            throw IsLocked(e)
                ? FornoException.ForFile(
                    root,
                    "another Forno is working in this folder",
                    "Wait until it has finished.",
                    e
                )
                : CannotWrite(root, e);
        }

        try
        {
            journal = new Journal(Path.Join(hidden, JournalName));
            Recovered = Recover();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            journal?.Dispose();
            gate.Dispose();
            throw CannotWrite(root, e);
        }
        catch
        {
            journal?.Dispose();
            gate.Dispose();
            throw;
        }
    }

    /// <summary>The folder, absolute.</summary>
    public string Root { get; }

    /// <summary>What was put right when it was opened, in a sentence; null if all was well.</summary>
    public string? Recovered { get; }

    /// <summary>The operations so far, oldest first.</summary>
    public IReadOnlyList<JournalEntry> History => journal.Entries;

    /// <summary>The work folder that a folder is or lies in, or null.</summary>
    public static string? Find(string folder)
    {
        for (
            string? at = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
            at is not null;
            at = Path.GetDirectoryName(at)
        )
        {
            if (File.Exists(Path.Join(at, Hidden, JournalName)))
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>
    /// Opens a work folder. An operation that was killed is rolled back first, and an undo that was killed is finished
    /// (<see cref="Recovered"/> tells), so look at the files after this.
    /// </summary>
    /// <param name="root">A folder for which <see cref="Find"/> gives itself.</param>
    /// <exception cref="FornoException">It is none, another process has it open, or it cannot be written.</exception>
    public static WorkFolder Open(string root) => Open(root, new WorkFolderHooks());

    /// <summary>Opens a work folder, or makes one of a folder that is absent or empty.</summary>
    /// <param name="root">The folder.</param>
    /// <exception cref="FornoException">It holds files, another process has it open, or it cannot be
    /// written.</exception>
    public static WorkFolder OpenOrCreate(string root) => OpenOrCreate(root, new WorkFolderHooks());

    /// <summary>
    /// Whether <see cref="OpenOrCreate(string)"/> would take a folder; throws if not, and writes nothing.
    /// </summary>
    /// <param name="root">The folder.</param>
    /// <exception cref="FornoException">It holds files and is no work folder, or lies inside another one.</exception>
    public static void RequireUsable(string root)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        if (Find(full) is { } found)
        {
            if (found != full)
            {
                throw FornoException.ForFile(
                    root,
                    $"it is inside the work folder {found}",
                    "Choose a folder outside of it."
                );
            }
        }
        else if (
            File.Exists(full)
            || (
                Directory.Exists(full)
                && Directory.EnumerateFileSystemEntries(full).Any(e => Path.GetFileName(e) != Hidden)
            )
        )
        {
            throw FornoException.ForFile(
                root,
                "it already has files and is not a work folder of Forno",
                "Choose a new or empty folder."
            );
        }
    }

    /// <summary>
    /// The name of the operation that was killed in a work folder, without touching anything; null if none was.
    /// </summary>
    public static string? Unfinished(string root) =>
        Journal
            .Read(Path.Join(root, Hidden, JournalName))
            .Find(e => e.State == OperationState.Unfinished || e.Undoing)
            ?.Name;

    /// <summary>The operations of a work folder that need not be opened, oldest first.</summary>
    public static IReadOnlyList<JournalEntry> ReadHistory(string root) =>
        Journal.Read(Path.Join(root, Hidden, JournalName));

    /// <summary>
    /// Does what a plan says, several pictures at a time; wholly, or not at all if the disk refuses or it is stopped.
    /// </summary>
    /// <param name="plan">The plan, made for this folder as it is now.</param>
    /// <param name="progress">Counts steps.</param>
    /// <param name="cancel">Stops it: what was done is taken back.</param>
    /// <param name="workers">Steps at a time; 0 = one for each core.</param>
    /// <exception cref="FornoException">The plan does not fit, or the disk refused; the folder is as
    /// before.</exception>
    public Applied Apply(
        ChangePlan plan,
        IProgress<long>? progress = null,
        CancellationToken cancel = default,
        int workers = 0
    )
    {
        if (plan.Steps.Count == 0)
        {
            return new Applied(null, 0, 0, plan.Problems);
        }

        cancel.ThrowIfCancellationRequested();
        int id = History.Count == 0 ? 1 : History.Max(e => e.Id) + 1;
        var operation = new JournaledOperation(Root, journal, id, hooks);
        JournalEntry? before = History.LastOrDefault();
        try
        {
            operation.Announce(
                [.. plan.Steps.SelectMany(s => s.Changes)],
                new JournalLine
                {
                    Op = Journal.Begin,
                    Id = id,
                    Name = plan.Name,
                    Time = DateTimeOffset.UtcNow,
                }
            );
            var problems = new StepRunner(operation).Run(plan.Steps, progress, cancel, workers);
            Problem[] all = [.. plan.Problems, .. problems];
            if (operation.Count == 0)
            {
                RollBack(History[^1]);
                return new Applied(null, 0, 0, all);
            }

            operation.End();
            return new Applied(id, plan.Steps.Count - problems.Count, operation.Count, all);
        }
        catch when (History.LastOrDefault() != before)
        {
            try
            {
                RollBack(History[^1]);
            }
            catch (FornoException)
            {
                // The disk takes nothing any more: the next opening rolls back. What went wrong first is what to tell.
            }

            throw;
        }
    }

    /// <summary>Takes back the last operations exactly.</summary>
    /// <param name="count">How many; more than there are takes back all.</param>
    /// <exception cref="FornoException">The disk refused; the next opening goes on with it.</exception>
    public Undone Undo(int count)
    {
        var (undone, aside) = (new List<JournalEntry>(), new List<string>());
        foreach (
            JournalEntry entry in History.Where(e => e.State == OperationState.Done).Reverse().Take(count).ToArray()
        )
        {
            journal.Append([new JournalLine { Op = Journal.Undoing, Id = entry.Id }], flush: true);
            aside.AddRange(FinishUndo(entry));
            undone.Add(entry);
        }

        return new Undone(undone, aside);
    }

    /// <summary>Lets other processes at the folder.</summary>
    public void Dispose()
    {
        journal.Dispose();
        gate.Dispose();
    }

    internal static WorkFolder Open(string root, WorkFolderHooks hooks)
    {
        string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));
        return File.Exists(Path.Join(full, Hidden, JournalName))
            ? new WorkFolder(full, hooks)
            : throw FornoException.ForFile(
                root,
                "it is not a work folder of Forno",
                "`forno dataset import SOURCE -o FOLDER` makes one."
            );
    }

    internal static WorkFolder OpenOrCreate(string root, WorkFolderHooks hooks)
    {
        RequireUsable(root);
        return new WorkFolder(Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)), hooks);
    }

    // EAGAIN on Linux, EWOULDBLOCK on macOS, a sharing violation on Windows.
    private static bool IsLocked(IOException e) => e.HResult is 11 or 35 or unchecked((int)0x80070020);

    private static FornoException CannotWrite(string root, Exception e) =>
        FornoException.ForFile(
            root,
            $"cannot be written ({e.Message})",
            "Check its permissions, or choose another folder.",
            e
        );

    private string? Recover()
    {
        if (History.LastOrDefault(e => e.Undoing) is { } undoing)
        {
            FinishUndo(undoing);
            return $"an interrupted undo of '{undoing.Name}' was finished";
        }

        if (History.LastOrDefault(e => e.State == OperationState.Unfinished) is { } unfinished)
        {
            RollBack(unfinished);
            return $"an interrupted '{unfinished.Name}' was rolled back; nothing is lost";
        }

        return null;
    }

    private void RollBack(JournalEntry entry)
    {
        Guarded(() => new Reversal(Root, entry.Id).RollBack(entry));
        journal.Append([new JournalLine { Op = Journal.RolledBack, Id = entry.Id }], flush: true);
    }

    private List<string> FinishUndo(JournalEntry entry)
    {
        var reversal = new Reversal(Root, entry.Id);
        Guarded(() => reversal.Undo(entry));
        journal.Append([new JournalLine { Op = Journal.Undone, Id = entry.Id }], flush: true);
        return reversal.SetAside;
    }

    private void Guarded(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                Root,
                $"an unfinished operation could not be rolled back completely ({e.Message})",
                "Fix the cause; the next command continues it.",
                e
            );
        }
    }
}

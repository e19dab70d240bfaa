using System.Text.Json.Serialization;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What is taken back.</summary>
/// <param name="Folder">The work folder, or one below it.</param>
/// <param name="Count">How many operations.</param>
/// <param name="DryRun">Whether they are only named.</param>
public sealed record UndoRequest(string Folder, int Count = 1, bool DryRun = false);

/// <summary>An operation of a work folder.</summary>
/// <param name="Id">Its number, counting from 1.</param>
/// <param name="Command">The change's name: <c>trim</c>.</param>
/// <param name="Files">How many files it changed.</param>
/// <param name="Time">When it began.</param>
/// <param name="State">Where it stands.</param>
public sealed record OperationRow(
    int Id,
    string Command,
    int Files,
    DateTimeOffset Time,
    [property: JsonConverter(typeof(JsonStringEnumConverter<OperationState>))] OperationState State
)
{
    internal static OperationRow Of(JournalEntry entry) =>
        new(entry.Id, entry.Name, entry.Changes, entry.Time, entry.State);
}

/// <summary>What was (or would be) taken back.</summary>
/// <param name="WorkFolder">The work folder, absolute.</param>
/// <param name="Operations">The operations, latest first.</param>
/// <param name="SetAside">Where files were put that had been changed by hand since, within the work folder.</param>
/// <param name="DryRun">Whether nothing was changed.</param>
public sealed record UndoResult(
    string WorkFolder,
    IReadOnlyList<OperationRow> Operations,
    IReadOnlyList<string> SetAside,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] bool DryRun = false
);

/// <summary>Takes the last operations of a work folder back.</summary>
/// <param name="request">What is wanted.</param>
public sealed class UndoJob(UndoRequest request) : IJob<UndoResult>
{
    /// <inheritdoc/>
    public UndoResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        string root = HistoryJob.Root(request.Folder);
        if (request.DryRun)
        {
            JournalEntry[] next =
            [
                .. WorkFolder
                    .ReadHistory(root)
                    .Where(e => e.State == OperationState.Done)
                    .Reverse()
                    .Take(request.Count),
            ];
            return new UndoResult(root, [.. next.Select(OperationRow.Of)], [], DryRun: true);
        }

        using var work = WorkFolder.Open(root);
        Changes.SayRecovered(new JobProgress(progress), work);
        Undone undone = work.Undo(request.Count);
        return new UndoResult(root, [.. undone.Operations.Select(OperationRow.Of)], undone.SetAside);
    }
}

/// <summary>Lists the operations of a work folder, oldest first.</summary>
/// <param name="folder">The work folder, or one below it.</param>
public sealed class HistoryJob(string folder) : IJob<IReadOnlyList<OperationRow>>
{
    /// <inheritdoc/>
    public IReadOnlyList<OperationRow> Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default) =>
        [.. WorkFolder.ReadHistory(Root(folder)).Select(OperationRow.Of)];

    internal static string Root(string folder) =>
        WorkFolder.Find(folder)
        ?? throw FornoException.ForFile(
            folder,
            "it is no work folder of Forno, so there is nothing to undo",
            "Name the folder that took the changed copies."
        );
}

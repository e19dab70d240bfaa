using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What a change's plan is made of.</summary>
/// <param name="Folder">The pictures.</param>
/// <param name="Progress">Counts pictures that were looked at.</param>
/// <param name="Events">For what else there is to say, and for stretches of another kind.</param>
/// <param name="Cancel">Stops it.</param>
public sealed record ChangeContext(
    PictureFolder Folder,
    IProgress<long> Progress,
    JobProgress Events,
    CancellationToken Cancel
);

namespace Forno.Studio.Datasets;

/// <summary>Where a data set is changed.</summary>
public sealed record ChangePlace
{
    /// <summary>Folders of pictures, with all below them, or single pictures.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>
    /// New work folder that takes the changed copies; null: the pictures lie in a work folder and are changed there.
    /// </summary>
    public string? Output { get; init; }

    /// <summary>Whether the change is described and nothing is written.</summary>
    public bool DryRun { get; init; }
}

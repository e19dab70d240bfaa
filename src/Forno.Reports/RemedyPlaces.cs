namespace Forno.Reports;

/// <summary>What remedies are about: the folders and the configuration at hand.</summary>
public sealed record RemedyPlaces
{
    /// <summary>Nothing is known: remedies name FOLDER and FILE.</summary>
    public static RemedyPlaces Unknown { get; } = new();

    /// <summary>The folders of the data set, as the user wrote them; none = not known.</summary>
    public IReadOnlyList<string> Folders { get; init; } = [];

    /// <summary>The folder that paths in the data set begin in; empty = the current one, null = not known.</summary>
    public string? Root { get; init; }

    /// <summary>Whether the folders are (in) a work folder, which is changed in place.</summary>
    public bool IsWork { get; init; }

    /// <summary>The training configuration as the user wrote it; null = not known.</summary>
    public string? Config { get; init; }

    /// <summary>The one file that options of the training stand in; null = not known, or there are several.</summary>
    public string? OptionsFile { get; init; }
}

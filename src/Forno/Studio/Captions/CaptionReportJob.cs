using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Which captions are looked at, and how.</summary>
public sealed record CaptionReportRequest
{
    /// <summary>Folders of pictures; nothing in them is changed.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>How.</summary>
    public CaptionReportOptions Options { get; init; } = new();

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Counts and judges the words of captions.</summary>
/// <param name="request">What is wanted.</param>
public sealed class CaptionReportJob(CaptionReportRequest request) : IJob<CaptionReportResult>
{
    /// <inheritdoc/>
    public CaptionReportResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        (PictureFolder folder, CaptionSet set) = Read(request.Folders, request.Extension, progress, cancel);
        return new CaptionReportResult(CaptionReporter.Make(set, request.Options), folder.Pictures.Count);
    }

    /// <summary>Reads captions.</summary>
    internal static (PictureFolder Folder, CaptionSet Set) Read(
        IReadOnlyList<string> folders,
        string? extension,
        IProgress<JobEvent>? progress,
        CancellationToken cancel
    )
    {
        var folder = PictureFolder.Scan(folders, captionExtension: extension);
        CaptionSet set = new JobProgress(progress).Count(
            "read",
            folder.Pictures.Count,
            "captions",
            read => CaptionSet.Read(folder, extension, read, cancel)
        );
        return (folder, set);
    }
}

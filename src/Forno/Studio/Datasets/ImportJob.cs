using Forno.Datasets.Import;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>What is brought into a work folder, and how.</summary>
public sealed record ImportRequest
{
    /// <summary>Folders (with all below them), pictures, films, zip archives.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>The work folder: new, empty, or made by Forno.</summary>
    public required string Output { get; init; }

    /// <summary>How.</summary>
    public required ImportSettings Settings { get; init; }

    /// <summary>Whether the import is described and nothing is written.</summary>
    public bool DryRun { get; init; }
}

/// <summary>Brings pictures, animations, films and archives into a work folder as PNG.</summary>
/// <param name="request">What is wanted.</param>
public sealed class ImportJob(ImportRequest request) : IJob<ChangeResult>
{
    /// <inheritdoc/>
    public ChangeResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        Changes.RequireApart(request.Sources, request.Output);
        WorkFolder.RequireUsable(request.Output);
        if (request.Sources.FirstOrDefault(s => !Path.Exists(s)) is { } absent)
        {
            throw FornoException.ForFile(absent, "there is no such file or folder", "Check its name.");
        }

        using WorkFolder? work = request.DryRun ? null : WorkFolder.OpenOrCreate(request.Output);
        Changes.SayRecovered(events, work);
        using var importer = new Importer(request.Settings); // its unpacked archives are needed until the end
        ChangePlan plan = events.Count(
            "look",
            0,
            "files",
            looked => importer.Plan(request.Sources, Taken(request.Output), looked, cancel)
        );
        if (importer.Others > 0)
        {
            events.Say(
                importer.Others == 1
                    ? "1 other file (no picture, film, archive or caption of one) stays where it is"
                    : $"{importer.Others} other files (no picture, film, archive or caption of one) stay where they are"
            );
        }

        return Changes.Finish(plan, work, importer.Looked, [], events, cancel);
    }

    private static IEnumerable<string> Taken(string output) =>
        !Directory.Exists(output)
            ? []
            : Directory
                .EnumerateFiles(output, "*", SearchOption.AllDirectories)
                .Select(f => RelativePath.Of(output, f))
                .Where(f => !f.StartsWith(WorkFolder.Hidden + "/", StringComparison.Ordinal));
}

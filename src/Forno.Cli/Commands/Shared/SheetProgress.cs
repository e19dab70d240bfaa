using Forno.Reports.Sheets;
using Forno.Studio;

namespace Forno.Cli.Commands.Shared;

/// <summary>Contact sheets of what jobs found, with a progress line.</summary>
internal static class SheetProgress
{
    /// <summary>Writes a sheet.</summary>
    /// <param name="file">The page's file.</param>
    /// <param name="page">The page.</param>
    /// <param name="pictures">How many pictures it shows.</param>
    /// <param name="console">Where progress is shown.</param>
    /// <param name="cancel">Stops it.</param>
    public static void Save(
        string file,
        SheetPage page,
        int pictures,
        IProgress<JobEvent> console,
        CancellationToken cancel
    ) =>
        new JobProgress(console).Count(
            "sheet",
            pictures,
            "pictures",
            progress => ContactSheet.Save(file, page, progress, cancel)
        );
}

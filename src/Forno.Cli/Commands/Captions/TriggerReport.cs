using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Reports;
using Forno.Reports.Absorption;
using Forno.Reports.Sheets;
using Forno.Studio.Captions;

namespace Forno.Cli.Commands.Captions;

/// <summary>
/// <c>forno caption report --triggers</c>: the absorption table as text, JSON or a page with a picture of the sets.
/// </summary>
internal sealed class TriggerReport
{
    private readonly Option<bool> asked = new("--triggers")
    {
        Description = "The absorption table instead: what each trigger will learn of what was pruned",
    };
    private readonly Option<string?> html = new("--html")
    {
        Description = "With --triggers: write it as one page with a picture of the sets",
        HelpName = "FILE",
    };
    private readonly TriggerOptions options = new();

    /// <summary>Gives a command its options.</summary>
    public TriggerReport AddTo(Command command)
    {
        command.Options.Add(asked);
        command.Options.Add(html);
        options.AddTo(command);
        return this;
    }

    /// <summary>Whether a command line asks for it.</summary>
    public bool Asked(ParseResult parsed) => parsed.GetValue(asked) || parsed.GetValue(html) is not null;

    /// <summary>Reports the table.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="folders">Where pictures are looked for.</param>
    /// <param name="extension">The extension of the captions, or null.</param>
    /// <param name="known">Further tags that base models know, or null.</param>
    /// <param name="json">Whether machines read the answer.</param>
    public int Run(CommandHost cli, ParseResult parsed, string[] folders, string? extension, TagList? known, bool json)
    {
        string? page = parsed.GetValue(html);
        if (page is not null)
        {
            ContactSheet.RequireName(page);
        }

        var request = new AbsorptionRequest
        {
            Folders = folders,
            Triggers = options.Search(parsed),
            KnownTags = known,
            Extension = extension,
        };
        AbsorptionResult result = WorkFolderRun.Do(cli, new AbsorptionJob(request));
        RemedyPlaces places = FindingPrinter.Places(folders);
        string name = string.Join(", ", folders.Select(f => Wording.Shown(NameOf(f))));
        if (page is not null)
        {
            AbsorptionPage.Save(page, name, result.Table, places);
        }

        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result, places));
            return 0;
        }

        AbsorptionPrinter.Print(cli.Out, name, result.Table, places);
        cli.Out.WriteLine();
        cli.Out.WriteLine(page is null ? "--html FILE.html draws the sets" : $"page: {Wording.Shown(page)}");
        WorkFolderRun.List(cli, result.Problems);
        return 0;
    }

    private static string NameOf(string folder) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}

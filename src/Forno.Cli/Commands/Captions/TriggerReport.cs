using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Kohya;
using Forno.Reports;
using Forno.Reports.Absorption;
using Forno.Reports.Sheets;
using Forno.Workspace;

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

    /// <summary>Tells the table.</summary>
    /// <param name="cli">The outside.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="folder">The pictures.</param>
    /// <param name="folders">Where they were looked for.</param>
    /// <param name="set">Their captions.</param>
    /// <param name="known">Further tags that base models know, or null.</param>
    /// <param name="json">Whether machines read the answer.</param>
    /// <param name="config">The training configuration, or null.</param>
    public int Run(
        CommandHost cli,
        ParseResult parsed,
        PictureFolder folder,
        string[] folders,
        CaptionSet set,
        IReadOnlySet<string>? known,
        bool json,
        ConfigEdit? config = null
    )
    {
        if (parsed.GetValue(html) is { } page)
        {
            ContactSheet.RequireName(page);
        }

        TraitLists traits = options.Traits(parsed);
        var (pruned, problems) = TriggerScenes.ReadPruned(set, cli.Cancel);
        var table = AbsorptionTable.Make(
            TriggerScenes.Of(set, options.Names(parsed, folder, folders, set, traits, config), traits, pruned, known)
        );
        string name = string.Join(", ", folders.Select(f => Wording.Shown(NameOf(f))));
        RemedyPlaces places = FindingPrinter.Places(folder, folders);
        if (parsed.GetValue(html) is { } file)
        {
            AbsorptionPage.Save(file, name, table, places);
        }

        if (json)
        {
            cli.Out.WriteLine(AbsorptionPrinter.Json(table, places));
            return 0;
        }

        AbsorptionPrinter.Print(cli.Out, name, table, places);
        cli.Out.WriteLine();
        cli.Out.WriteLine(
            parsed.GetValue(html) is { } written ? $"page: {Wording.Shown(written)}" : "--html FILE.html draws the sets"
        );
        WorkFolderRun.List(cli, [.. set.Problems, .. problems]);
        return 0;
    }

    private static string NameOf(string folder) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}

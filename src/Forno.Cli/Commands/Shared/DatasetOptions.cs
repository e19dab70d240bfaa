using System.CommandLine;
using Forno.Cli.Terminal;
using Forno.Studio.Datasets;

namespace Forno.Cli.Commands.Shared;

/// <summary>What every <c>forno dataset</c> command takes.</summary>
/// <param name="what">What its argument says in --help; null: folders of pictures.</param>
internal sealed class DatasetOptions(string? what = null)
{
    private readonly Argument<string[]> folders = new("folders")
    {
        Description =
            what
            ?? (
                "Folders of pictures, with all below them; in a work folder (or a part of one) the command works "
                + "in place"
            ),
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> output = new("--out", "-o")
    {
        Description = "New work folder that takes the pictures and what belongs to them; the sources stay as they are",
    };

    private readonly Option<bool> dryRun = new("--dry-run")
    {
        Description = "Say what would be changed; change nothing",
    };
    private readonly Option<bool> json = FornoCommand.JsonOption();

    /// <summary>Gives a command these options, after its own.</summary>
    public DatasetOptions AddTo(Command command)
    {
        command.Arguments.Add(folders);
        command.Options.Add(output);
        command.Options.Add(dryRun);
        command.Options.Add(json);
        return this;
    }

    /// <summary>The folders, as written.</summary>
    public string[] Folders(ParseResult parsed) => parsed.GetValue(folders) ?? [];

    /// <summary>The work folder to make, or null.</summary>
    public string? Output(ParseResult parsed) => parsed.GetValue(output);

    /// <summary>Whether nothing is to be changed.</summary>
    public bool DryRun(ParseResult parsed) => parsed.GetValue(dryRun);

    /// <summary>Where a change is made.</summary>
    public ChangePlace Place(ParseResult parsed) =>
        new()
        {
            Folders = Folders(parsed),
            Output = Output(parsed),
            DryRun = DryRun(parsed),
        };

    /// <summary>Whether machines read the answer.</summary>
    public bool Json(ParseResult parsed) => parsed.GetValue(json);
}

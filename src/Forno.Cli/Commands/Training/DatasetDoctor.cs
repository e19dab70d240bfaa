using System.CommandLine;
using Forno.Advice;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Findings;
using Forno.Reports;
using Forno.Studio.Training;

namespace Forno.Cli.Commands.Training;

/// <summary>
/// <c>forno doctor DATASET</c>: every finding of all tools over a data set and a training configuration, worst first.
/// </summary>
internal sealed class DatasetDoctor
{
    private static readonly (Harm Harm, string Heading)[] Classes =
    [
        (Harm.Stops, "First of all: with these the training fails, or learns something else"),
        (Harm.Spoils, "Spoils pictures, the set or the training"),
        (Harm.Worse, "Likely to make the LoRA worse"),
        (Harm.Note, "Good to know"),
    ];

    private readonly Argument<string[]> folders = new("folders")
    {
        Description = "Folders of a data set; without any the machine is looked at",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> config = new("--config")
    {
        Description = "Training configuration to hold against the data set",
        HelpName = "FILE",
    };
    private readonly Option<bool> strict = new("--strict")
    {
        Description = "Exit code 1 on any finding of the first class",
    };
    private readonly Option<bool> noPictures = new("--no-pictures")
    {
        Description = "Do not look into the pictures themselves, which takes longest",
    };
    private readonly Option<string?> tags = new("--tags")
    {
        Description = "Tag list of the model's data, as for forno caption report",
        HelpName = "FILE",
    };
    private readonly BucketOptions buckets = new();
    private readonly CaptionOptions captions = new();
    private readonly PlanSettings plan = new();
    private readonly TriggerOptions triggers = new();

    /// <summary>Gives the command its options.</summary>
    public DatasetDoctor AddTo(Command command)
    {
        command.Arguments.Add(folders);
        foreach (Option option in (Option[])[config, strict, noPictures, tags])
        {
            command.Options.Add(option);
        }

        captions.AddTo(command);
        triggers.AddTo(command);
        plan.AddTo(command);
        buckets.AddTo(command);
        return this;
    }

    /// <summary>Whether a command line names a data set.</summary>
    public bool Asked(ParseResult parsed) => parsed.GetValue(folders) is { Length: > 0 };

    /// <summary>Looks at it and reports.</summary>
    public int Run(CommandHost cli, ParseResult parsed, bool json)
    {
        string[] named = parsed.GetValue(folders)!;
        string? file = parsed.GetValue(config);
        var job = new DiagnoseJob(
            new DiagnoseRequest
            {
                Folders = named,
                Configuration = file,
                Extension = captions.Extension(parsed),
                Triggers = triggers.Search(parsed),
                KnownTags = parsed.GetValue(tags) is { } list ? TagList.Read(list) : null,
                Settings = plan.Of(parsed),
                Buckets = buckets.Rules(parsed),
                LooksIntoPictures = !parsed.GetValue(noPictures),
            }
        );
        DiagnoseResult result;
        using (var printer = new JobPrinter(cli))
        {
            result = job.Run(printer, cli.Cancel);
        }

        RemedyPlaces at = FindingPrinter.Places(result.Folder, named, file, result.SeveralFiles);
        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result, at));
        }
        else
        {
            Print(
                cli,
                string.Join(", ", named.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f)))),
                result,
                at
            );
        }

        return parsed.GetValue(strict) && result.Findings.Any(d => d.Harm == Harm.Stops) ? 1 : 0;
    }

    private static void Print(CommandHost cli, string name, DiagnoseResult result, RemedyPlaces at)
    {
        int count = result.Findings.Count;
        string found =
            count == 0 ? "nothing found: it is ready" : Invariant.Text($"{count} {Wording.Counted(count, "finding")}");
        cli.Out.WriteLine(
            Invariant.Text($"{name}: {result.Pictures} {Wording.Counted(result.Pictures, "picture")}, {found}")
        );
        foreach (var (harm, heading) in Classes)
        {
            Finding[] these = [.. result.Findings.Where(d => d.Harm == harm).Select(d => d.Finding)];
            if (these.Length > 0)
            {
                cli.Out.WriteLine();
                cli.Out.WriteLine($"{heading}:");
                FindingPrinter.Print(cli.Out, these, at);
            }
        }

        WorkFolderRun.List(cli, result.Problems);
    }
}

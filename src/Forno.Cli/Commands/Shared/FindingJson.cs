using Forno.Findings;
using Forno.Reports;

namespace Forno.Cli.Commands.Shared;

/// <summary>Findings as <c>--json</c> has them.</summary>
internal static class FindingJson
{
    /// <summary>A finding: what it is, and what fixes it as a line to read and as alternatives to act on.</summary>
    public static object Row(Finding f, RemedyPlaces places) =>
        new
        {
            Kind = f.Kind.Name,
            Level = f.Level.ToString().ToLowerInvariant(),
            f.What,
            f.Effect,
            Fix = RemedyText.Line(f.Remedies, places),
            Remedies = Rows(f.Remedies, places),
        };

    /// <summary>Remedies: each says by <c>do</c> which of the six kinds it is.</summary>
    public static IReadOnlyList<object> Rows(IEnumerable<Remedy> remedies, RemedyPlaces places) =>
        [.. remedies.Select(r => Row(r, places))];

    private static Dictionary<string, object> Row(Remedy remedy, RemedyPlaces places)
    {
        Dictionary<string, object> row = remedy switch
        {
            RunCommand run => new()
            {
                ["do"] = "run",
                ["command"] = run.Name,
                ["arguments"] = CommandLineText.Arguments(run, places).Select(Argument),
                ["line"] = CommandLineText.Of(run, places),
            },
            SetOption set => new()
            {
                ["do"] = "set",
                ["option"] = set.Option,
                ["value"] = set.Value,
            },
            SetWithin within => new()
            {
                ["do"] = "set_within",
                ["option"] = within.Option,
                ["least"] = within.Least,
            },
            RemoveOption remove => new() { ["do"] = "remove", ["option"] = remove.Option },
            ByHand words => new() { ["do"] = "by_hand", ["what"] = words.What },
            Steps steps => new() { ["do"] = "steps", ["steps"] = Rows(steps.All, places) },
            _ => throw new ArgumentException($"no JSON for {remedy}", nameof(remedy)),
        };
        if (remedy is SetWithin { Most: { } most })
        {
            row["most"] = most;
        }

        if (remedy.Note is { } note)
        {
            row["note"] = note;
        }

        return row;
    }

    // What the user has to complete is marked, so that no machine runs it as it stands.
    private static Dictionary<string, object> Argument(CommandLineText.Filled argument)
    {
        var row = new Dictionary<string, object>();
        if (argument.Option is { } option)
        {
            row["option"] = option;
        }

        if (argument.Value is { } value)
        {
            row["value"] = value;
        }

        if (argument.IsChoice)
        {
            row["choose"] = true;
        }

        return row;
    }
}

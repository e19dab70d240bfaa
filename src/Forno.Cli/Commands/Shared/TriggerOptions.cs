using System.CommandLine;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Kohya;
using Forno.Studio.Captions;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>How commands that only look at triggers know them.</summary>
internal sealed class TriggerOptions
{
    private readonly Option<string[]> named = new("--trigger", "-t")
    {
        Description =
            "A trigger and its kind, NAME=character|outfit|style|pose|object|situation; by default those of "
            + "triggers.toml, else what stands before |||",
        AllowMultipleArgumentsPerToken = true,
        HelpName = "NAME=KIND",
    };

    private readonly Option<string?> lists = new("--lists")
    {
        Description = "Folder of word lists of your own that add to those of Forno",
        HelpName = "DIR",
    };

    /// <summary>Gives a command these options.</summary>
    public TriggerOptions AddTo(Command command)
    {
        command.Options.Add(named);
        command.Options.Add(lists);
        return this;
    }

    /// <summary>How triggers are known.</summary>
    public TriggerSearch Search(ParseResult parsed) =>
        new() { Named = [.. (parsed.GetValue(named) ?? []).Select(Parse)], Lists = parsed.GetValue(lists) };

    /// <summary>Reads <c>NAME=KIND</c>.</summary>
    /// <exception cref="FornoException">It is none, or the kind is unknown.</exception>
    public static TriggerName Parse(string text)
    {
        int at = text.LastIndexOf('=');
        string name = (at < 0 ? text : text[..at]).Trim();
        TriggerPlans.Check(name);
        return at < 0 ? new TriggerName(name, TriggerKind.Unknown)
            : TriggerFile.Kinds.TryGetValue(text[(at + 1)..].Trim().ToLowerInvariant(), out TriggerKind kind)
                ? new TriggerName(name, kind)
            : throw new FornoException(
                $"--trigger {text}: the kind must be one of {string.Join(", ", TriggerFile.Kinds.Keys.Order())}"
            );
    }
}

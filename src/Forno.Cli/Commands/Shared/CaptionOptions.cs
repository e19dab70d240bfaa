using System.CommandLine;
using System.CommandLine.Parsing;
using Forno.Datasets.Captions;
using Forno.Kohya;
using Forno.Studio.Captions;
using Forno.Workspace;

namespace Forno.Cli.Commands.Shared;

/// <summary>What several <c>forno caption</c> commands take.</summary>
internal sealed class CaptionOptions
{
    private readonly Option<string?> extension = new("--caption-extension", "--caption_extension")
    {
        Description = "Extension of the captions (kohya's caption_extension); by default .txt, or else .caption",
        HelpName = "EXT",
        CustomParser = result => Try(result, () => PictureFiles.CaptionExtension(result.Tokens[0].Value)),
    };

    private readonly Option<TagExpression?> where = new("--where")
    {
        Description = "Only captions that fulfil an expression over tags with & | ! ( ) and *",
        HelpName = "EXPRESSION",
        CustomParser = result => Try(result, () => TagExpression.Parse(result.Tokens[0].Value)),
    };

    private readonly Option<int> keepTokens = new("--keep-tokens", "--keep_tokens")
    {
        Description = "The first N tags stay in place (kohya's keep_tokens), where a caption has no |||",
        HelpName = "N",
    };

    /// <summary>Gives a command the extension of captions.</summary>
    public CaptionOptions AddTo(Command command)
    {
        command.Options.Add(extension);
        return this;
    }

    /// <summary>Gives a command that edits captions (or looks at them as edits do) all of these options.</summary>
    public CaptionOptions AddAllTo(Command command)
    {
        AddWhereTo(command);
        command.Options.Add(keepTokens);
        return AddTo(command);
    }

    /// <summary>Gives a command the condition.</summary>
    public CaptionOptions AddWhereTo(Command command)
    {
        command.Options.Add(where);
        return this;
    }

    /// <summary>The caption's extension with its dot, or null.</summary>
    public string? Extension(ParseResult parsed) => parsed.GetValue(extension);

    /// <summary>The condition, or null.</summary>
    public TagExpression? Where(ParseResult parsed) => parsed.GetValue(where);

    /// <summary>How many tags stay in place.</summary>
    public int KeepTokens(ParseResult parsed) => parsed.GetValue(keepTokens);

    /// <summary>An option of tags, several between commas or blanks.</summary>
    public static Option<string[]> Tags(string name, string what) =>
        new(name)
        {
            Description = what,
            AllowMultipleArgumentsPerToken = true,
            HelpName = "TAGS",
        };

    /// <summary>The tags of such an option.</summary>
    public static IReadOnlyList<string> Tags(ParseResult parsed, Option<string[]> option) =>
        [.. (parsed.GetValue(option) ?? []).SelectMany(t => CaptionText.Parse(t).Tags)];

    /// <summary>Reads an option's value; what cannot be read is bad usage.</summary>
    public static T? Try<T>(ArgumentResult result, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FornoException e)
        {
            result.AddError(e.Message);
            return default;
        }
    }
}

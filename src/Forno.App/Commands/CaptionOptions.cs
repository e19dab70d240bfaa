using System.CommandLine;
using System.CommandLine.Parsing;
using Forno.Prepare;
using Forno.Prepare.Captions;

namespace Forno.App.Commands;

/// <summary>What several <c>forno caption</c> commands take.</summary>
internal sealed class CaptionOptions
{
    private readonly Option<string?> extension = new("--caption-extension", "--caption_extension")
    {
        Description = "Extension of the captions (kohya's caption_extension); by default .txt, or else .caption", HelpName = "EXT",
    };

    private readonly Option<TagExpression?> where = new("--where")
    {
        Description = "Only captions that fulfil an expression over tags with & | ! ( ) and *", HelpName = "EXPRESSION",
        CustomParser = result => Try(result, () => TagExpression.Parse(result.Tokens[0].Value)),
    };

    private readonly Option<int> keepTokens = new("--keep-tokens", "--keep_tokens")
    {
        Description = "The first N tags stay in place (kohya's keep_tokens), where a caption has no |||", HelpName = "N",
    };

    /// <summary>Gives a command these options.</summary>
    /// <param name="command">The command.</param>
    /// <param name="edits">Whether it changes captions: then it takes --where and --keep-tokens too.</param>
    public CaptionOptions AddTo(Command command, bool edits = true)
    {
        if (edits)
        {
            command.Options.Add(where);
            command.Options.Add(keepTokens);
        }

        command.Options.Add(extension);
        return this;
    }

    /// <summary>The caption's extension, or null.</summary>
    public string? Extension(ParseResult parsed) => parsed.GetValue(extension);

    /// <summary>The condition, or null.</summary>
    public TagExpression? Where(ParseResult parsed) => parsed.GetValue(where);

    /// <summary>How many tags stay in place.</summary>
    public int KeepTokens(ParseResult parsed) => parsed.GetValue(keepTokens);

    /// <summary>An option of tags, several between commas or blanks.</summary>
    public static Option<string[]> Tags(string name, string what) => new(name)
    {
        Description = what, AllowMultipleArgumentsPerToken = true, HelpName = "TAGS",
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

using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Studio.Captions;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption edit</c>: changes the tags of many captions at once.</summary>
internal static class CaptionEditCommand
{
    private const string Summary = "Add, remove, replace, sort and cut tags of many captions at once";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<TagPattern[]?> remove = new("--remove")
        {
            Description = "Tags to take out; several",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "TAGS",
            CustomParser = result =>
                CaptionOptions.Try(result, () => result.Tokens.SelectMany(t => Named(t.Value)).ToArray()),
        };
        Option<(TagPattern, string)[]?> replace = new("--replace")
        {
            Description =
                "OLD=NEW: another tag, or several between commas, or none; * in NEW is what * in OLD stood "
                + "for; several",
            AllowMultipleArgumentsPerToken = true,
            HelpName = "OLD=NEW",
            CustomParser = result =>
                CaptionOptions.Try(result, () => result.Tokens.Select(t => Rule(t.Value)).ToArray()),
        };
        Option<string[]> first = CaptionOptions.Tags(
            "--add-first",
            "Tags to put at the very front (before |||, where there is one)"
        );
        Option<string[]> kept = CaptionOptions.Tags(
            "--add-kept",
            "Tags to put behind those that stay in place (||| or --keep-tokens)"
        );
        Option<string[]> last = CaptionOptions.Tags("--add", "Tags to put at the end");
        last.Aliases.Add("--add-last");
        Option<bool> underscores = new("--underscores") { Description = "Spaces in tags become underscores" };
        Option<bool> spaces = new("--spaces")
        {
            Description = "Underscores in tags become spaces (but in ^_^ and score_9)",
        };
        Option<bool> escape = new("--escape") { Description = "Parentheses in tags get a \\ in front" };
        Option<bool> unescape = new("--unescape") { Description = "Parentheses in tags lose the \\ in front" };
        Option<bool> dedupe = new("--dedupe") { Description = "Take repeated tags out" };
        Option<string?> sort = new("--sort")
        {
            Description = "Order of the tags: frequency (in the whole set) or alphabet",
        };
        sort.AcceptOnlyFromAmong("frequency", "alphabet");
        Option<int?> mostTags = new("--truncate")
        {
            Description = "Most tags of a caption; the last ones are dropped",
            HelpName = "N",
        };
        Option<int?> mostTokens = new("--truncate-tokens")
        {
            Description = "Most CLIP tokens of a caption (75, 150, 225); the last tags are dropped",
            HelpName = "N",
        };
        Option<bool> prose = new("--prose") { Description = "Edit captions in natural language too" };
        Option<bool> allLines = new("--all-lines")
        {
            Description =
                "Edit all lines of a caption (enable_wildcard); by default the first, which is what is trained",
        };
        Option<bool> create = new("--create") { Description = "Make captions for pictures that have none" };
        Option<bool> utf8 = new("--utf8")
        {
            Description = "Store captions as UTF-8 without a byte order mark, as kohya's trainer wants them",
        };
        FornoCommand command = new(
            "edit",
            Summary,
            "forno caption edit cat --remove solo \"*_background\" --replace dress=red_dress --dry-run",
            "forno caption edit cat --where \"1girl & (red_dress | skirt) & !solo\" --add-kept red_outfit",
            "forno caption edit ~/train -o cat --spaces --escape --dedupe --sort frequency --truncate-tokens 225"
        )
        {
            remove,
            replace,
            underscores,
            spaces,
            escape,
            unescape,
            dedupe,
            sort,
            mostTags,
            mostTokens,
            first,
            kept,
            last,
            prose,
            allLines,
            create,
            utf8,
        };
        command.Details = """
            Several edits are made in this order, whatever order they are written in: remove, replace, underscores or
            spaces, escape or unescape, deduplicate, sort, truncate, add.
            A tag is named exactly (upper and lower case, _ and spaces are alike), by a wildcard (*_hair), or by a
            regular expression between slashes (/^\d+girls?$/). Triggers (before |||, or the first --keep-tokens) and
            sentences are changed by exact names only, and captions that are all sentences not at all without --prose.
            """;
        CaptionOptions captions = new CaptionOptions().AddAllTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.Validators.Add(result =>
        {
            if (
                (result.GetValue(underscores) && result.GetValue(spaces))
                || (result.GetValue(escape) && result.GetValue(unescape))
            )
            {
                result.AddError(
                    result.GetValue(underscores) && result.GetValue(spaces)
                        ? "--underscores and --spaces contradict each other"
                        : "--escape and --unescape contradict each other"
                );
            }
        });
        command.SetAction(parsed =>
        {
            TagEditSettings settings = new()
            {
                Where = captions.Where(parsed),
                Remove = parsed.GetValue(remove) ?? [],
                Replace = parsed.GetValue(replace) ?? [],
                Underscores =
                    parsed.GetValue(underscores) ? true
                    : parsed.GetValue(spaces) ? false
                    : null,
                Escape =
                    parsed.GetValue(escape) ? true
                    : parsed.GetValue(unescape) ? false
                    : null,
                Deduplicate = parsed.GetValue(dedupe),
                Sort = parsed.GetValue(sort) switch
                {
                    "frequency" => TagOrder.Frequency,
                    "alphabet" => TagOrder.Alphabet,
                    _ => null,
                },
                MostTags = parsed.GetValue(mostTags),
                MostTokens = parsed.GetValue(mostTokens),
                AddFirst = CaptionOptions.Tags(parsed, first),
                AddKept = CaptionOptions.Tags(parsed, kept),
                AddLast = CaptionOptions.Tags(parsed, last),
                KeepTokens = captions.KeepTokens(parsed),
                Prose = parsed.GetValue(prose),
                AllLines = parsed.GetValue(allLines),
                Create = parsed.GetValue(create),
                Utf8 = parsed.GetValue(utf8),
            };
            if (!settings.AsksForSomething)
            {
                cli.Error.WriteLine(
                    "forno: nothing says what to change; give --remove, --replace, --add, --sort … (forno "
                        + "caption edit --help)"
                );
                return 2;
            }

            return WorkFolderRun.Run(
                cli,
                parsed,
                options,
                new CaptionEditJob(new CaptionEditRequest(options.Place(parsed), settings, captions.Extension(parsed)))
            );
        });
        return command;
    }

    // Commas part tags, but a regular expression may hold them.
    private static IEnumerable<TagPattern> Named(string text) =>
        text is ['/', _, .., '/'] ? [TagPattern.Parse(text)]
        : CaptionText.Parse(text).Tags is { Count: > 0 } tags ? tags.Select(TagPattern.Parse)
        : [TagPattern.Parse(text)];

    // A regular expression ends at its last slash before '=', another name at the first '='.
    private static (TagPattern, string) Rule(string text)
    {
        int at =
            text.StartsWith('/') && text.LastIndexOf("/=", StringComparison.Ordinal) is > 0 and var slash
                ? slash + 1
                : text.IndexOf('=', text.StartsWith('=') ? 1 : 0);
        return at < 1
            ? throw new FornoException($"--replace '{text}': write it as OLD=NEW, for example dress=red_dress")
            : (TagPattern.Parse(text[..at]), text[(at + 1)..].Trim());
    }
}

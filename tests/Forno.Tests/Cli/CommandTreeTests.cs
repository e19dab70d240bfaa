using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;
using Forno.Cli;
using Forno.Cli.Terminal;
using Forno.Conformance;
using Forno.TestKit;

namespace Forno.Tests.Cli;

/// <summary>
/// What holds for every command of the program, and for every command that a message or the README names.
/// </summary>
public partial class CommandTreeTests
{
    // Commands that write nothing but their answer (and a sheet or report where an option names it).
    private static readonly string[] Readers =
    [
        "conformance",
        "doctor",
        "dataset check",
        "dataset buckets",
        "pocket measure",
        "pocket effect",
        "caption report",
        "plan",
        "doctor",
    ];

    // Makers of the base model: they write new files into a folder that they are given.
    private static readonly string[] Makers = ["pocket data", "pocket train", "pocket assemble"];

    private static CommandHost Nowhere => new() { Out = TextWriter.Null, Error = TextWriter.Null };

    private static readonly Lazy<RootCommand> Root = new(() =>
    {
        RootCommand root = [];
        foreach (CommandEntry entry in CommandRegistry.All.Values)
        {
            root.Add(entry.Build(Nowhere));
        }

        root.Add(ConformanceCommand.Build(Nowhere)); // the launcher's other program
        return root;
    });

    public static TheoryData<string> Leaves =>
        [.. Under(Root.Value, "").Where(c => c.Command.Action is not null).Select(c => c.Path)];

    [Theory]
    [MemberData(nameof(Leaves))]
    public void EveryCommandHasExamplesThatParseAndAnswersMachines(string path)
    {
        var command = (FornoCommand)Find(path)!;
        Assert.NotEmpty(command.Description!);
        Assert.NotEmpty(command.Examples);
        foreach (string example in command.Examples)
        {
            Assert.StartsWith("forno " + path, example, StringComparison.Ordinal);
            AssertParses(example);
        }

        Assert.True(path.StartsWith("pocket ", StringComparison.Ordinal) || Has(command, "--json"), "no --json");
        Assert.True(
            Readers.Contains(path) || Makers.Contains(path) || Has(command, "--dry-run"),
            "it writes and has no --dry-run"
        );
        Assert.All(command.Options, o => Assert.False(string.IsNullOrWhiteSpace(o.Description), o.Name));
        Assert.All(command.Arguments, a => Assert.False(string.IsNullOrWhiteSpace(a.Description), a.Name));
    }

    /// <summary>
    /// Findings, errors and hints name commands: each of them must exist, with the options that it is given.
    /// </summary>
    [Fact]
    public void EveryCommandThatAMessageNamesExists()
    {
        var wrong = new List<string>();
        int seen = 0;
        foreach (
            string file in Directory
                .EnumerateFiles(Path.Combine(Goldens.RepositoryRoot, "src"), "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
        )
        {
            foreach (
                string line in File.ReadLines(file)
                    .Where(l => !l.TrimStart().StartsWith("//", StringComparison.Ordinal))
            )
            {
                foreach (Match literal in Literal().Matches(line))
                {
                    foreach (Match named in Named().Matches(literal.Value))
                    {
                        seen++;
                        wrong.AddRange(
                            Mistakes(named.Value).Select(m => $"{Path.GetFileName(file)}: '{named.Value}': {m}")
                        );
                    }
                }
            }
        }

        Assert.True(seen > 40, $"only {seen} commands found");
        Assert.Empty(wrong);
    }

    [Fact]
    public void EveryCommandLineOfReadmeAndGuidesParses()
    {
        string[] lines =
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Goldens.RepositoryRoot, "docs"), "*.md")
                .Append(Path.Combine(Goldens.RepositoryRoot, "README.md"))
                .SelectMany(File.ReadLines)
                .Select(l => l.Trim())
                .Where(l =>
                    l.StartsWith("./forno ", StringComparison.Ordinal)
                    && !l.StartsWith("./forno test", StringComparison.Ordinal)
                    && !l.StartsWith("./forno bench", StringComparison.Ordinal)
                ),
        ];
        Assert.NotEmpty(lines);
        Assert.All(lines, l => AssertParses(l.Split(" #")[0][2..]));
    }

    internal static void AssertParses(string line, string? what = null) =>
        AssertParses([.. CommandLineParser.SplitCommandLine(line).Skip(1)], what ?? line);

    internal static void AssertParses(IReadOnlyList<string> words, string what)
    {
        ParseResult parsed = Root.Value.Parse(words);
        Assert.True(parsed.Errors.Count == 0, $"{what}: {string.Join("; ", parsed.Errors.Select(e => e.Message))}");
        // An option that does not exist would pass for one of several folders.
        Assert.All(
            words.TakeWhile(w => w != "--").Where(w => w.StartsWith("--", StringComparison.Ordinal)),
            w => Assert.True(Has(parsed.CommandResult.Command, w.Split('=')[0]), $"{what}: no option {w}")
        );
    }

    private static IEnumerable<string> Mistakes(string text)
    {
        Command? at = Root.Value;
        // what follows is not ours
        string[] words = [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..].TakeWhile(w => w != "--")];
        foreach (string word in words.TakeWhile(w => at!.Subcommands.Count > 0 && char.IsAsciiLetterLower(w[0])))
        {
            string name = word.TrimEnd('.', ',');
            if (at!.Subcommands.FirstOrDefault(c => c.Name == name) is not { } next)
            {
                yield return at == Root.Value ? $"there is no command '{name}'" : $"'{at.Name}' has no '{name}'";
                yield break;
            }

            at = next;
        }

        foreach (
            string option in words
                .Where(w => w.StartsWith("--", StringComparison.Ordinal))
                .Select(w => w.TrimEnd('.', ',').Split('=')[0])
        )
        {
            if (option is not "--help" && !Has(at!, option))
            {
                yield return $"'{at!.Name}' has no option {option}";
            }
        }
    }

    private static bool Has(Command command, string option) =>
        command.Options.Any(o => o.Name == option || o.Aliases.Contains(option));

    private static Command? Find(string path) =>
        path.Split(' ')
            .Aggregate((Command?)Root.Value, (c, name) => c?.Subcommands.FirstOrDefault(s => s.Name == name));

    private static IEnumerable<(string Path, Command Command)> Under(Command command, string path) =>
        command.Subcommands.SelectMany(c =>
            Under(c, $"{path} {c.Name}".Trim()).Prepend(($"{path} {c.Name}".Trim(), c))
        );

    [GeneratedRegex("\"(?:[^\"\\\\]|\\\\.)*\"")]
    private static partial Regex Literal();

    // "forno", the words after it up to the end of the phrase.
    [GeneratedRegex(
        @"(?<![\w/.-])forno (?:--help|(?:dataset|caption|model|score|pocket|upscale|train|generate|grid|doctor"
            + @"|demo|plan|slider|serve|conformance)\b(?: [^`;:()\""{}]*)?)"
    )]
    private static partial Regex Named();
}

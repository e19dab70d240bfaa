using System.Reflection;
using System.Text.RegularExpressions;
using Forno.Findings;
using Forno.TestKit;
using Forno.Tests.Cli;

namespace Forno.Tests.Findings;

/// <summary>What holds for every finding that any room makes, read from the sources.</summary>
public partial class FindingKindTests
{
    private static readonly (string Name, FindingKind Kind)[] Table =
    [
        .. typeof(FindingKind)
            .GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(f => (f.Name, (FindingKind)f.GetValue(null)!)),
    ];

    private static readonly (string File, string Text)[] Sources = Under("src");

    [Fact]
    public void KindsAreNamedAsTheirFieldsAndSayWhatTheyMean()
    {
        Assert.True(Table.Length > 100);
        Assert.All(Table, t => Assert.Equal(Hyphened(t.Name), t.Kind.Name));
        Assert.Equal(Table.Length, Table.Select(t => t.Kind.Meaning).Distinct().Count());
        Assert.All(Table, t => Assert.Matches("^[A-Z].{15,90}\\.$", t.Kind.Meaning));
    }

    [Fact]
    public void EveryKindIsMadeSomewhere()
    {
        string[] made =
        [
            .. Sources
                .SelectMany(s => Made().Matches(s.Text))
                .SelectMany(m => KindName().Matches(m.Value))
                .Select(m => m.Groups[1].Value)
                .Concat(["BodySize", "Footwear"]), // handed to the one function that makes both
        ];
        Assert.Empty(Table.Select(t => t.Name).Except(made));
    }

    [Fact]
    public void EveryCommandOfARemedyParses()
    {
        int seen = 0,
            calls = 0;
        foreach (var (file, text) in Sources.Where(s => s.File != "Remedy.cs" && s.File != "FindingKind.cs"))
        {
            calls += Call().Count(text);
            foreach (Match chain in Chain().Matches(text))
            {
                seen++;
                string[] words =
                [
                    .. Link()
                        .Matches(chain.Groups["links"].Value)
                        .SelectMany(l => Words(l.Groups["name"].Value, l.Groups["arguments"].Value)),
                ];
                CommandTreeTests.AssertParses(
                    $"forno {chain.Groups["command"].Value} {string.Join(' ', words)}",
                    $"{file}: {chain.Value}"
                );
            }
        }

        Assert.True(seen > 60, $"only {seen} commands found");
        Assert.Equal(calls, seen);
    }

    /// <summary>Rooms that make findings say what is to be done; how it is typed is the faces' part.</summary>
    [Fact]
    public void NoFindingSpeaksCommandLine() =>
        Assert.Empty(
            Under("src/Forno")
                .Where(s => s.Text.Contains("using Forno.Findings;", StringComparison.Ordinal))
                .SelectMany(s => CommandText().Matches(s.Text).Select(m => $"{s.File}: {m.Value}"))
        );

    private static (string File, string Text)[] Under(string folder) =>
        [
            .. Directory
                .EnumerateFiles(Path.Combine(Goldens.RepositoryRoot, folder), "*.cs", SearchOption.AllDirectories)
                .Where(f => !f.Contains("/obj/", StringComparison.Ordinal))
                .Select(f => (Path.GetFileName(f), File.ReadAllText(f))),
        ];

    private static string Hyphened(string name) =>
        string.Concat(
            name.Select(
                (c, i) =>
                    char.IsUpper(c) && i > 0 ? "-" + char.ToLowerInvariant(c) : char.ToLowerInvariant(c).ToString()
            )
        );

    // The arguments that a call in the chain adds; what is computed counts as 1.
    private static IEnumerable<string> Words(string call, string arguments)
    {
        string[] given =
        [
            .. Argument().Matches(arguments).Select(m => m.Groups["text"].Success ? m.Groups["text"].Value : "1"),
        ];
        return call switch
        {
            "OnDataSet" => ["set"],
            "OnParts" => ["set/part"],
            "Changing" or "IntoNew" => ["--out", "NEW"],
            "WithConfig" => ["--config", "train.toml"],
            "Noting" => [],
            "With" when arguments.StartsWith("Option", StringComparison.Ordinal) => ["--character", "NAME"],
            "With" or "Asking" => arguments.StartsWith("null", StringComparison.Ordinal)
                ? [$"\"{given[1]}\""]
                : [$"--{given[0]}", .. given.Skip(1).Select(g => $"\"{g}\"")],
            _ => throw new ArgumentException($"unknown call {call}"),
        };
    }

    [GeneratedRegex(@"(?:new(?: Finding| RuleBreach)?|Refuse|Try)\(\s*[^,;()]*FindingKind\.[^,;]*,")]
    private static partial Regex Made();

    [GeneratedRegex(@"FindingKind\.(\w+)")]
    private static partial Regex KindName();

    [GeneratedRegex(@"\b(?:Fix\s*\.)?Run\(""")]
    private static partial Regex Call();

    // Fix.Run("dataset clean") and the calls after it, with up to one bracket within a bracket.
    [GeneratedRegex(
        @"\bRun\(""(?<command>[a-z -]+)""\)(?<links>(?:\s*\.\w+\((?:[^()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*\))*)"
    )]
    private static partial Regex Chain();

    [GeneratedRegex(@"\.(?<name>\w+)\((?<arguments>(?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"\$?""(?<text>(?:[^""\\]|\\.)*)""|[^,\s][^,]*")]
    private static partial Regex Argument();

    [GeneratedRegex(
        @"""[^""\n]*(?:\bforno (?:dataset|caption|plan|grid|train|doctor|upscale|model)\b|--[a-z]{2})[^""\n]*"""
    )]
    private static partial Regex CommandText();
}

using Forno.Findings;
using Forno.Reports;
using Forno.Tests.Cli;

namespace Forno.Tests.Findings;

/// <summary>What tests ask of findings.</summary>
internal static class FindingChecks
{
    private static readonly RemedyPlaces Places = new()
    {
        Folders = ["my set"],
        Root = "my set",
        Config = "train.toml",
    };

    /// <summary>What fixes it, in one line.</summary>
    public static string Fix(this Finding finding) => RemedyText.Line(finding.Remedies, RemedyPlaces.Unknown);

    /// <summary>The same findings: each says what it does, and each command that it names parses.</summary>
    public static IReadOnlyList<Finding> Checked(this IReadOnlyList<Finding> findings)
    {
        foreach (Finding finding in findings)
        {
            Assert.True(finding.What.Length > 5 && finding.Effect.Length > 10, finding.Kind.Name);
            Assert.All(finding.Remedies, Check);
        }

        return findings;
    }

    private static void Check(Remedy remedy)
    {
        switch (remedy)
        {
            case RunCommand run:
                CommandTreeTests.AssertParses(CommandLineText.Words(run, Places), CommandLineText.Of(run, Places));
                break;
            case Steps steps:
                Assert.True(steps.All.Count > 1);
                Assert.All(steps.All, Check);
                break;
            case ByHand words:
                Assert.DoesNotContain("forno ", words.What, StringComparison.Ordinal);
                break;
        }
    }
}

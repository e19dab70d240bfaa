using Forno.Conformance;
using Forno.TestKit;

namespace Forno.Tests.Conformance;

/// <summary>
/// Every suite that the registry names agrees with the goldens; a new suite is tested by its registry line.
/// </summary>
[Collection(Alone.Name)] // some cases have limits of time
public class SuitesTests
{
    public static TheoryData<string> Names => [.. SuiteRegistry.All.Keys.Order(StringComparer.Ordinal)];

    [GoldenTheory]
    [MemberData(nameof(Names))]
    public void ASuiteAgreesWithTheReference(string suite)
    {
        List<string> failures = [];
        ConformanceReport report = new ConformanceRunner(SuiteRegistry.All).Run(
            Goldens.Folder!,
            suite,
            line =>
            {
                if (line.StartsWith("FAIL", StringComparison.Ordinal))
                {
                    failures.Add(line);
                }
            },
            default
        );
        Assert.True(report.Failed == 0, string.Join('\n', failures));
        Assert.True(report.Ok > 0, $"no case of {suite} is known");
    }
}

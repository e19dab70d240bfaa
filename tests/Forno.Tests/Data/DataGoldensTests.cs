using Forno.App.Conformance;

namespace Forno.Tests.Data;

/// <summary>The goldens of the data and configuration rooms, case by case.</summary>
public class DataGoldensTests
{
    [GoldenTheory]
    [MemberData(nameof(Cases))]
    public void Agrees(string suite, string name)
    {
        var result = ConformanceRunner.RunCase(SuiteRegistry.All[suite], Path.Combine(Goldens.Suite(suite), name));
        // only the presets of other front ends are for later
        var later = suite == "kohya_config" && result.Outcome == CaseOutcome.Unknown;
        Assert.True(later || result.Outcome == CaseOutcome.Ok, result.Message);
    }

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (var suite in new[] { "buckets", "captions", "kohya_config", "lr_schedules" })
        {
            foreach (var folder in Goldens.Folder is null ? [] : ConformanceRunner.Cases(Goldens.Suite(suite)))
            {
                cases.Add(suite, Path.GetFileName(folder));
            }
        }

        return cases;
    }
}

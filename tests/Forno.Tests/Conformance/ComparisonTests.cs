using System.Text.Json;
using Forno.Conformance;

namespace Forno.Tests.Conformance;

public sealed class ComparisonTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-goldens-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData(1.0, 1.05, true)]
    [InlineData(1.0, 1.3, false)]
    [InlineData(double.NaN, double.NaN, true)]
    [InlineData(double.NaN, 1.0, false)]
    [InlineData(1.0, double.NaN, false)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, true)]
    [InlineData(double.NegativeInfinity, double.PositiveInfinity, false)]
    [InlineData(1e300, double.PositiveInfinity, false)]
    public void NumbersAgreeWithinTheBound(double got, double want, bool agree)
    {
        Comparison c = new(Case("""{"tolerance": {"atol": 0.05, "rtol": 0.1}}"""));
        c.Numbers("out.x", new[] { got }, [1], new[] { want }, [1]);
        Assert.Equal(agree, c.Result().Outcome == CaseOutcome.Ok);
    }

    [Fact]
    public void AShapeThatDiffersFailsThoughTheNumbersAgree()
    {
        Comparison c = new(Case("{}"));
        c.Numbers<float>("out.x", [1, 2], [2, 1], [1, 2], [1, 2]);
        Assert.Contains("shape [2, 1], want [1, 2]", c.Result().Message);
    }

    [Fact]
    public void TheLongestPrefixDecides()
    {
        Tolerance t = Case(
            """
            {"tolerance": {"atol": 1, "rtol": 2, "d_rtol": 7,
             "by_prefix": {"out.": {"atol": 3}, "out.d": {"rtol": 4}}}}
            """
        ).Tolerance;
        Assert.Equal(new Bound(1, 2), t.For("grad.x"));
        Assert.Equal(new Bound(3, 0), t.For("out.loss"));
        Assert.Equal(new Bound(0, 4), t.For("out.d"));
        Assert.Equal(7, t.Named("d_rtol"));
        Assert.Null(t.Named("t_atol"));
    }

    [Fact]
    public void NothingComparedIsAFailure() =>
        Assert.Equal(CaseOutcome.Fail, new Comparison(Case("{}")).Result().Outcome);

    [Theory]
    [InlineData("""{"a":[1,2.5,null,true],"b":"x"}""", "")]
    [InlineData("""{"b":"x","a":[1,2.5,null,true]}""", "")]
    [InlineData("""{"a":[1,2.5,null,false],"b":"x"}""", "e.a[3]")]
    [InlineData("""{"a":[2,2.5,null,true],"b":"x"}""", "e.a[0]")]
    [InlineData("""{"a":[1,2.75,null,true],"b":"x"}""", "e.a[1]")]
    [InlineData("""{"a":[1,2.5,null],"b":"x"}""", "e.a: 3 entries")]
    [InlineData("""{"a":[1,2.5,null,true],"b":"y"}""", "e.b")]
    [InlineData("""{"a":[1,2.5,null,true]}""", "e.b: absent")]
    [InlineData("""{"a":[1,2.5,null,true],"b":"x","c":0}""", "e.c: not expected")]
    public void JsonIsComparedMemberByMember(string got, string says)
    {
        GoldenCase golden = Case("""{"tolerance": {"atol": 0.1}, "expect": {"a":[1,2.5,null,true],"b":"x"}}""");
        Comparison c = new(golden);
        c.Json("e", JsonDocument.Parse(got).RootElement, golden.Expect);
        Assert.Equal(says.Length == 0, c.Agrees);
        Assert.Contains(says, c.Result().Message);
    }

    [Fact]
    public void TheRunnerCountsFailuresThrowsAndUnknownsApart()
    {
        foreach (string name in (string[])["good", "bad", "throws", "later"])
        {
            Case("""{"params": {"do": "NAME"}}""".Replace("NAME", name), name);
        }

        Directory.CreateDirectory(Path.Combine(folder, "elsewhere", "x"));
        Dictionary<string, IConformanceSuite> suites = new() { ["toy"] = new Toy() };
        List<string> lines = [];
        ConformanceReport report = new ConformanceRunner(suites).Run(folder, null, lines.Add, default);
        Assert.Equal((1, 2, 1), (report.Ok, report.Failed, report.UnknownCases));
        Assert.Equal(["elsewhere"], report.UnknownSuites);
        Assert.Contains("ok toy/good max_abs=0e+0 max_rel=0e+0", lines);
        Assert.Contains("unknown toy/later not yet known: later", lines);
        Assert.Contains("unknown suite elsewhere", lines);
        Assert.Equal(2, lines.Count(l => l.StartsWith("FAIL toy/", StringComparison.Ordinal)));
        Assert.Throws<FornoException>(() => new ConformanceRunner(suites).Run(folder, "elsewhere", lines.Add, default));
    }

    private GoldenCase Case(string json, string name = "case")
    {
        string folder = Directory.CreateDirectory(Path.Combine(this.folder, "toy", name)).FullName;
        File.WriteAllText(Path.Combine(folder, "case.json"), json);
        return GoldenCase.Load(folder);
    }

    private sealed class Toy : IConformanceSuite
    {
        public string Name => "toy";

        public CaseResult Run(GoldenCase golden) =>
            golden.Params.GetProperty("do").GetString() switch
            {
                "good" => CaseResult.Ok(),
                "later" => CaseResult.Unknown("later"),
                "bad" => CaseResult.Fail("differs"),
                _ => throw new InvalidOperationException("threw"),
            };
    }
}

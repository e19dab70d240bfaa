using Forno.Imaging;
using Forno.Prepare;
using Xunit.Abstractions;

namespace Forno.Tests.Prepare;

public class MaskJudgeTests(ITestOutputHelper output)
{
    [Fact]
    public void BadMasksAreToldFromGoodOnesInTheLabelledSet()
    {
        IReadOnlyList<MaskSet.Labelled> set = MaskSet.All;
        var judged = set.Select(m => (Mask: m, Flaws: MaskJudge.Judge(m.Mask))).ToArray();
        string Told(IEnumerable<(MaskSet.Labelled Mask, IReadOnlyList<MaskFlaw> Flaws)> some) =>
            string.Join('\n', some.Select(j => FormattableString.Invariant($"{j.Mask.Name}: IoU {j.Mask.Overlap:0.00}, {string.Join(' ', j.Flaws.Select(f => f.Kind))} {MaskShape.Of(j.Mask.Mask)}")));

        int bad = set.Count(m => !m.IsGood), named = judged.Count(j => j.Flaws.Count > 0), right = judged.Count(j => j.Flaws.Count > 0 && !j.Mask.IsGood);
        Assert.True(set.Count(m => m.IsGood) >= 50 && bad >= 80, $"{set.Count} masks, {bad} bad");
        double precision = right / (double)named, recall = right / (double)bad;
        output.WriteLine(FormattableString.Invariant($"{set.Count} masks, {bad} labelled bad, {named} named bad: precision {precision:0.000}, recall {recall:0.000}"));
        Assert.True(precision >= 0.95, FormattableString.Invariant($"precision {precision:0.000}\n") + Told(judged.Where(j => j.Flaws.Count > 0 && j.Mask.IsGood)));
        Assert.True(recall >= 0.7, FormattableString.Invariant($"recall {recall:0.000}\n") + Told(judged.Where(j => j.Flaws.Count == 0 && !j.Mask.IsGood)));

        // What only the picture would tell is most of what is missed.
        var visible = judged.Where(j => !j.Mask.IsGood && !MaskSet.Plausible.Any(p => j.Mask.Name.EndsWith(p, StringComparison.Ordinal))).ToArray();
        double seen = visible.Count(j => j.Flaws.Count > 0) / (double)visible.Length;
        output.WriteLine(FormattableString.Invariant($"of the damage that shows in a mask alone: recall {seen:0.000}"));
        Assert.True(seen >= 0.92, FormattableString.Invariant($"recall of damage that shows {seen:0.000}\n") + Told(visible.Where(j => j.Flaws.Count == 0)));
    }

    [Theory]
    [InlineData("disc, black", "black")]
    [InlineData("disc, white", "white")]
    [InlineData("disc, grey", "grey")]
    [InlineData("disc, crumbs", "islands")]
    [InlineData("disc, corner", "centre")]
    [InlineData("disc, inverted", "frame")]
    public void EachFlawHasItsName(string mask, string flaw) =>
        Assert.Contains(MaskJudge.Judge(MaskSet.All.Single(m => m.Name == mask).Mask), f => f.Kind == flaw);

    [Fact]
    public void JudgementDoesNotDependOnSize()
    {
        foreach (MaskSet.Labelled mask in MaskSet.All.Where(m => m.Name.StartsWith("person", StringComparison.Ordinal)))
        {
            MaskPlane large = mask.Mask.Resize(1024, 1024);
            Assert.True((MaskJudge.Judge(mask.Mask).Count == 0) == (MaskJudge.Judge(large).Count == 0), mask.Name);
        }

        Assert.Equal("black", MaskJudge.Judge(new MaskPlane([0], 1, 1)).Single().Kind);
        Assert.Equal("white", MaskJudge.Judge(new MaskPlane([255], 1, 1)).Single().Kind);
        Assert.NotNull(MaskJudge.Judge(new MaskPlane(new byte[5000 * 3], 5000, 3)));
    }

    [Fact]
    public void MasksGrowShrinkSoftenAndHarden()
    {
        // A white pixel in the middle of 21×21.
        byte[] dot = new byte[21 * 21];
        dot[(10 * 21) + 10] = 255;
        MaskPlane one = new(dot, 21, 21), grown = one.Grow(5);
        int[] white = [.. Enumerable.Range(0, 441).Where(i => grown.Samples[i] == 255)];
        Assert.All(white, i => Assert.True(Math.Sqrt(Math.Pow((i % 21) - 10, 2) + Math.Pow((i / 21) - 10, 2)) < 5.9));
        Assert.InRange(white.Length, 60, 100); // a disc of radius 5 has 81
        Assert.Equal(255, grown.Samples[(10 * 21) + 15]);
        Assert.Equal(0, grown.Samples[(10 * 21) + 16]);
        Assert.Equal(1.0, grown.Grow(-5).Overlap(one));
        Assert.Equal(1.0, one.Grow(0).Overlap(one));

        MaskPlane soft = grown.Feather(2);
        Assert.InRange(soft.Samples[(10 * 21) + 15], 60, 160);
        Assert.InRange(soft.Samples.Sum(s => (double)s) / grown.Samples.Sum(s => (double)s), 0.99, 1.01);
        Assert.DoesNotContain(soft.Threshold(0.5).Samples, s => s is not (0 or 255));
        Assert.InRange(soft.Threshold(0.5).Overlap(grown), 0.65, 1);
        Assert.Equal(255, new MaskPlane([255, 255, 255, 255], 2, 2).Feather(5).Samples[0]); // what lies outside is as the edge
        Assert.Equal(0.25, new MaskPlane([255, 0, 0, 0], 2, 2).Overlap(new MaskPlane([255, 255, 255, 255], 2, 2)));
    }
}

using Forno.Pocket.Data;
using Forno.Pocket.Measures;

namespace Forno.Tests.Pocket;

public class StylePicturesTests
{
    [Fact]
    public void TheFirstPicturesShowABitOfEverything()
    {
        PocketRecord[] records =
        [
            .. Enumerable.Range(0, 40).Select(i => Record($"animal {i}", "animals and nature")),
            .. Enumerable.Range(0, 10).Select(i => Record($"food {i}", "food and drink")),
            .. Enumerable.Range(0, 10).Select(i => Record($"person {i}", "people and body")),
            Record("stranger", ""),
            Record("square", "symbols"),
            Record("ghost", "objects") with
            {
                Split = PocketSplit.HeldOutBoth,
            },
            Record("animal 3", "animals and nature") with
            {
                Icon = "again",
            },
        ];
        int[] order = StylePictures.Spread(records);
        Assert.Equal(50, order.Length);
        Assert.Equal(order.Length, order.Select(i => records[i].Concept).Distinct().Count());
        Assert.Equal(5, order.Take(10).Count(i => records[i].Group == "food and drink"));
        Assert.DoesNotContain(
            order,
            i => records[i].Group is "" or "people and body" or "symbols" || records[i].Name == "ghost"
        );
        // shuffled
        Assert.NotEqual(Enumerable.Range(0, 5), order.Where(i => records[i].Group == "animals and nature").Take(5));

        // The order within a group does not depend on what else there is.
        PocketRecord[] fewer = [.. records.Where(r => r.Group != "food and drink")];
        Assert.Equal(
            order.Select(i => records[i]).Where(r => r.Group == "animals and nature").Select(r => r.Concept),
            StylePictures.Spread(fewer).Select(i => fewer[i].Concept)
        );
    }

    [Fact]
    public void PlanesBecomeRows()
    {
        byte[] planes = new byte[PocketData.PictureBytes];
        planes[5] = 1; // red of pixel 5
        planes[PocketData.PictureBytes - 1] = 3; // blue of the last
        byte[] rgb = new StylePicture(Record("a", "b"), planes).Rgb();
        Assert.Equal((1, 3, 4), (rgb[15], rgb[^1], rgb.Sum(b => b)));
    }

    [Fact]
    public void UnknownSetsAreToldWithTheKnownOnes() =>
        Assert.Contains("openmoji", Assert.Throws<FornoException>(() => StylePictures.Packages("openmojo")).Message);

    // With three degrees of freedom p = 1 − 2/π (θ + sin θ cos θ), θ = atan(t/√3).
    [Theory]
    [InlineData(new[] { 1.0, 2, 3, 4 }, new[] { 2.0, 3, 5, 4 }, 1, 0.81649658, 2.44948974, 0.09173)]
    [InlineData(new[] { 5.0, 5, 5 }, new[] { 5.0, 5, 5 }, 0, 0, 0, 1)]
    [InlineData(new[] { 5.0, 5, 5 }, new[] { 6.0, 6, 6 }, 1, 0, double.PositiveInfinity, 0)]
    public void PairsAreTestedAsStudentDid(
        double[] before,
        double[] after,
        double mean,
        double deviation,
        double t,
        double p
    )
    {
        var test = PairedTest.Of(before, after);
        Assert.Equal(mean, test.Mean, 8);
        Assert.Equal(deviation, test.Deviation, 8);
        Assert.Equal(t, test.T, 8);
        Assert.Equal(p, test.P, 4);
    }

    [Fact]
    public void KnownQuantilesOfStudentsTCome()
    {
        // Tables: t(0.975, 19) = 2.0930. Twenty differences built to have just that t.
        double[] shape = [.. Enumerable.Range(0, 20).Select(i => i % 2 == 0 ? 1.0 : -1)];
        double error = Math.Sqrt(20.0 / 19) / Math.Sqrt(20);
        var test = PairedTest.Of(new double[20], [.. shape.Select(s => s + (2.0930 * error))]);
        Assert.Equal(0.05, test.P, 4);
        Assert.Throws<ArgumentException>(() => PairedTest.Of([1], [2]));
    }

    private static PocketRecord Record(string name, string group) =>
        new()
        {
            Set = "openmoji",
            Icon = name,
            Concept = name,
            Name = name,
            Tags = [],
            Group = group,
            Subgroup = "",
            Colours = [],
            Style = "openmoji",
            Split = PocketSplit.HeldOutStyle,
        };
}

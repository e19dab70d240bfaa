using Forno.Data;

namespace Forno.Tests.Data;

public class KeyedRandomTests
{
    [Fact]
    public void PhiloxMatchesItsAuthorsVectors()
    {
        // known answers of Random123's philox4x32-10
        Span<uint> got = stackalloc uint[4];
        KeyedRandom.Philox(got, 0, 0, 0);
        Assert.Equal([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8], got.ToArray());
        KeyedRandom.Philox(got, ulong.MaxValue, ulong.MaxValue, ulong.MaxValue);
        Assert.Equal([0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd], got.ToArray());
        KeyedRandom.Philox(got, 0x85a308d3243f6a88, 0x0370734413198a2e, 0x299f31d0a4093822);
        Assert.Equal([0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1], got.ToArray());
    }

    [Fact]
    public void StreamsAreReproducibleAndApart()
    {
        Assert.Equal(KeyedRandom.For(1, "flip", 2, 3).Next64(), KeyedRandom.For(1, "flip", 2, 3).Next64());
        var drawn = new HashSet<ulong>
        {
            KeyedRandom.For(1, "flip", 2, 3).Next64(),
            KeyedRandom.For(2, "flip", 2, 3).Next64(),
            KeyedRandom.For(1, "crop", 2, 3).Next64(),
            KeyedRandom.For(1, "flip", 3, 2).Next64(),
            KeyedRandom.For(1, "flip", 2, 4).Next64(),
        };
        Assert.Equal(5, drawn.Count);
    }

    [Fact]
    public void DrawsAreEven()
    {
        var random = KeyedRandom.For(5, "test");
        int[] counts = new int[7];
        var (sum, squares) = (0.0, 0.0);
        for (int i = 0; i < 70_000; i++)
        {
            counts[random.Below(7)]++;
            double unit = random.Unit();
            Assert.InRange(unit, 0, 1 - 1e-17);
            double normal = random.Normal();
            sum += normal;
            squares += normal * normal;
        }

        Assert.All(counts, c => Assert.InRange(c, 9_600, 10_400)); // 4 sigma
        Assert.InRange(sum / 70_000, -0.016, 0.016);
        Assert.InRange(squares / 70_000, 0.975, 1.025);
    }
}

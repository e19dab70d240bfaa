using System.Text;
using Forno.Toml;

namespace Forno.Tests.Toml;

public class TomlTests
{
    [Fact]
    public void ReadsEveryKindOfValueInFileOrder()
    {
        var table = TomlFile.Parse(
            """"
            z = "a\u00e9\t\"" # comment
            a = 'C:\path'
            n = [ 1_000, 0xff, -3, ]
            x = 6.5e-3
            b = true
            d = 1979-05-27T07:32:00.5-07:00
            l = 1979-05-27 07:32:00
            day = 1979-05-27
            t = 07:32:00
            p = { q.r = 1, s = """
            first \
               second""" }
            [[many]]
            v = 1
            [[many]]
            [many.sub]
            w = inf
            """"
        );
        Assert.Equal(["z", "a", "n", "x", "b", "d", "l", "day", "t", "p", "many"], table.Keys);
        Assert.Equal("aé\t\"", table["z"]);
        Assert.Equal(@"C:\path", table["a"]);
        Assert.Equal(new List<object> { 1000L, 255L, -3L }, table["n"]);
        Assert.Equal(0.0065, table["x"]);
        Assert.Equal(new DateTimeOffset(1979, 5, 27, 7, 32, 0, 500, TimeSpan.FromHours(-7)), table["d"]);
        Assert.Equal(new DateTime(1979, 5, 27, 7, 32, 0), table["l"]);
        Assert.Equal(new DateOnly(1979, 5, 27), table["day"]);
        Assert.Equal(new TimeOnly(7, 32), table["t"]);
        var p = (TomlTable)table["p"];
        Assert.Equal(1L, ((TomlTable)p["q"])["r"]);
        Assert.Equal("first second", p["s"]);
        var many = (List<object>)table["many"];
        Assert.Equal(2, many.Count);
        Assert.Equal(double.PositiveInfinity, ((TomlTable)((TomlTable)many[1])["sub"])["w"]);
        Assert.Equal(4, table.LineOf("x"));
    }

    [Theory]
    [InlineData("a = 1\na = 2", "x.toml:2:1:")]
    [InlineData("a = 1\nb = [1 2]", "x.toml:2:8:")]
    [InlineData("lr = 1e-4x", "x.toml:1:6:")]
    [InlineData("s = \"C:\\models\"", "x.toml:1:8:")]
    [InlineData("[a]\n[a]", "x.toml:2:2:")]
    [InlineData("a = {b = 1}\n[a.c]", "x.toml:2:2:")]
    [InlineData("a = [1]\n[[a]]", "x.toml:2:3:")]
    [InlineData("[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "x.toml:4:1:")]
    [InlineData("a = 01", "x.toml:1:5:")]
    [InlineData("a = 9223372036854775808", "x.toml:1:5:")]
    [InlineData("a = 2023-02-30", "x.toml:1:5:")]
    [InlineData("a = \"\u0001\"", "x.toml:1:6:")]
    [InlineData("a = \"\\ud800\"", "x.toml:1:6:")]
    [InlineData("a = yes", "x.toml:1:5:")]
    [InlineData("a = ", "x.toml:1:5:")]
    [InlineData("a = '''open\n\n", "x.toml:3:1:")]
    public void ErrorsNameFileLineAndColumn(string text, string start)
    {
        var error = Assert.Throws<FornoException>(() => TomlFile.Parse(text, "x.toml"));
        Assert.StartsWith(start, error.Message);
    }

    [Fact]
    public void HostileDocumentsFailCleanly()
    {
        foreach (
            string? text in new[]
            {
                "a = " + new string('[', 100_000),
                "a = " + string.Concat(Enumerable.Repeat("{a = ", 100_000)),
                string.Join('.', Enumerable.Repeat("a", 100_000)) + " = 1",
                "[" + string.Join('.', Enumerable.Repeat("a", 100_000)) + "]",
                "a = "
                    + string.Concat(Enumerable.Repeat("{" + string.Join('.', Enumerable.Repeat("k", 90)) + " = ", 90)),
            }
        )
        {
            Assert.Throws<FornoException>(() => TomlFile.Parse(text));
        }

        Assert.Throws<FornoException>(() => TomlFile.Parse([0x61, 0x20, 0x3d, 0x20, 0x22, 0xff, 0x22], "x"));
        Assert.Throws<FornoException>(() => TomlFile.Read("/nowhere/at-all.toml"));
    }

    [Fact]
    public void RandomBytesNeverCrash()
    {
        var random = new Random(7);
        const string alphabet = "ab1\"'[]{}=.,#\n\r\t \\u0-:T_+exZ";
        for (int i = 0; i < 20_000; i++)
        {
            string text = string.Concat(
                Enumerable.Range(0, random.Next(1, 24)).Select(_ => alphabet[random.Next(alphabet.Length)])
            );
            try
            {
                var table = TomlFile.Parse(text);
                Assert.Equal(TomlFile.Write(table), TomlFile.Write(TomlFile.Parse(TomlFile.Write(table))));
            }
            catch (FornoException e)
            {
                Assert.StartsWith("text:", e.Message);
            }
        }
    }

    [Fact]
    public void WritesWhatItReads()
    {
        var table = new TomlTable
        {
            ["plain"] = "tab\t quote\" back\\ bell\a é 日本",
            ["dotted.key"] = 1L,
            [""] = 1e-4,
            ["whole"] = 3.0,
            ["list"] = new List<object>
            {
                "a",
                new List<object> { 1L, true },
                new TomlTable { ["x"] = 1L },
            },
            ["section"] = new TomlTable
            {
                ["v"] = double.NegativeInfinity,
                ["inner"] = new TomlTable { ["w"] = new DateOnly(2024, 2, 29) },
            },
            ["tables"] = new List<object>
            {
                new TomlTable { ["a"] = 1L },
                new TomlTable(),
            },
            ["last"] = new TimeOnly(1, 2, 3, 4),
        };
        string text = TomlFile.Write(table);
        var back = TomlFile.Parse(Encoding.UTF8.GetBytes("\uFEFF" + text), "written");
        Assert.Equal(text, TomlFile.Write(back));
        Assert.Equal("tab\t quote\" back\\ bell\a é 日本", back["plain"]);
        Assert.Equal(3.0, back["whole"]);
        Assert.Equal(new DateOnly(2024, 2, 29), ((TomlTable)((TomlTable)back["section"])["inner"])["w"]);
    }
}

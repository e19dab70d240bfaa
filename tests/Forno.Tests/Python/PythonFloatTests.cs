using System.Globalization;
using Forno.Python;

namespace Forno.Tests.Python;

/// <summary>
/// Floats in the form of Python's <c>repr()</c>, held by its own answers and by what defines the form.
/// </summary>
public class PythonFloatTests
{
    // 10^-324 … 10^309, each the double nearest to it: the first is 0, the last infinite.
    private static readonly double[] Powers = [.. Enumerable.Range(-324, 634).Select(e => Parse($"1e{e}"))];

    // A line each: the bits in hexadecimal, then what repr() of Python 3.11 says of them.
    [Fact]
    public void EdgesAreWrittenAsPythonWritesThem()
    {
        using var lines = new StreamReader(
            typeof(PythonFloatTests).Assembly.GetManifestResourceStream("python-floats.txt")!
        );
        int count = 0;
        while (lines.ReadLine() is { } line)
        {
            double value = BitConverter.UInt64BitsToDouble(
                ulong.Parse(line[..16], NumberStyles.HexNumber, CultureInfo.InvariantCulture)
            );
            Assert.Equal(line[17..], PythonFormat.Float(value));
            count++;
        }

        Assert.True(count > 300, $"only {count} lines");
    }

    [Fact]
    public void AMillionNumbersHaveTheForm()
    {
        var random = new Random(6);
        for (int i = 0; i < 250_000; i++)
        {
            HasTheForm(BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue)));
            long digits = random.NextInt64((long)Math.Pow(10, random.Next(1, 17)));
            HasTheForm(Parse($"{digits}e{random.Next(-20, 20)}"));
            HasTheForm(random.Next(1, 100) * Powers[324 + random.Next(-30, 30)]);
            HasTheForm(random.NextInt64(1L << random.Next(1, 62)) / 2.0);
        }
    }

    [Fact]
    public void LearningRatesInMetadata()
    {
        Assert.Equal("1e-06", PythonFormat.Str(1e-6));
        Assert.Equal("(1e-06, 4e-06)", PythonFormat.Str(new object[] { 1e-6, 4e-6 }));
        Assert.Equal("{\"lr\": 1e-06}", PythonFormat.Json(new Dictionary<string, object> { ["lr"] = 1e-6 }));
    }

    private static void HasTheForm(double value)
    {
        if (!double.IsFinite(value) || value == 0)
        {
            return;
        }

        string text = PythonFormat.Float(value);
        double size = Math.Abs(value);
        Assert.True(
            BitConverter.DoubleToInt64Bits(Parse(text)) == BitConverter.DoubleToInt64Bits(value),
            $"{text} is not {value:R}"
        );
        int mark = text.IndexOf('e', StringComparison.Ordinal);
        string digits = Digits(mark < 0 ? text : text[..mark]);
        Assert.True(
            digits == Digits(value.ToString("R", CultureInfo.InvariantCulture).Split('E')[0]),
            $"{text}: not the digits of {value:R}"
        );

        // 0.0001 and 10^16 read as doubles keep the order of the decimals.
        Assert.True((size is >= 1e-4 and < 1e16) == (mark < 0), $"{text}: the other notation");
        string body = text.TrimStart('-');
        if (mark < 0)
        {
            int point = body.IndexOf('.', StringComparison.Ordinal);
            Assert.True(point > 0 && point < body.Length - 1 && (point == 1 || body[0] != '0'), text);
            Assert.True(body.EndsWith(".0", StringComparison.Ordinal) || body[^1] != '0', text);
            return;
        }

        string[] parts = body.Split('e');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        Assert.True(
            size >= Powers[exponent + 324] && size < Powers[exponent + 325],
            $"{text}: not the exponent of {value:R}"
        );
        Assert.True(
            parts[0][0] != '0'
                && (parts[0].Length == 1 || (parts[0][1] == '.' && parts[0].Length > 2 && parts[0][^1] != '0')),
            text
        );
        Assert.True(parts[1][0] is '+' or '-' && parts[1].Length == (Math.Abs(exponent) < 100 ? 3 : 4), text);
    }

    private static string Digits(string text) => string.Concat(text.Where(char.IsAsciiDigit)).Trim('0');

    private static double Parse(InvariantText text) => Parse(Invariant.Text(text));

    private static double Parse(string text) => double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture);
}

using Forno.Python;

namespace Forno.Tests.Python;

public class PythonFormatTests
{
    [Theory]
    [InlineData(1.0, "1.0")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1.5e-7, "1.5e-07")]
    [InlineData(1e16, "1e+16")]
    [InlineData(123456789012345680.0, "1.2345678901234568e+17")]
    [InlineData(1234567890123456.0, "1234567890123456.0")]
    [InlineData(1718109195.6234567, "1718109195.6234567")]
    [InlineData(-0.1, "-0.1")]
    [InlineData(100.0, "100.0")]
    [InlineData(0.0, "0.0")]
    [InlineData(9.999999999999999e-5, "9.999999999999999e-05")]
    [InlineData(9999999999999998.0, "9999999999999998.0")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void FloatsAreWrittenAsByRepr(double value, string want) => Assert.Equal(want, PythonFormat.Float(value));

    [Fact]
    public void OtherValues()
    {
        Assert.Equal("None", PythonFormat.Str(null));
        Assert.Equal("(0.9, 0.99)", PythonFormat.Str(new object[] { 0.9, 0.99 }));
        Assert.Equal("(1,)", PythonFormat.Str(new object[] { 1L }));
        Assert.Equal("('a', True)", PythonFormat.Str(new object[] { "a", true }));
        Assert.Equal(
            "{\"a\": [1, 2.0, null, \"\\u00e9\\\"\\ud83c\\udf5e\"]}",
            PythonFormat.Json(new Dictionary<string, object> { ["a"] = new object?[] { 1, 2.0, null, "é\"🍞" } })
        );
    }
}

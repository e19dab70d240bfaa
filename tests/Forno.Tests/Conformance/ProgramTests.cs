using Forno.Cli.Terminal;
using Forno.Conformance;

namespace Forno.Tests.Conformance;

/// <summary>The program that the launcher runs for <c>forno conformance</c>.</summary>
public class ProgramTests
{
    [Fact]
    public void AFolderThatIsNotThereIsOneLineAndEndsWithOne()
    {
        (int code, string output, string error) = Run("conformance", "/no/such/folder");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("forno: /no/such/folder:", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("conformance")]
    [InlineData("conformance", "x", "--no-such-option")]
    public void BadUsageEndsWithTwo(params string[] args)
    {
        (int code, string output, string error) = Run(args);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("forno: ", error, StringComparison.Ordinal);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using StringWriter output = new(),
            error = new();
        int code = Program.Run(args, new CommandHost { Out = output, Error = error });
        return (code, output.ToString(), error.ToString());
    }
}

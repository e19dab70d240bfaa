using Forno.Cli;
using Forno.Cli.Terminal;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

public class ProgramTests
{
    [Fact]
    public void AloneItSaysWhatItDoesAndHowToBegin()
    {
        (int code, string output, string error) = Run();
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("forno demo", output);
        Assert.Contains("forno doctor", output);
    }

    [Fact]
    public void VersionIsOneLine()
    {
        (int code, string output, _) = Run("--version");
        Assert.Equal(0, code);
        Assert.Matches(@"^\d+\.\d+\.\d+\S*\n$", output);
    }

    [Theory]
    [InlineData("no-such-command")]
    [InlineData("train")]
    [InlineData("plan", "x", "--no-such-option")]
    public void BadUsageEndsWithTwoAndSaysWhatIsMeant(params string[] args)
    {
        (int code, string output, string error) = Run(args);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith("forno: ", error, StringComparison.Ordinal);
    }

    [Fact]
    public void AFailureIsOneLineAndEndsWithOne()
    {
        (int code, string output, string error) = Run("dataset", "check", "/no/such/folder");
        Assert.Equal((1, ""), (code, output));
        Assert.StartsWith("forno: /no/such/folder:", error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void EveryCommandIsListedAndHasHelpWithAnExample()
    {
        string overview = Run("--help").Output;
        foreach (CommandEntry entry in CommandRegistry.All.Values)
        {
            Assert.Contains($"  {entry.Name} ", overview);
            (int code, string output, string error) = Run(entry.Name, "--help");
            Assert.Equal((0, ""), (code, error));
            Assert.Contains(entry.Summary, output);
            Assert.Contains($"forno {entry.Name}", output[output.IndexOf("Examples:", StringComparison.Ordinal)..]);
        }
    }

    [Fact]
    public void ProgressIsSilentForASecondAndClearsItsLine()
    {
        StringWriter writer = new();
        HandTime time = new();
        using (ProgressBar bar = new(writer, "bake", 100, "steps", time))
        {
            time.Now += TimeSpan.FromSeconds(0.9);
            bar.Report(9);
            Assert.Equal("", writer.ToString());
            time.Now += TimeSpan.FromSeconds(1.1);
            bar.Report(20);
            bar.Report(21); // too soon after the last
        }

        string line = writer.ToString();
        Assert.Contains(" 20/100 steps  10.0/s  0:08 left", line);
        Assert.DoesNotContain("21/100", line);
        Assert.EndsWith("\r\u001b[K", line, StringComparison.Ordinal);
    }

    private sealed class HandTime : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}

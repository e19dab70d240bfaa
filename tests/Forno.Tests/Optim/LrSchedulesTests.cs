using Forno.Optim.Rates;
using Forno.Python;

namespace Forno.Tests.Optim;

public class LrSchedulesTests
{
    [Fact]
    public void UnknownNamesAndArgumentsListTheValidOnes()
    {
        Assert.Contains("cosine_with_restarts", Assert.Throws<FornoException>(() => Make("cosin")).Message);
        Assert.Contains("lr_end", Assert.Throws<FornoException>(() => Make("polynomial", "end=1")).Message);
        Assert.Contains(
            "warmup",
            Assert
                .Throws<FornoException>(() => LrSchedules.Create(Settings("constant") with { WarmupSteps = 3 }))
                .Message
        );
        Assert.Throws<FornoException>(() => Make("cosine_with_min_lr"));
        Assert.Throws<FornoException>(() => Make("piecewise_constant"));
        Assert.Throws<FornoException>(() => Make("rex_annealing_warm_restarts", "first_cycle_max_steps=5"));
    }

    [Fact]
    public void CyclesThatShrinkToNothingStopInsteadOfHanging()
    {
        var schedule = Make(
            "cosine_annealing_warm_restarts",
            "gamma=1",
            "first_cycle_max_steps=10",
            "cycle_multiplier=0.3"
        );
        Assert.Throws<FornoException>(() => schedule(1, 1_000_000));
    }

    [Theory]
    [InlineData("0.9,0.99", new object[] { 0.9, 0.99 })]
    [InlineData("(1, 'a\\'b', True)", new object[] { 1L, "a'b", true })]
    [InlineData("[1,]", new object[] { 1L })]
    public void PythonTuples(string text, object[] expected) =>
        Assert.Equal(expected, (object?[])PythonLiteral.Parse(text)!);

    [Theory]
    [InlineData("1e-6", 1e-6)]
    [InlineData("-3", -3L)]
    [InlineData(" False ", false)]
    [InlineData("None", null)]
    [InlineData("(2)", 2L)]
    public void PythonScalars(string text, object? expected) => Assert.Equal(expected, PythonLiteral.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("true")]
    [InlineData("__import__('os')")]
    [InlineData("1 2")]
    [InlineData("'open")]
    [InlineData("((((((((((((((((((((((((((((((((((((((((((((((((")]
    [InlineData("inf")]
    public void NoLiterals(string text) => Assert.Throws<FornoException>(() => PythonLiteral.Parse(text));

    private static LrScheduleSettings Settings(string name) =>
        new()
        {
            Scheduler = name,
            TotalSteps = 40,
            DefaultLr = 1e-4,
        };

    private static LrSchedule Make(string name, params string[] args) =>
        LrSchedules.Create(Settings(name) with { Args = PythonLiteral.Arguments(args, "lr_scheduler_args") });
}

using Forno.Cli;
using Forno.Cli.Terminal;
using Forno.Kohya;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;
using Forno.Training.Setups;

namespace Forno.Tests.Training;

/// <summary>Which state a training goes on from, and what it says of those that it cannot use.</summary>
[Collection(Alone.Name)]
public class ResumeTests
{
    [Theory]
    [InlineData("no/such-state", "there is no such folder")]
    [InlineData("data", "there is no state in this folder")]
    [InlineData("config.toml", "this is a file")]
    public void APathWithoutAStateIsAMistakeAndLeavesNothing(string path, string problem)
    {
        using var run = new TrainRun();
        string named = Path.Combine(run.Folder, path);
        string[] before = Entries(run.Folder);
        Assert.Contains(problem, Assert.Throws<FornoException>(() => run.Train(resume: named)).Message);
        (int code, string said) = Command(run, "--resume", named);
        Assert.Equal(1, code);
        Assert.Contains($"forno: {named}: {problem}", said);
        Assert.Equal(1, Command(run, "--dry-run", "--resume", named).Code);
        Assert.Equal(before, Entries(run.Folder));
    }

    [Fact]
    public void AnAbsentStateIsNotReplacedByAnotherButTheNewestIsNamed()
    {
        using var run = new TrainRun("logging_dir = \"LOG\"");
        Edit(run, "LOG", Path.Combine(run.Folder, "log"));
        run.Train(stopAfter: 4);
        string[] before = Entries(run.Folder);
        string named = State(run, "thing-step00000006");
        (int code, string said) = Command(run, "--resume", named);
        Assert.Equal(1, code);
        Assert.Contains($"The newest state of thing is {State(run, "thing-step00000004")}.", said);
        // Its folder alone is no state either.
        Directory.CreateDirectory(named);
        Assert.Equal(1, Command(run, "--resume", named).Code);
        Directory.Delete(named);
        Assert.Equal(before, Entries(run.Folder));
    }

    [Fact]
    public void ADamagedStateIsReplacedByOneOfItsOwnRunOnly()
    {
        using var run = new TrainRun();
        Rename(run, "anna");
        run.Train(stopAfter: 5);
        Rename(run, "berta");
        run.Train(stopAfter: 5);
        Damage(State(run, "berta-step00000005"));
        var events = new List<TrainEvent>();
        Assert.True(run.Train(resume: State(run, "berta-step00000005"), events: events).Completed);
        Assert.Equal(State(run, "berta-step00000004"), Assert.Single(events.OfType<TrainEvent.Resumed>()).State);

        Rename(run, "anna");
        foreach (string state in Directory.GetDirectories(run.Output, "anna-*-state"))
        {
            Damage(state);
        }
        string[] before = Entries(run.Output);
        string named = State(run, "anna-step00000005");
        Assert.Contains(
            "no other complete state of this run (anna)",
            Assert.Throws<FornoException>(() => run.Train(resume: named)).Message
        );
        // The same settings under another name are another run's.
        Rename(run, "berta");
        Assert.Throws<FornoException>(() => run.Train(resume: named));
        Assert.Equal(before, Entries(run.Output));
    }

    [Fact]
    public void ADamagedStateIsNotReplacedByOneOfOtherSettings()
    {
        using var run = new TrainRun();
        run.Train(stopAfter: 4);
        Edit(run, "network_dim = 2", "network_dim = 4");
        run.Train(stopAfter: 5);
        Directory.Delete(State(run, "thing-step00000004"), recursive: true);
        Edit(run, "network_dim = 4", "network_dim = 2");
        run.Train(stopAfter: 2);
        Edit(run, "network_dim = 2", "network_dim = 4");
        string named = State(run, "thing-step00000005");
        Damage(named);
        Assert.Contains(
            "no other complete state",
            Assert.Throws<FornoException>(() => run.Train(resume: named)).Message
        );
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(2000)]
    public void AStateThatBrokeOffIsDamagedToo(int length)
    {
        using var run = new TrainRun();
        run.Train(stopAfter: 3);
        string named = State(run, "thing-step00000003"),
            file = Path.Combine(named, TrainState.FileName);
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..length]);
        var events = new List<TrainEvent>();
        run.Train(resume: named, stopAfter: 4, events: events);
        Assert.Equal(State(run, "thing-step00000002"), Assert.Single(events.OfType<TrainEvent.Resumed>()).State);
    }

    [Fact]
    public void NothingLeftToTrainIsSaidAndNothingWritten()
    {
        using var run = new TrainRun("logging_dir = \"LOG\"");
        Edit(run, "LOG", Path.Combine(run.Folder, "log"));
        Assert.Equal(15, run.Train().Step);
        string[] before = Entries(run.Output);
        DateTime written = File.GetLastWriteTimeUtc(run.Adapter);
        (int code, string said) = Command(run, "--resume", State(run, "thing"));
        Assert.Equal(1, code);
        Assert.Contains("nothing left to train", said);
        Assert.Contains("15 of 15", said);
        Assert.Contains("raise max_train_epochs", said);
        // A shorter run is over as well.
        Edit(run, "max_train_epochs = 3", "max_train_epochs = 2");
        Assert.Throws<FornoException>(() => run.Train(resume: State(run, "thing")));
        // And so is one of another name, whose file is not there.
        Edit(run, "max_train_epochs = 2", "max_train_epochs = 3");
        Rename(run, "berta");
        Assert.Throws<FornoException>(() => run.Train(resume: State(run, "thing")));
        Assert.Equal(before, Entries(run.Output));
        Assert.False(Directory.Exists(Path.Combine(run.Folder, "log")));
        Assert.Equal(written, File.GetLastWriteTimeUtc(run.Adapter));
    }

    [Fact]
    public void ARunKilledBetweenItsLastStateAndItsLastFileIsFinished()
    {
        using var run = new TrainRun();
        run.Train();
        string whole = Path.Combine(run.Folder, "whole.safetensors");
        File.Move(run.Adapter, whole);
        TrainResult result = run.Train(resume: State(run, "thing"));
        Assert.True(result.Completed);
        TrainerTests.AssertSameTensors(whole, run.Adapter);
    }

    [Fact]
    public void ALongerRunGoesOnInTheEpochThatWasCutShort()
    {
        using var whole = new TrainRun();
        whole.Train();
        using var parts = new TrainRun();
        Edit(parts, "max_train_epochs = 3", "max_train_steps = 7");
        Assert.Equal(7, parts.Train().Step);
        Edit(parts, "max_train_steps = 7", "max_train_epochs = 3");
        Assert.True(parts.Train(resume: State(parts, "thing")).Completed);
        TrainerTests.AssertSameTensors(whole.Adapter, parts.Adapter);
    }

    [Fact]
    public void ARunWithoutASeedGoesOnWithTheSeedOfItsState()
    {
        using var whole = new TrainRun();
        whole.Train();
        using var broken = new TrainRun();
        broken.Train(stopAfter: 3);
        Edit(broken, "seed = 7", "");
        string state = State(broken, "thing-step00000003");
        Assert.Equal(7ul, LoraTraining.ForResume(TrainRecipeReader.Read(broken.ConfigPath), state).Run.Seed);
        (int code, string said) = Command(broken, "--resume", state);
        Assert.True(code == 0, said);
        TrainerTests.AssertSameTensors(whole.Adapter, broken.Adapter);
    }

    [Fact]
    public void AStoppedCommandNamesTheStateToGoOnFrom()
    {
        using var whole = new TrainRun();
        whole.Train();
        using var run = new TrainRun();
        (int code, string said) = Command(run, new CancellationToken(canceled: true));
        Assert.Equal(0, code);
        string state = State(run, "thing-step00000000");
        Assert.Contains($"stopped after 0 optimizer steps; go on with --resume {state}", said);
        (code, said) = Command(run, "--resume", state);
        Assert.True(code == 0, said);
        Assert.Contains($"resumed from {state}: 0 of 15 optimizer steps done", said);
        TrainerTests.AssertSameTensors(whole.Adapter, run.Adapter);
    }

    private static string State(TrainRun run, string name) => Path.Combine(run.Output, name + TrainStates.Suffix);

    private static void Edit(TrainRun run, string from, string to)
    {
        string text = File.ReadAllText(run.ConfigPath);
        Assert.Contains(from, text);
        File.WriteAllText(run.ConfigPath, text.Replace(from, to, StringComparison.Ordinal));
    }

    private static void Rename(TrainRun run, string name) =>
        File.WriteAllText(
            run.ConfigPath,
            string.Join(
                '\n',
                File.ReadLines(run.ConfigPath)
                    .Select(l =>
                        l.StartsWith("output_name", StringComparison.Ordinal) ? $"output_name = \"{name}\"" : l
                    )
            )
        );

    private static void Damage(string state)
    {
        string file = Path.Combine(state, TrainState.FileName);
        byte[] bytes = File.ReadAllBytes(file);
        bytes[^9] ^= 1;
        File.WriteAllBytes(file, bytes);
    }

    private static string[] Entries(string folder) =>
        [
            .. Directory
                .EnumerateFileSystemEntries(folder, "*", SearchOption.AllDirectories)
                .Select(e => $"{e} {(File.Exists(e) ? new FileInfo(e).Length : 0)}")
                .Order(StringComparer.Ordinal),
        ];

    private static (int Code, string Said) Command(TrainRun run, params string[] args) =>
        Command(run, CancellationToken.None, args);

    private static (int Code, string Said) Command(TrainRun run, CancellationToken stop, params string[] args)
    {
        using StringWriter output = new(),
            error = new();
        using CommandHost cli = new()
        {
            Out = output,
            Error = error,
            Cancel = stop,
        };
        string folder = Directory.GetCurrentDirectory();
        int code = Program.Run(["train", run.ConfigPath, .. args], cli);
        Assert.Equal(folder, Directory.GetCurrentDirectory());
        return (code, error.ToString());
    }
}

using System.Diagnostics;
using Forno.Training;

namespace Forno.Tests.Training;

/// <summary>The program itself, killed without warning at random moments and started again.</summary>
[Collection(Alone.Name)]
[Trait("Category", "Long")]
public class KillTests
{
    private const int Runs = 20;

    // Small saves often, so that many kills hit a write.
    private const string Options = "save_every_n_epochs = 1\nlogging_dir = \"LOG\"";

    [Fact]
    public void TwentyRunsKilledAtRandomMomentsEndBitForBitAsTheUnbrokenOne()
    {
        using var whole = NewRun();
        var clock = Stopwatch.StartNew();
        Assert.True(Start(whole, null).WaitForExit(180_000));
        TimeSpan usual = clock.Elapsed;
        Assert.True(File.Exists(whole.Adapter));
        byte[] expected = File.ReadAllBytes(whole.Adapter);
        var random = new Random(5);
        int killed = 0;
        for (int i = 0; i < Runs; i++)
        {
            using var run = NewRun();
            for (int attempt = 0; !File.Exists(run.Adapter); attempt++)
            {
                Assert.True(attempt < 40, "the run does not come to its end");
                using Process process = Start(run, NewestState(run));
                // The first three starts of a run are killed somewhere in the usual time, later ones may finish.
                TimeSpan wait = attempt < 3 ? usual * (0.2 + (0.8 * random.NextDouble())) : TimeSpan.FromMinutes(3);
                if (!process.WaitForExit(wait))
                {
                    process.Kill(entireProcessTree: true);
                    process.WaitForExit();
                    killed++;
                }
                else
                {
                    Assert.Equal(0, process.ExitCode);
                }
            }
            TrainerTests.AssertSameTensors(whole.Adapter, run.Adapter);
            Assert.Equal(expected.Length, new FileInfo(run.Adapter).Length);
            Assert.DoesNotContain(Directory.GetFiles(run.Output, "*.safetensors"), f => new FileInfo(f).Length < 1000);
        }
        Assert.True(killed >= Runs / 2, $"only {killed} kills");
    }

    private static TrainRun NewRun()
    {
        var run = new TrainRun(Options, pictures: 3);
        File.WriteAllText(
            run.ConfigPath,
            File.ReadAllText(run.ConfigPath)
                .Replace("\"LOG\"", $"\"{Path.Combine(run.Folder, "log")}\"", StringComparison.Ordinal)
                .Replace("save_every_n_steps = 2", "save_every_n_steps = 1", StringComparison.Ordinal)
        );
        return run;
    }

    private static string? NewestState(TrainRun run) =>
        !Directory.Exists(run.Output)
            ? null
            : Directory
                .GetDirectories(run.Output, "*-step*-state")
                .Where(d => File.Exists(Path.Combine(d, TrainState.FileName)))
                .OrderDescending(StringComparer.Ordinal)
                .FirstOrDefault();

    private static Process Start(TrainRun run, string? state)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = false };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, "forno-cli.dll"));
        start.ArgumentList.Add("train");
        start.ArgumentList.Add(run.ConfigPath);
        if (state is not null)
        {
            start.ArgumentList.Add("--resume");
            start.ArgumentList.Add(state);
        }
        start.RedirectStandardError = start.RedirectStandardOutput = true;
        start.Environment["SOURCE_DATE_EPOCH"] = "1000000000";
        Process process = Process.Start(start)!;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }
}

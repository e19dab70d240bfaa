using System.CommandLine;
using System.Globalization;
using Forno.Pocket;

namespace Forno.App.Commands;

/// <summary><c>forno pocket train</c>: one of the Pocket base model's trainings, in as many sittings as it takes.</summary>
internal static class PocketTrainCommand
{
    // In the order in which they are needed.
    private static readonly Dictionary<string, Part> Parts = new(StringComparer.Ordinal)
    {
        ["clip"] = new(ClipPairTraining.Defaults, [ClipPairTraining.TextFile, ClipPairTraining.ClipFile], run =>
            ClipPairTraining.Run(run.Data, run.Folder, run.Options, progress: run.Progress, stop: run.Stop)),
        ["vae"] = new(VaeTraining.Defaults, ["vae.safetensors"], run =>
            VaeTraining.Run(run.Data, run.Folder, run.Options, run.Progress, run.Stop)),
    };

    public static Command Build(Cli cli)
    {
        string home = Environment.GetEnvironmentVariable("FORNO_HOME") is { Length: > 0 } set ? set : ".";
        string names = string.Join(", ", Parts.Keys);
        Argument<string> part = new("part") { Description = $"Which training: {names}" };
        part.AcceptOnlyFromAmong([.. Parts.Keys]);
        Option<string> data = new("--data") { Description = "Folder that `forno pocket data` filled", DefaultValueFactory = _ => Path.Combine(home, "out", "pocket") };
        Option<string?> run = new("--run") { Description = "Folder of the training's state and log (default: out/pocket/PART)" };
        Option<int?> steps = new("--steps") { Description = "Optimizer steps of the whole training" };
        Option<double?> minutes = new("--minutes") { Description = "End this sitting after so long; the next one goes on" };
        FornoCommand command = new("train", "Train a part of the Pocket base model; resumes where it stopped",
            "forno pocket train clip", "forno pocket train vae --minutes 90")
        {
            part, data, run, steps, minutes,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(part)!;
            string folder = parsed.GetValue(run) ?? Path.Combine(home, "out", "pocket", name);
            return Run(cli, name, parsed.GetValue(data)!, folder, parsed.GetValue(steps), parsed.GetValue(minutes));
        });
        return command;
    }

    private static int Run(Cli cli, string name, string dataFolder, string folder, int? steps, double? minutes)
    {
        Part part = Parts[name];
        using PocketData data = PocketData.Open(dataFolder);
        PocketFitOptions options = part.Defaults with
        {
            Steps = steps ?? part.Defaults.Steps,
            Budget = minutes is { } m ? TimeSpan.FromMinutes(m) : TimeSpan.MaxValue,
        };
        using (ProgressBar bar = cli.Progress($"train {name}", options.Steps, "steps"))
        {
            part.Train(new Sitting(data, folder, options, new Reporter(bar), cli.Cancel));
        }

        cli.Out.WriteLine($"state and log in {folder}; the averaged weights are {string.Join(" and ", part.Files.Select(f => Path.Combine(folder, f)))}");
        return 0;
    }

    private sealed record Sitting(
        PocketData Data, string Folder, PocketFitOptions Options, IProgress<PocketFitProgress> Progress, CancellationToken Stop);

    private sealed record Part(PocketFitOptions Defaults, string[] Files, Action<Sitting> Train);

    private sealed class Reporter(ProgressBar bar) : IProgress<PocketFitProgress>
    {
        public void Report(PocketFitProgress p)
        {
            bar.Note = string.Create(CultureInfo.InvariantCulture, $"loss {p.Loss:0.0000}  lr {p.LearningRate:0.0e+0}  {p.Note}");
            bar.Report(p.Step);
        }
    }
}

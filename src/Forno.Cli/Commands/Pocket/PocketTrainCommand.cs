using System.CommandLine;
using System.Globalization;
using Forno.Cli.Terminal;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;
using Forno.Training.Logs;

namespace Forno.Cli.Commands.Pocket;

/// <summary>
/// <c>forno pocket train</c>: one of the Pocket base model's trainings, in as many sittings as it takes.
/// </summary>
internal static class PocketTrainCommand
{
    // In the order in which they are needed.
    private static readonly Dictionary<string, Part> Parts = new(StringComparer.Ordinal)
    {
        ["clip"] = new(
            ClipPairTraining.Defaults,
            [ClipPairTraining.TextFile, ClipPairTraining.ClipFile],
            run => ClipPairTraining.Run(run.Data, run.Folder, run.Options, report: run.Report, stop: run.Stop)
        ),
        ["vae"] = new(
            VaeTraining.Defaults,
            [VaeTraining.VaeFile],
            run => VaeTraining.Run(run.Data, run.Folder, run.Options, run.Report, run.Stop)
        ),
        ["unet"] = new(
            UNetTraining.Defaults,
            [UNetTraining.UNetFile],
            run =>
                UNetTraining.Run(
                    run.Data,
                    run.Parts.Vae,
                    run.Parts.Text,
                    run.Folder,
                    run.Options,
                    run.UNet,
                    run.Report,
                    run.Stop
                )
        ),
        ["judge"] = new(
            JudgeTraining.Defaults,
            [ClipPairTraining.ClipFile],
            run => JudgeTraining.Run(run.Data, run.Parts, run.Folder, run.Options, run.Report, run.Stop)
        ),
    };

    public static Command Build(CommandHost cli)
    {
        string runs = PocketCommand.Runs;
        Argument<string> part = new("part")
        {
            Description =
                $"Which training, in this order: {string.Join(", ", Parts.Keys)} (clip and vae in either; "
                + "judge: the image tower once more, beside unet)",
        };
        part.AcceptOnlyFromAmong([.. Parts.Keys]);
        Option<string> data = PocketCommand.DataOption();
        Option<string?> run = new("--run")
        {
            Description = "Folder of the training's state and log (default: out/pocket/PART)",
        };
        Option<int?> steps = new("--steps") { Description = "Optimizer steps of the whole training" };
        Option<double?> minutes = new("--minutes")
        {
            Description = "End this sitting after so long; the next one goes on",
        };
        var files = PocketPartFiles.Below(runs);
        Option<string> vae = new("--vae")
        {
            Description = "unet, judge: file of the finished autoencoder",
            DefaultValueFactory = _ => files.Vae,
        };
        Option<string> text = new("--text")
        {
            Description = "unet, judge: file of the finished text tower",
            DefaultValueFactory = _ => files.Text,
        };
        Option<string> clip = new("--clip")
        {
            Description = "judge: file of the finished pair's image tower",
            DefaultValueFactory = _ => files.Clip,
        };
        Option<int?> concepts = new("--concepts")
        {
            Description = "unet: train on so many concepts only, each in all styles",
        };
        Option<string?> styles = new("--styles")
        {
            Description = $"unet: train on these art sets only, with commas between: {PocketCommand.TrainedSets}",
        };
        FornoCommand command = new(
            "train",
            "Train a part of the Pocket base model; resumes where it stopped",
            "forno pocket train clip",
            "forno pocket train vae --minutes 90",
            "forno pocket train unet --concepts 500 --styles noto,twemoji,emojione"
        )
        {
            part,
            data,
            run,
            steps,
            minutes,
            vae,
            text,
            clip,
            concepts,
            styles,
        };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(part)!;
            Part known = Parts[name];
            PocketTrainOptions options = known.Defaults with
            {
                Steps = parsed.GetValue(steps) ?? known.Defaults.Steps,
                Budget = parsed.GetValue(minutes) is { } m ? TimeSpan.FromMinutes(m) : TimeSpan.MaxValue,
            };
            var unet = new UNetRecipe
            {
                Concepts = parsed.GetValue(concepts),
                Styles = PocketCommand.Styles(parsed.GetValue(styles)),
            };
            return Run(
                cli,
                name,
                parsed.GetValue(data)!,
                (pocket, report) =>
                    new Sitting(
                        pocket,
                        parsed.GetValue(run) ?? Path.Combine(runs, name),
                        options,
                        unet,
                        files with
                        {
                            Vae = parsed.GetValue(vae)!,
                            Text = parsed.GetValue(text)!,
                            Clip = parsed.GetValue(clip)!,
                        },
                        report,
                        cli.Cancel
                    )
            );
        });
        return command;
    }

    private static int Run(
        CommandHost cli,
        string name,
        string dataFolder,
        Func<PocketData, Action<TrainEvent>, Sitting> sit
    )
    {
        Part part = Parts[name];
        using var data = PocketData.Open(dataFolder);
        using IDisposable threads = ProductThreads.Use(1); // all parts of Pocket are small
        Sitting sitting;
        using (var reporter = new Reporter(cli, name))
        {
            sitting = sit(data, reporter.Tell);
            part.Train(sitting);
        }

        cli.Out.WriteLine(
            $"state and log in {sitting.Folder}; the averaged weights are "
                + string.Join(" and ", part.Files.Select(f => Path.Combine(sitting.Folder, f)))
        );
        return 0;
    }

    private sealed record Sitting(
        PocketData Data,
        string Folder,
        PocketTrainOptions Options,
        UNetRecipe UNet,
        PocketPartFiles Parts,
        Action<TrainEvent> Report,
        CancellationToken Stop
    );

    private sealed record Part(PocketTrainOptions Defaults, string[] Files, Action<Sitting> Train);

    // A bar for the preparation, if there is one, and a bar for the steps.
    private sealed class Reporter(CommandHost cli, string name) : IDisposable
    {
        private ProgressBar? preparing,
            training;

        public void Tell(TrainEvent e)
        {
            switch (e)
            {
                case TrainEvent.Preparing p:
                    (preparing ??= cli.Progress(p.What, p.Total, "‰")).Report(p.Done);
                    break;
                case TrainEvent.Stepped step:
                    preparing?.Clear();
                    training ??= cli.Progress($"train {name}", step.Total, "steps");
                    training.Note = Invariant.Text(
                        $"loss {step.AverageLoss:0.0000}  lr {step.Rates[^1].Rate:0.0e+0}  {step.Note}"
                    );
                    training.Report(step.Step);
                    break;
                case TrainEvent.Resumed resumed:
                    cli.Error.WriteLine($"resumed from {resumed.State}: {resumed.Step} of {resumed.Total} steps done");
                    break;
            }
        }

        public void Dispose()
        {
            preparing?.Dispose();
            training?.Dispose();
        }
    }
}

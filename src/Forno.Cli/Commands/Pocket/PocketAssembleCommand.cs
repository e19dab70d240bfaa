using System.CommandLine;
using System.Text.Json;
using Forno.Cli.Terminal;
using Forno.Pocket.Training;

namespace Forno.Cli.Commands.Pocket;

/// <summary><c>forno pocket assemble</c>: one checkpoint of the trained parts.</summary>
internal static class PocketAssembleCommand
{
    public static Command Build(CommandHost cli)
    {
        var usual = PocketPartFiles.Below(PocketCommand.Runs);
        Option<string> vae = new("--vae")
        {
            Description = "File of the autoencoder",
            DefaultValueFactory = _ => usual.Vae,
        };
        Option<string> text = new("--text")
        {
            Description = "File of the text tower",
            DefaultValueFactory = _ => usual.Text,
        };
        Option<string> clip = new("--clip")
        {
            Description = "File of the image tower",
            DefaultValueFactory = _ => usual.Clip,
        };
        Option<string> unet = new("--unet") { Description = "File of the UNet", DefaultValueFactory = _ => usual.UNet };
        Option<string> output = new("--out", "-o")
        {
            Description = "Folder to write into",
            DefaultValueFactory = _ => PocketCommand.Shipped,
        };
        Option<bool> dryRun = new("--dry-run") { Description = "Say what would be written; write nothing" };
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "assemble",
            "Make one checkpoint of the trained parts, and the image tower's file beside it",
            "forno pocket assemble",
            "forno pocket assemble --out out/pocket/try"
        )
        {
            vae,
            text,
            clip,
            unet,
            output,
            dryRun,
            json,
        };
        command.SetAction(parsed =>
        {
            var parts = new PocketPartFiles
            {
                Vae = parsed.GetValue(vae)!,
                Text = parsed.GetValue(text)!,
                Clip = parsed.GetValue(clip)!,
                UNet = parsed.GetValue(unet)!,
            };
            string folder = parsed.GetValue(output)!;
            string[] files =
            [
                Path.Combine(folder, PocketAssembly.CheckpointFile),
                Path.Combine(folder, PocketAssembly.ClipFile),
            ];
            bool dry = parsed.GetValue(dryRun);
            long bytes = dry ? 0 : PocketAssembly.Write(parts, folder);
            cli.Out.WriteLine(
                parsed.GetValue(json)
                    ? JsonSerializer.Serialize(
                        new { Files = files, Bytes = dry ? (long?)null : bytes },
                        JsonOutput.Options
                    )
                : dry ? Invariant.Text($"would write {files[0]} and {files[1]}")
                : Invariant.Text($"{files[0]} and {files[1]}: {bytes / 1e6:0.0} MB")
            );
            return 0;
        });
        return command;
    }
}

using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.UNets;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>The files that the trainings wrote.</summary>
public sealed record PocketPartFiles
{
    /// <summary>The autoencoder.</summary>
    public required string Vae { get; init; }

    /// <summary>The text tower.</summary>
    public required string Text { get; init; }

    /// <summary>Image tower, projections and temperature.</summary>
    public required string Clip { get; init; }

    /// <summary>The UNet.</summary>
    public required string UNet { get; init; }

    /// <summary>The files as the trainings name them below a folder of runs.</summary>
    /// <param name="runs">Such as <c>out/pocket</c>.</param>
    public static PocketPartFiles Below(string runs) =>
        new()
        {
            Vae = Path.Combine(runs, "vae", VaeTraining.VaeFile),
            Text = Path.Combine(runs, "clip", ClipPairTraining.TextFile),
            Clip = Path.Combine(runs, "clip", ClipPairTraining.ClipFile),
            UNet = Path.Combine(runs, "unet", UNetTraining.UNetFile),
        };
}

/// <summary>Makes one checkpoint of the trained parts, and the image tower's file beside it.</summary>
public static class PocketAssembly
{
    /// <summary>The checkpoint's name.</summary>
    public const string CheckpointFile = "pocket.safetensors";

    /// <summary>The name of the file with the image tower.</summary>
    public const string ClipFile = "pocket-clip.safetensors";

    /// <summary>Bytes that both files together must stay below.</summary>
    public const long MostBytes = 60_000_000;

    /// <summary>Writes both files; nothing is replaced unless both load and compute.</summary>
    /// <param name="parts">What the trainings wrote.</param>
    /// <param name="folder">Where to write.</param>
    /// <returns>Bytes of both files.</returns>
    /// <exception cref="FornoException">A part is missing or damaged, parts do not fit together, or the files are too
    /// large.</exception>
    public static long Write(PocketPartFiles parts, string folder)
    {
        RequireAll(parts);
        Directory.CreateDirectory(folder);
        string checkpoint = Path.Combine(folder, CheckpointFile),
            clip = Path.Combine(folder, ClipFile);
        string newCheckpoint = checkpoint + ".new",
            newClip = clip + ".new";
        try
        {
            WriteCheckpoint(parts, newCheckpoint);
            using (ITensorSource source = Checkpoint.Open(parts.Clip))
            {
                SafetensorsWriter.Write(
                    newClip,
                    [.. source.Tensors.Keys.Select(key => Copy(source, key))],
                    source.Metadata
                );
            }

            Check(newCheckpoint, newClip);
            long bytes = new FileInfo(newCheckpoint).Length + new FileInfo(newClip).Length;
            if (bytes >= MostBytes)
            {
                throw new FornoException(
                    $"both files together take {bytes / 1e6:0.0} MB, which is too much for a repository; "
                        + $"they must stay below {MostBytes / 1e6:0} MB"
                );
            }

            File.Move(newCheckpoint, checkpoint, overwrite: true);
            File.Move(newClip, clip, overwrite: true);
            return bytes;
        }
        finally
        {
            File.Delete(newCheckpoint);
            File.Delete(newClip);
        }
    }

    private static void RequireAll(PocketPartFiles parts)
    {
        (string File, string Part)[] all =
        [
            (parts.Vae, "vae"),
            (parts.Text, "clip"),
            (parts.Clip, "clip"),
            (parts.UNet, "unet"),
        ];
        (string File, string Part)[] missing = [.. all.Where(p => !File.Exists(p.File))];
        if (missing.Length > 0)
        {
            throw new FornoException(
                $"{string.Join(", ", missing.Select(m => m.File))}: not there yet. Train first: "
                    + string.Join(", ", missing.Select(m => $"`forno pocket train {m.Part}`").Distinct())
                    + "."
            );
        }
    }

    private static void WriteCheckpoint(PocketPartFiles parts, string path)
    {
        using ITensorSource vae = Checkpoint.Open(parts.Vae),
            text = Checkpoint.Open(parts.Text),
            unet = Checkpoint.Open(parts.UNet);
        string[] groups =
        [
            .. new[] { vae, unet }.Select(s => s.Metadata.GetValueOrDefault(UNetConfig.GroupsKey, "32")).Distinct(),
        ];
        if (groups.Length > 1)
        {
            throw new FornoException(
                $"{parts.Vae} and {parts.UNet}: norms of {string.Join(" and ", groups)} groups; one file can "
                    + "state one number only"
            );
        }

        var metadata = new Dictionary<string, string>
        {
            ["modelspec.title"] = "Forno Pocket",
            ["modelspec.architecture"] = "stable-diffusion-v1",
            ["modelspec.resolution"] = $"{PocketData.Side}x{PocketData.Side}",
            ["modelspec.prediction_type"] = "epsilon",
            ["modelspec.license"] =
                "see the model card, pocket/README.md: trained on art under Apache-2.0, MIT and CC-BY-4.0",
        };
        foreach ((string key, string value) in text.Metadata.Concat(vae.Metadata).Concat(unet.Metadata))
        {
            metadata[key] = value;
        }

        SafetensorsWriter.Write(
            path,
            [
                .. Below(vae, ModelFamily.VaePrefix),
                .. Below(text, PocketParts.TextPath + "."),
                .. Below(unet, ModelFamily.UNetPrefix),
            ],
            metadata
        );
    }

    private static IEnumerable<TensorToWrite> Below(ITensorSource source, string prefix)
    {
        string? stranger = source.Tensors.Keys.FirstOrDefault(k => !k.StartsWith(prefix, StringComparison.Ordinal));
        return stranger is null
            ? source.Tensors.Keys.Select(key => Copy(source, key))
            : throw FornoException.ForFile(
                source.Path,
                $"it has {stranger}, which is not below {prefix}",
                "Name the file that the training wrote."
            );
    }

    private static TensorToWrite Copy(ITensorSource source, string key)
    {
        TensorInfo info = source.Tensors[key];
        if (info.Type != ElementType.F16)
        {
            throw FornoException.ForFile(
                source.Path,
                $"{key} is {info.Type.Name()}, not F16",
                "Name the file that the training wrote."
            );
        }

        return TensorToWrite.From(key, info.Type, info.Shape, source.ReadBytes(key));
    }

    // Both open with nothing missing or left over, and compute numbers.
    private static void Check(string checkpoint, string clip)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        using var model = BaseModel.Load(checkpoint);
        int side = PocketData.Side / model.Vae.Config.Factor;
        using var judge = PocketClip.Load(checkpoint, clip);
        Tensor texts = judge.Texts(["red heart, noto style"]);
        var ids = Tensor.From<long>([49406, .. Enumerable.Repeat(49407L, 76)], 1, 77);
        Tensor eps = model.UNet.Forward(
            Tensor.Zeros([1, 4, side, side]),
            Tensor.Full([1], 500),
            model.Text.Encode([ids]).Context
        );
        Tensor picture = model.Vae.Decode(eps);
        if (!texts.AllFinite() || !picture.AllFinite() || !judge.Pictures(picture).AllFinite())
        {
            throw new FornoException(
                $"{checkpoint}: the assembled model computes NaN; a part was saved broken or does not fit "
                    + "into half precision"
            );
        }
    }
}

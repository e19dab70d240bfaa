using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Files;
using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>The training pictures as an autoencoder gives them back: data of their own, made once.</summary>
public static class RoundTrip
{
    private const int Chunk = 16;

    /// <summary>Opens them if they were made of the same data and weights; else makes them first.</summary>
    /// <param name="folder">Where they are kept.</param>
    /// <param name="data">The pictures.</param>
    /// <param name="vae">File of the autoencoder.</param>
    /// <param name="progress">Told the share that is done, 0 … 1.</param>
    /// <param name="stop">Stops; no file is left behind.</param>
    /// <returns>The training split only, in its order.</returns>
    /// <exception cref="FornoException">The autoencoder is missing or damaged.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static PocketData Open(
        string folder,
        PocketData data,
        string vae,
        IProgress<double>? progress = null,
        CancellationToken stop = default
    )
    {
        using Loaded<Vae> autoencoder = PocketParts.Vae(vae);
        string print = Convert.ToHexStringLower(
            SHA256.HashData(
                Encoding.UTF8.GetBytes(Invariant.Text($"{data.Sha256} {ModelHash.FileSha256(vae)} round trip"))
            )
        );
        if (File.Exists(Path.Combine(folder, PocketData.RecordsFile)))
        {
            var kept = PocketData.Open(folder);
            if (kept.Sha256 == print)
            {
                return kept;
            }

            kept.Dispose();
        }

        Write(folder, print, data, autoencoder.Part, progress, stop);
        return PocketData.Open(folder);
    }

    /// <summary>Pictures through the autoencoder and back: [B, 3, H, W] in [−1, 1] → the same.</summary>
    public static Tensor Of(Vae vae, Tensor pictures)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        return scope.Keep(vae.Decode(vae.Encode(pictures)).Clamp(-1, 1));
    }

    private static void Write(
        string folder,
        string print,
        PocketData data,
        Vae vae,
        IProgress<double>? progress,
        CancellationToken stop
    )
    {
        int[] pictures = data.Indices(PocketSplit.Training);
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(
            Path.Combine(folder, PocketData.PicturesFile),
            [
                new TensorToWrite(
                    PocketData.PicturesTensor,
                    ElementType.U8,
                    [pictures.Length, 3, PocketData.Side, PocketData.Side],
                    stream =>
                    {
                        int done = 0;
                        foreach (int[] part in pictures.Chunk(Chunk))
                        {
                            stop.ThrowIfCancellationRequested();
                            using var scope = new Scope();
                            float[] values = Of(vae, PictureBatch.Whole(data, part)).ToArray<float>();
                            stream.Write(Array.ConvertAll(values, v => (byte)Math.Round((v + 1) * 127.5)));
                            progress?.Report((double)(done += part.Length) / pictures.Length);
                        }
                    }
                ),
            ]
        );
        // The records last: they say what the pixels are made of.
        AtomicFile.WriteBytes(
            Path.Combine(folder, PocketData.RecordsFile),
            JsonSerializer.SerializeToUtf8Bytes(
                new PocketSidecar(print, [.. pictures.Select(p => data.Records[p])]),
                PocketData.Json
            )
        );
    }
}

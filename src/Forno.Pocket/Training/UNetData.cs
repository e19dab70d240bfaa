using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models.Autoencoders;
using Forno.Models.Clip;
using Forno.Pocket.Data;
using Forno.Text;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>
/// What the UNet's training needs of its pictures: their latents, and the text tower's output for several captions of
/// each. Computed once and kept in a file, from which it is mapped.
/// </summary>
public sealed class UNetData : IDisposable
{
    private const int PictureChunk = 16,
        CaptionChunk = 64;
    private const string LatentsKey = "latents",
        ContextsKey = "contexts",
        Fingerprint = "fingerprint";

    private readonly int variants;
    private readonly Tensor contexts;

    private UNetData(Tensor latents, Tensor contexts, int variants)
    {
        Latents = latents;
        this.contexts = contexts;
        this.variants = variants;
    }

    /// <summary>Scaled latents of the pictures (the posterior's means): fp32 [N, 4, 16, 16].</summary>
    public Tensor Latents { get; }

    /// <summary>How many pictures there are.</summary>
    public int Count => (int)Latents.Size(0);

    /// <summary>Maps the file if it was made of the same data, pictures and weights; else makes it first.</summary>
    /// <param name="path">The file.</param>
    /// <param name="data">Pictures and captions.</param>
    /// <param name="pictures">Their numbers.</param>
    /// <param name="variants">Captions of each: the short one and others, drawn.</param>
    /// <param name="vae">File of the finished autoencoder.</param>
    /// <param name="text">File of the finished text tower.</param>
    /// <param name="progress">Told the share that is done, 0 … 1, while the file is made.</param>
    /// <param name="stop">Stops making it; no file is left behind.</param>
    /// <exception cref="FornoException">A part is missing, or there are no pictures.</exception>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public static UNetData Open(
        string path,
        PocketData data,
        int[] pictures,
        int variants,
        string vae,
        string text,
        IProgress<double>? progress = null,
        CancellationToken stop = default
    )
    {
        if (pictures.Length == 0)
        {
            throw new FornoException("there are no pictures to train on; name trained styles and at least one concept");
        }

        using Loaded<Vae> autoencoder = PocketParts.Vae(vae);
        using Loaded<TextConditioning> tower = PocketParts.Text(text);
        string print = Print(data, pictures, variants, vae, text);
        if (!IsCurrent(path, print))
        {
            Write(path, print, data, pictures, variants, autoencoder.Part, tower.Part, progress, stop);
        }

        using var scope = new Scope();
        using ITensorSource file = SafetensorsFile.Open(path);
        return new UNetData(file.Load(LatentsKey).Own(), file.Load(ContextsKey).Own(), variants);
    }

    /// <summary>Conditioning of pictures, for each one of its captions at random: fp32 [n, 77, width].</summary>
    /// <param name="places">Places in <see cref="Latents"/>; −1 is the empty caption.</param>
    /// <param name="random">What to draw with.</param>
    public Tensor Contexts(int[] places, Random random)
    {
        using var scope = new Scope();
        long[] rows = Array.ConvertAll(
            places,
            p =>
            {
                int variant = random.Next(variants);
                return p < 0 ? 0 : 1 + ((long)p * variants) + variant;
            }
        );
        return scope.Keep(contexts.IndexSelect(0, Tensor.From(rows, rows.Length)).To(DType.Float32));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Latents.Dispose();
        contexts.Dispose();
    }

    private static string Print(PocketData data, int[] pictures, int variants, string vae, string text)
    {
        string all = Invariant.Text(
            $"{data.Sha256} {variants} {ModelHash.FileSha256(vae)} {ModelHash.FileSha256(text)} "
                + $"{string.Join(',', pictures)}"
        );
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all)));
    }

    private static bool IsCurrent(string path, string print)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using ITensorSource file = SafetensorsFile.Open(path);
        return file.Metadata.GetValueOrDefault(Fingerprint) == print;
    }

    private static void Write(
        string path,
        string print,
        PocketData data,
        int[] pictures,
        int variants,
        Vae vae,
        TextConditioning tower,
        IProgress<double>? progress,
        CancellationToken stop
    )
    {
        using var mode = Autograd.NoGrad();
        string[] captions =
        [
            "",
            .. pictures.SelectMany(p =>
                Enumerable
                    .Range(0, variants)
                    .Select(v => v == 0 ? data.Records[p].ShortCaption() : data.Records[p].DrawCaption(1, (ulong)v, p))
            ),
        ];
        int side = PocketData.Side / vae.Config.Factor,
            width = tower.Encoders[0].Config.Width;
        int done = 0,
            all = captions.Length + pictures.Length;
        void Told(int count)
        {
            stop.ThrowIfCancellationRequested();
            progress?.Report((double)(done += count) / all);
        }

        // Computed chunk by chunk as the writer asks for the bytes, so that it need not fit into memory.
        SafetensorsWriter.Write(
            path,
            [
                new TensorToWrite(
                    LatentsKey,
                    ElementType.F32,
                    [pictures.Length, vae.Config.Layout.LatentChannels, side, side],
                    stream =>
                    {
                        foreach (int[] part in pictures.Chunk(PictureChunk))
                        {
                            using var scope = new Scope();
                            Put(stream, vae.Encode(PictureBatch.Whole(data, part)), DType.Float32);
                            Told(part.Length);
                        }
                    }
                ),
                new TensorToWrite(
                    ContextsKey,
                    ElementType.F16,
                    [captions.Length, ClipTokenizer.SequenceLength, width],
                    stream =>
                    {
                        foreach (string[] part in captions.Chunk(CaptionChunk))
                        {
                            using var scope = new Scope();
                            long[] ids =
                            [
                                .. part.SelectMany(c => ClipTokenizer.Default.EncodePadded(c, ClipTokenizer.EndOfText))
                                    .Select(id => (long)id),
                            ];
                            Put(
                                stream,
                                tower.Encode([Tensor.From(ids, part.Length, ClipTokenizer.SequenceLength)]).Context,
                                DType.Float16
                            );
                            Told(part.Length);
                        }
                    }
                ),
            ],
            new Dictionary<string, string> { [Fingerprint] = print }
        );
    }

    private static unsafe void Put(Stream stream, Tensor values, DType type)
    {
        using var scope = new Scope();
        Tensor ready = values.To(type).Contiguous();
        stream.Write(new ReadOnlySpan<byte>(ready.Pointer, checked((int)(ready.Count * type.Size()))));
    }
}

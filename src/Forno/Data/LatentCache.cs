using Forno.Torch;

namespace Forno.Data;

/// <summary>Encodes pictures of one size.</summary>
/// <param name="pictures">[B, 3, H, W], fp32 in [−1, 1].</param>
/// <param name="keys">One a picture: a key of its content, to draw noise by that does not depend on the batch.</param>
/// <returns>[B, C, h, w], scaled latents.</returns>
public delegate Tensor EncodePictures(Tensor pictures, IReadOnlyList<string> keys);

/// <summary>
/// Latents of the pictures of a training, each computed once: keyed by the file's content, the model, the sizes, the
/// crop and the mirroring. A mirrored picture has a latent of its own.
/// </summary>
/// <param name="modelKey">What tells the autoencoder and its precision from others, say a hash of its weights.</param>
/// <param name="folder">Where to keep them on disk, or null for memory.</param>
/// <param name="encode">The encoder.</param>
public sealed class LatentCache(string modelKey, string? folder, EncodePictures encode) : IDisposable
{
    private const string Version = "forno latent 1";
    private readonly TensorCache cache = new(folder);
    private readonly Dictionary<string, string> contents = new(StringComparer.Ordinal);

    /// <summary>Computes what is missing, in batches of one bucket.</summary>
    /// <param name="items">The pictures; those with <c>flip_aug</c> are encoded both ways.</param>
    /// <param name="batchSize">Pictures encoded at once (<c>vae_batch_size</c>).</param>
    /// <param name="progress">Receives latents ready and latents in all.</param>
    /// <param name="cancel">Stops between two batches; what was computed stays.</param>
    public void Fill(
        IEnumerable<DatasetItem> items,
        int batchSize,
        IProgress<(int Done, int Total)>? progress = null,
        CancellationToken cancel = default
    )
    {
        var wanted = items
            .Where(i => i.Repeats > 0)
            .SelectMany(i =>
                i.Subset.FlipAug ? new[] { (Item: i, Flip: false), (Item: i, Flip: true) } : [(Item: i, Flip: false)]
            )
            .Select(w => (w.Item, w.Flip, Key: KeyOf(w.Item, w.Flip)))
            .DistinctBy(w => w.Key)
            .ToArray();
        var missing = new List<(DatasetItem Item, bool Flip, string Key)>();
        foreach (var one in wanted)
        {
            cancel.ThrowIfCancellationRequested();
            if (!cache.Has(one.Key))
            {
                missing.Add(one);
            }
        }

        int done = wanted.Length - missing.Count;
        progress?.Report((done, wanted.Length));
        foreach (var batch in missing.GroupBy(m => m.Item.Fit.Bucket).SelectMany(g => g.Chunk(batchSize)))
        {
            cancel.ThrowIfCancellationRequested();
            Encode(batch);
            done += batch.Length;
            progress?.Report((done, wanted.Length));
        }
    }

    /// <summary>The latent of a picture, in the current scope: [C, h, w].</summary>
    /// <exception cref="FornoException">It was not filled.</exception>
    public Tensor Get(DatasetItem item, bool flip) => cache.Get(KeyOf(item, flip))["latent"];

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();

    private void Encode((DatasetItem Item, bool Flip, string Key)[] batch)
    {
        using var scope = new Scope();
        var pictures = Ops.Stack([
            .. batch.Select(b => PictureLoader.Load(b.Item, b.Item.Fit.CropLeft, b.Item.Fit.CropTop, b.Flip)),
        ]);
        var latents = encode(pictures, [.. batch.Select(b => b.Key)]);
        for (int i = 0; i < batch.Length; i++)
        {
            var latent = latents.Select(0, i);
            if (!latent.AllFinite())
            {
                throw new FornoException(
                    $"{batch[i].Item.Example.Path}: its latent is not finite; train with a VAE in fp32, or "
                        + "with another VAE file"
                );
            }

            cache.Put(batch[i].Key, new Dictionary<string, Tensor> { ["latent"] = latent });
        }
    }

    private string KeyOf(DatasetItem item, bool flip)
    {
        var (path, fit) = (item.Example.Path, item.Fit);
        if (!contents.TryGetValue(path, out string? content))
        {
            contents[path] = content = TensorCache.HashFile(path);
        }

        return TensorCache.Key(
            Version,
            modelKey,
            content,
            $"{fit.Resized} {fit.Bucket} {fit.CropLeft},{fit.CropTop} {(flip ? "mirrored" : "straight")}"
                + $"{(item.Subset.AlphaMask ? " with opacity" : "")}"
        );
    }
}

/// <summary>
/// Encodes a caption: named tensors without a batch axis, <c>context</c> [n, c] and, for SDXL, <c>pooled</c> [c].
/// </summary>
/// <param name="caption">The caption.</param>
public delegate IReadOnlyDictionary<string, Tensor> EncodeCaption(string caption);

/// <summary>Outputs of frozen text encoders, each caption computed once: keyed by caption and model.</summary>
/// <param name="modelKey">What tells the encoders, clip skip, token length and precision from others.</param>
/// <param name="folder">Where to keep them on disk, or null for memory.</param>
/// <param name="encode">The encoder.</param>
public sealed class ConditioningCache(string modelKey, string? folder, EncodeCaption encode) : IDisposable
{
    private const string Version = "forno conditioning 1";
    private readonly TensorCache cache = new(folder);

    /// <summary>Computes what is missing.</summary>
    /// <param name="captions">The captions as they are trained.</param>
    /// <param name="progress">Receives captions ready and captions in all.</param>
    /// <param name="cancel">Stops between two captions; what was computed stays.</param>
    public void Fill(
        IEnumerable<string> captions,
        IProgress<(int Done, int Total)>? progress = null,
        CancellationToken cancel = default
    )
    {
        string[] wanted = captions.Distinct(StringComparer.Ordinal).ToArray();
        for (int i = 0; i < wanted.Length; i++)
        {
            cancel.ThrowIfCancellationRequested();
            string key = TensorCache.Key(Version, modelKey, wanted[i]);
            if (!cache.Has(key))
            {
                using var scope = new Scope();
                cache.Put(key, encode(wanted[i]));
            }

            progress?.Report((i + 1, wanted.Length));
        }
    }

    /// <summary>The outputs for a caption, in the current scope.</summary>
    /// <exception cref="FornoException">It was not filled.</exception>
    public Dictionary<string, Tensor> Get(string caption) => cache.Get(TensorCache.Key(Version, modelKey, caption));

    /// <inheritdoc/>
    public void Dispose() => cache.Dispose();
}

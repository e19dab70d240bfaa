using Forno.Data;
using Forno.Diffusion;
using Forno.Diffusion.Noise;
using Forno.Imaging;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Torch;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>
/// Turns planned examples into batches: latents from the cache (or encoded now), conditioning, noise and timesteps.
/// A sample's noise depends on the seed, the epoch and its draw alone.
/// </summary>
public sealed class BatchMaker : IDisposable
{
    private readonly BaseModel model;
    private readonly TrainPlan plan;
    private readonly NoiseSchedule schedule;
    private readonly LatentCache? cache;
    private readonly ConditioningCache? texts;
    private readonly CaptionEncoder captionEncoder;
    private readonly LossMasks masks;
    private readonly Dictionary<string, string> contents = new(StringComparer.Ordinal);

    /// <summary>Prepares caches; nothing is computed yet.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="schedule">The schedule that noises.</param>
    public BatchMaker(BaseModel model, TrainPlan plan, NoiseSchedule schedule)
    {
        this.model = model;
        this.plan = plan;
        this.schedule = schedule;
        RunSettings run = plan.Recipe.Run;
        captionEncoder = new CaptionEncoder(model.Family, model.Text, plan.Recipe.Model.ClipSkip);
        masks = new LossMasks(model.Vae.Config.Factor);
        string key = Fingerprint(model.VaePath);
        cache =
            run.CacheLatents || run.CacheLatentsToDisk
                ? new LatentCache(key, run.CacheLatentsToDisk ? CacheFolder("latents") : null, Encode)
                : null;
        texts =
            run.CacheTextOutputs || run.CacheTextOutputsToDisk
                ? new ConditioningCache(
                    $"{Fingerprint(model.Path)} {plan.Recipe.Model.ClipSkip} {run.Precision}",
                    run.CacheTextOutputsToDisk ? CacheFolder("texts") : null,
                    EncodeCaption
                )
                : null;
    }

    /// <summary>Fills the caches.</summary>
    /// <param name="progress">Told what is done, in a word, and how far it is.</param>
    /// <param name="cancel">Stops; what was computed stays on disk.</param>
    public void Prepare(Action<string, int, int>? progress, CancellationToken cancel)
    {
        using var mode = Autograd.NoGrad();
        if (cache is not null)
        {
            cache.Fill(
                plan.Datasets.SelectMany(d => d.Items),
                plan.Recipe.Run.VaeBatchSize,
                new Told<(int Done, int Total)>(p => progress?.Invoke("encode pictures", p.Done, p.Total)),
                cancel
            );
        }
        if (texts is not null)
        {
            // Captions that vary are planned for every epoch; each different one is encoded once.
            IEnumerable<string> captions = Enumerable
                .Range(1, plan.Steps.Epochs)
                .SelectMany(e => EpochPlan.Build(plan.Datasets, plan.Seed, e, plan.Steps).Batches)
                .SelectMany(b => b.Examples)
                .Select(e => e.Caption);
            texts.Fill(
                captions,
                new Told<(int Done, int Total)>(p => progress?.Invoke("encode captions", p.Done, p.Total)),
                cancel
            );
        }
    }

    /// <summary>The batch of a planned batch, in the current scope.</summary>
    /// <param name="planned">Which pictures, how.</param>
    /// <param name="epoch">The epoch, which keys noise and timesteps.</param>
    public TrainBatch Make(PlannedBatch planned, int epoch)
    {
        using var scope = new Scope();
        IReadOnlyList<PlannedExample> examples = planned.Examples;
        Tensor latents = Latents(examples);
        var noise = new Tensor[examples.Count];
        var noisy = new Tensor[examples.Count];
        int[] times = new int[examples.Count];
        for (int i = 0; i < examples.Count; i++)
        {
            using Generator generator = Rng.For(plan.Seed, "train noise", epoch, examples[i].Draw);
            NoisedBatch one = TrainingNoise.Apply(
                latents.Slice(0, i, i + 1),
                plan.Recipe.Noise,
                schedule,
                new GeneratorDraws(generator)
            );
            (noise[i], noisy[i], times[i]) = (one.Noise, one.Noisy, one.Timesteps[0]);
        }
        (Tensor context, Tensor? vector) = Condition(planned);
        Tensor? mask = masks.Of(planned)?.To(model.Device);
        return new TrainBatch
        {
            Latents = scope.Keep(latents),
            Noise = scope.Keep(Ops.Cat(noise)),
            Noisy = scope.Keep(Ops.Cat(noisy)),
            Timesteps = times,
            Context = scope.Keep(context),
            Vector = vector is null ? null : scope.Keep(vector),
            Weights = [.. examples.Select(e => (float)e.Item.LossWeight)],
            Mask = mask is null ? null : scope.Keep(mask),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        cache?.Dispose();
        texts?.Dispose();
    }

    // Name, length and time of a file stand for its content: hashing gigabytes at every start would be felt.
    private static string Fingerprint(string path)
    {
        var file = new FileInfo(path);
        return $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}";
    }

    private string CacheFolder(string kind) => Path.Combine(plan.Recipe.Output.Folder, ".forno", kind);

    private Tensor Latents(IReadOnlyList<PlannedExample> examples)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        if (cache is not null)
        {
            return scope.Keep(
                Ops.Stack([.. examples.Select(e => cache.Get(e.Item, e.Flip).To(DType.Float32).To(model.Device))])
            );
        }
        Tensor pictures = Ops.Stack([.. examples.Select(PictureLoader.Load)]);
        return scope.Keep(Encode(pictures, [.. examples.Select(e => $"{Content(e.Item.Example.Path)} {e.Flip}")]));
    }

    // By content, not by path: the same pictures elsewhere train the same.
    private string Content(string path)
    {
        if (!contents.TryGetValue(path, out string? hash))
        {
            contents[path] = hash = TensorCache.HashFile(path);
        }
        return hash;
    }

    // Like kohya a draw from the posterior, keyed by the picture: the same whatever batch it is encoded in.
    private Tensor Encode(Tensor pictures, IReadOnlyList<string> keys)
    {
        using var scope = new Scope();
        int f = model.Vae.Config.Factor;
        long channels = model.Vae.Config.Layout.LatentChannels;
        Tensor noise = Ops.Stack([
            .. keys.Select(k =>
            {
                using Generator g = Rng.For(plan.Seed, "latent " + k);
                return g.Randn(channels, pictures.Size(2) / f, pictures.Size(3) / f);
            }),
        ]);
        return scope.Keep(model.Vae.Encode(pictures.To(model.Device), noise.To(model.Device)));
    }

    private (Tensor Context, Tensor? Vector) Condition(PlannedBatch planned)
    {
        using var scope = new Scope();
        string[] captions = [.. planned.Examples.Select(e => e.Caption)];
        Conditioning made = texts is null ? captionEncoder.Encode(captions) : Stack([.. captions.Select(texts.Get)]);
        Tensor? vector = null;
        if (made.Pooled is not null)
        {
            Tensor sizes = Ops.Stack([.. planned.Examples.Select(e => Sizes(e, planned.Size))]);
            vector = (made with { SizeIds = sizes.To(model.Device) }).Vector();
        }
        return (scope.Keep(made.Context), vector is null ? null : scope.Keep(vector));
    }

    // kohya mirrors the left edge of the crop with the picture.
    private static Tensor Sizes(PlannedExample example, Size bucket)
    {
        Size original = example.Item.Example.Size,
            resized = example.Item.Fit.Resized;
        int left = example.Flip ? resized.Width - bucket.Width - example.CropLeft : example.CropLeft;
        return Conditioning.Sizes(
            (original.Height, original.Width),
            (example.CropTop, left),
            (bucket.Height, bucket.Width)
        );
    }

    private Dictionary<string, Tensor> EncodeCaption(string caption)
    {
        Conditioning one = captionEncoder.Encode([caption]);
        var named = new Dictionary<string, Tensor> { ["context"] = one.Context.Squeeze(0) };
        if (one.Pooled is { } pooled)
        {
            named["pooled"] = pooled.Squeeze(0);
        }
        return named;
    }

    private static Conditioning Stack(Dictionary<string, Tensor>[] each) =>
        new(
            Ops.Stack([.. each.Select(e => e["context"])]),
            each[0].ContainsKey("pooled") ? Ops.Stack([.. each.Select(e => e["pooled"])]) : null
        );

    // IProgress without a synchronisation context.
    private sealed class Told<T>(Action<T> tell) : IProgress<T>
    {
        public void Report(T value) => tell(value);
    }
}

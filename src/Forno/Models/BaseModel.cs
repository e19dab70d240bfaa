using Forno.Adapters;
using Forno.Diffusion;
using Forno.Io;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Models;

/// <summary>How a base model is loaded.</summary>
public sealed record BaseModelOptions
{
    /// <summary>An autoencoder file to use instead of the model's own; null: its own.</summary>
    public string? VaePath { get; init; }

    /// <summary>Type of the UNet's and text encoders' matrices and kernels; the autoencoder stays fp32.</summary>
    public DType Type { get; init; } = DType.Float32;

    /// <summary>Where it computes.</summary>
    public Device Device { get; init; }

    /// <summary>What the UNet predicts; null: by the file's marks.</summary>
    public Prediction? Prediction { get; init; }
}

/// <summary>
/// A Stable Diffusion checkpoint ready to compute: text encoders, UNet, autoencoder. Tensors are read when a part takes
/// them; the file stays mapped until this is disposed.
/// </summary>
public sealed class BaseModel : IDisposable
{
    private readonly List<ITensorSource> files = [];
    private readonly List<WeightStore> stores = [];
    private readonly BaseModelOptions options;
    private Vae? vae;

    private BaseModel(string path, BaseModelOptions options)
    {
        this.options = options;
        Path = path;
        ITensorSource file = Checkpoint.Open(path);
        files.Add(file);
        TensorShapes shapes = CheckpointWeights.Shapes(file);
        Family = ModelFamily.Detect(shapes);
        Prediction = options.Prediction ?? (PredictionHint.Of(file, Family).PredictsV ? Prediction.Velocity : Prediction.Epsilon);
        WeightStore store = CheckpointWeights.Open([file], options.Type, options.Device);
        stores.Add(store);
        UNetConfig config = UNetConfig.Detect(shapes, file.Metadata, Family);
        Text = TextConditioning.Open(Family, shapes, file.Metadata, store);
        UNet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), config);
        store.RequireAllTaken("", key => KeyMap.IsHarmless(key) || Family.IsUnused(key)
            || key.StartsWith(ModelFamily.VaePrefix, StringComparison.Ordinal));
        Targets = PatchTargets.Of(Family, config.Layout, [.. Text.Encoders.Select(e => e.Config)]);
    }

    /// <summary>Opens a checkpoint.</summary>
    /// <exception cref="FornoException">Not a checkpoint of a known family, or incomplete.</exception>
    public static BaseModel Load(string path, BaseModelOptions? options = null) => new(path, options ?? new BaseModelOptions());

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Its family.</summary>
    public ModelFamily Family { get; }

    /// <summary>What the UNet predicts.</summary>
    public Prediction Prediction { get; }

    /// <summary>Where it computes.</summary>
    public Device Device => options.Device;

    /// <summary>The text encoders.</summary>
    public TextConditioning Text { get; }

    /// <summary>The denoiser.</summary>
    public UNet UNet { get; }

    /// <summary>The autoencoder, loaded when first asked for; fp32, since fp16 overflows in SDXL's.</summary>
    public Vae Vae => vae ??= OpenVae();

    /// <summary>Every layer that an adapter can patch, by checkpoint key.</summary>
    public IReadOnlyDictionary<string, PatchableLayer> Layers => stores[0].Layers;

    /// <summary>The layers under their adapter names.</summary>
    public IReadOnlyList<PatchTarget> Targets { get; }

    /// <summary>The file that the autoencoder comes from.</summary>
    public string VaePath => options.VaePath ?? Path;

    /// <inheritdoc/>
    public void Dispose()
    {
        stores.ForEach(s => s.Dispose());
        files.ForEach(f => f.Dispose());
    }

    private Vae OpenVae()
    {
        ITensorSource file = options.VaePath is null ? files[0] : Checkpoint.Open(options.VaePath);
        if (options.VaePath is not null)
        {
            files.Add(file);
        }
        // A store of its own: the autoencoder computes in fp32 whatever the rest does.
        WeightStore store = CheckpointWeights.Open([file], DType.Float32, options.Device);
        stores.Add(store);
        VaeConfig config = VaeConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata);
        return new Vae(store.At(ModelFamily.VaePrefix.TrimEnd('.')), config, Family.LatentScale);
    }
}

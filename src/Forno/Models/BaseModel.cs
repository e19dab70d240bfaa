using System.Globalization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Diffusion;
using Forno.Models.Autoencoders;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
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

    /// <summary>Whether it was trained on a schedule that ends in pure noise; null: by the file's marks.</summary>
    public bool? ZeroTerminalSnr { get; init; }

    /// <summary>A weight type by the names that kohya's and diffusers' options use.</summary>
    /// <exception cref="FornoException">No such name; lists the valid ones.</exception>
    public static DType ParseType(string name) =>
        name switch
        {
            "fp32" or "float" or "float32" or "no" => DType.Float32,
            "bf16" or "bfloat16" => DType.BFloat16,
            "fp16" or "float16" or "half" => DType.Float16,
            _ => throw new FornoException($"precision '{name}' is unknown; valid: fp32, bf16, fp16"),
        };
}

/// <summary>
/// A Stable Diffusion checkpoint ready to compute: text encoders, UNet, autoencoder. Tensors are read when a part takes
/// them; the file stays mapped until this is disposed.
/// </summary>
public sealed class BaseModel : IDisposable
{
    // Narrower networks have no product that is worth sharing among threads.
    private const int SharedChannels = 192;

    private readonly List<ITensorSource> files = [];
    private readonly List<WeightStore> stores = [];
    private readonly BaseModelOptions options;
    private readonly Lazy<string> hash,
        vaeHash;
    private Vae? vae;

    private BaseModel(string path, BaseModelOptions options)
    {
        this.options = options;
        Path = path;
        hash = new(() => ModelHash.FileSha256(Path));
        vaeHash = new(() => ModelHash.FileSha256(VaePath));
        if (options.VaePath is { } other && !File.Exists(other))
        {
            throw FornoException.ForFile(
                other,
                "there is no such file",
                "Name an existing VAE file, or none to use the checkpoint's own."
            );
        }
        ITensorSource file = Checkpoint.Open(path);
        files.Add(file);
        try
        {
            (Family, Prediction, ZeroTerminalSnr, Text, UNet, Targets) = Open(file);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Opens a checkpoint.</summary>
    /// <exception cref="FornoException">Not a checkpoint of a known family, incomplete, or with tensors left
    /// over.</exception>
    public static BaseModel Load(string path, BaseModelOptions? options = null) =>
        new(path, options ?? new BaseModelOptions());

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The file's name without folder and extension, as infotexts give it.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);

    /// <summary>How it was loaded.</summary>
    public BaseModelOptions Options => options;

    /// <summary>The file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata => files[0].Metadata;

    /// <summary>Its family.</summary>
    public ModelFamily Family { get; }

    /// <summary>What the UNet predicts.</summary>
    public Prediction Prediction { get; }

    /// <summary>Whether its noise schedule ends in pure noise.</summary>
    public bool ZeroTerminalSnr { get; }

    /// <summary>The noise levels that samplers walk.</summary>
    public NoiseSchedule SamplingSchedule =>
        ZeroTerminalSnr ? NoiseSchedule.StableDiffusion.ZeroTerminalSnr() : NoiseSchedule.StableDiffusion;

    /// <summary>Where it computes.</summary>
    public Device Device => options.Device;

    /// <summary>
    /// How many threads one matrix product of this model is worth: a proposal for <see cref="Torch.ProductThreads"/>,
    /// to be taken up by whoever runs a job on it.
    /// </summary>
    public int ProductThreads => UNet.Config.Layout.ModelChannels < SharedChannels ? 1 : TorchRuntime.Threads;

    /// <summary>The text encoders.</summary>
    public TextConditioning Text { get; }

    /// <summary>The denoiser.</summary>
    public UNet UNet { get; }

    /// <summary>The autoencoder, loaded when first asked for; fp32, since fp16 overflows in SDXL's.</summary>
    /// <exception cref="FornoException">There is none in the checkpoint and no other was named, or it is
    /// damaged.</exception>
    public Vae Vae => vae ??= OpenVae();

    /// <summary>Every layer that an adapter can patch, by checkpoint key.</summary>
    public IReadOnlyDictionary<string, PatchableLayer> Layers => stores[0].Layers;

    /// <summary>The layers under their adapter names.</summary>
    public IReadOnlyList<PatchTarget> Targets { get; }

    /// <summary>The file that the autoencoder comes from.</summary>
    public string VaePath => options.VaePath ?? Path;

    /// <summary>SHA-256 of the whole checkpoint, lower-case hex; computed once, when first asked for.</summary>
    public string Hash => hash.Value;

    /// <summary>The same of the autoencoder's own file; null where the checkpoint's is used.</summary>
    public string? VaeHash => options.VaePath is null ? null : vaeHash.Value;

    /// <summary>
    /// Side in pixels of the pictures it was trained on: what the metadata's <c>modelspec.resolution</c> says, else the
    /// family's usual one.
    /// </summary>
    public int NativeSize =>
        int.TryParse(
            Metadata.GetValueOrDefault("modelspec.resolution", "").Split('x')[0],
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int side
        )
        && side > 0
            ? side
        : Family == ModelFamily.Sdxl ? 1024
        : Family == ModelFamily.Sd21 && Prediction == Prediction.Velocity ? 768
        : 512;

    /// <inheritdoc/>
    public void Dispose()
    {
        stores.ForEach(s => s.Dispose());
        files.ForEach(f => f.Dispose());
    }

    private (ModelFamily, Prediction, bool, TextConditioning, UNet, IReadOnlyList<PatchTarget>) Open(ITensorSource file)
    {
        TensorShapes shapes = CheckpointWeights.Shapes(file);
        var family = ModelFamily.Detect(shapes);
        var hint = PredictionHint.Of(file, family);
        Prediction prediction = options.Prediction ?? (hint.PredictsV ? Prediction.Velocity : Prediction.Epsilon);
        WeightStore store = CheckpointWeights.Open([file], options.Type, options.Device);
        stores.Add(store);
        var config = UNetConfig.Detect(shapes, file.Metadata, family);
        var text = TextConditioning.Open(family, shapes, file.Metadata, store);
        var unet = new UNet(store.At(ModelFamily.UNetPrefix.TrimEnd('.')), config);
        store.RequireAllTaken(
            "",
            key =>
                KeyMap.IsHarmless(key)
                || family.IsUnused(key)
                || key.StartsWith(ModelFamily.VaePrefix, StringComparison.Ordinal)
        );
        return (
            family,
            prediction,
            options.ZeroTerminalSnr ?? hint.ZeroTerminalSnr,
            text,
            unet,
            PatchTargets.Of(family, config.Layout, [.. text.Encoders.Select(e => e.Config)])
        );
    }

    private Vae OpenVae()
    {
        ITensorSource file = options.VaePath is null ? files[0] : Checkpoint.Open(options.VaePath);
        if (options.VaePath is not null)
        {
            files.Add(file);
        }
        TensorShapes shapes = CheckpointWeights.Shapes(file);
        if (!shapes.Has(ModelFamily.VaePrefix + "decoder.conv_in.weight"))
        {
            throw FornoException.ForFile(
                file.Path,
                "it has no autoencoder (VAE)",
                "Name a VAE file as well: --vae FILE."
            );
        }
        // A store of its own: the autoencoder computes in fp32 whatever the rest does.
        WeightStore store = CheckpointWeights.Open([file], DType.Float32, options.Device);
        stores.Add(store);
        var config = VaeConfig.Detect(shapes, file.Metadata);
        var made = new Vae(store.At(ModelFamily.VaePrefix.TrimEnd('.')), config, Family.LatentScale);
        store.RequireAllTaken(ModelFamily.VaePrefix, KeyMap.IsHarmless);
        return made;
    }
}

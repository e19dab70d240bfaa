using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// A network that restores or enlarges pictures, read from a community file; architecture and measures are found from
/// the file alone. Not for several threads at once.
/// </summary>
public sealed class Upscaler : IDisposable
{
    private static readonly Op ReplicationPad = Op.Find("aten::replication_pad2d"),
        ReflectionPad = Op.Find("aten::reflection_pad2d");

    private readonly UpscaleNetwork network;
    private readonly WeightStore store;

    private Upscaler(string path, UpscaleNetwork network, WeightStore store)
    {
        Path = path;
        this.network = network;
        this.store = store;
    }

    /// <summary>The file it was read from.</summary>
    public string Path { get; }

    /// <summary>What it is.</summary>
    public UpscalerInfo Info => network.Info;

    /// <summary>The layers by their keys: for measurements.</summary>
    public IReadOnlyDictionary<string, PatchableLayer> Layers => store.Layers;

    /// <summary>Reads a file.</summary>
    /// <param name="path">.safetensors, .pth (read as data only), or an ncnn .param or .bin beside its other
    /// half.</param>
    /// <param name="type">Type in which it computes.</param>
    /// <param name="device">Where it computes.</param>
    /// <exception cref="FornoException">Absent, damaged, or no upscaler that is known.</exception>
    public static Upscaler Load(string path, DType type = DType.Float32, Device device = default)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        IReadOnlyDictionary<string, WeightEntry> entries = UpscalerFile.Open(path, out IDisposable? file);
        using (file)
        {
            (UpscaleNetwork network, WeightStore store) = UpscalerFile.Build(entries, path, type, device);
            if ((network.Info.InputChannels, network.Info.OutputChannels) is not ((3, 3) or (1, 1)))
            {
                (network as IDisposable)?.Dispose();
                store.Dispose();
                throw FornoException.ForFile(
                    path,
                    $"it turns {network.Info.InputChannels} channels into {network.Info.OutputChannels}",
                    "Forno upscales with models of RGB or of single channels."
                );
            }
            return new Upscaler(path, network, store);
        }
    }

    /// <summary>The whole picture at once, neither tiled nor clamped.</summary>
    /// <param name="image">[1, 3, H, W] or, of one-channel models also, [B, 1, H, W]; RGB in [0, 1], float32.</param>
    /// <returns>[1, 3, H·scale, W·scale], in the current scope.</returns>
    public Tensor Forward(Tensor image) => Forward(image, default);

    /// <summary>A part of a picture, its margins being context only.</summary>
    /// <param name="image">[1, 3, H, W], RGB in [0, 1], float32.</param>
    /// <param name="margins">Pixels on each side whose answer is not wanted.</param>
    /// <returns>[1, 3, (H − top − bottom)·scale, (W − left − right)·scale], not clamped, in the current
    /// scope.</returns>
    public Tensor Forward(Tensor image, Margins margins)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        int height = (int)image.Size(2),
            width = (int)image.Size(3);
        int right = Good(width) - width,
            bottom = Good(height) - height;
        // A model of one channel sees three pictures.
        Tensor x = Info.InputChannels == 1 && image.Size(1) == 3 ? image.View(3, 1, height, width) : image;
        x = PadTo(x, right, bottom).To(store.Device).To(store.DType);
        Tensor y = network.Forward(x, margins with { Right = margins.Right + right, Bottom = margins.Bottom + bottom });
        y = y.To(DType.Float32).To(image.Device);
        return scope.Keep(y.Size(0) == image.Size(0) ? y : y.Reshape(1, 3, y.Size(2), y.Size(3)));
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        (network as IDisposable)?.Dispose();
        store.Dispose();
    }

    private int Good(int side) =>
        (Math.Max(side, Info.MinimumSize) + Info.MultipleOf - 1) / Info.MultipleOf * Info.MultipleOf;

    // At the right and the bottom: mirrored without the edge pixel as far as that goes, then the last row and column
    // again.
    private static Tensor PadTo(Tensor x, int right, int bottom)
    {
        using var scope = new Scope();
        int mirrorRight = Math.Min(right, (int)x.Size(3) - 1),
            mirrorBottom = Math.Min(bottom, (int)x.Size(2) - 1);
        Tensor y =
            mirrorRight + mirrorBottom > 0
                ? ReflectionPad.Call(x, (long[])[0, mirrorRight, 0, mirrorBottom])
                : x.Alias();
        (right, bottom) = (right - mirrorRight, bottom - mirrorBottom);
        return scope.Keep(right + bottom > 0 ? ReplicationPad.Call(y, (long[])[0, right, 0, bottom]) : y);
    }
}

using System.Diagnostics.CodeAnalysis;
using Forno.Torch;

namespace Forno.Nn;

/// <summary>A tensor that can be loaded: its shape is known before, so that configurations can be detected.</summary>
/// <param name="Shape">Sizes as stored.</param>
/// <param name="Load">Reads it into the current scope, in the stored type.</param>
public sealed record WeightEntry(long[] Shape, Func<Tensor> Load);

/// <summary>How a tensor begins when there is no file: torch's defaults, or what the layer asks for.</summary>
public enum Init
{
    /// <summary>Uniform in ±1/√fan_in (torch's Linear and Conv2d).</summary>
    FanIn,

    /// <summary>All zeros.</summary>
    Zeros,

    /// <summary>All ones.</summary>
    Ones,

    /// <summary>Normal, standard deviation 0.02 (embeddings).</summary>
    Normal,
}

/// <summary>
/// The tensors of a model under their checkpoint keys: read from a source on demand, or made at random for a model to
/// train. Owns every tensor taken from it and knows the layers that adapters may patch.
/// </summary>
public sealed class WeightStore : IDisposable
{
    private readonly IReadOnlyDictionary<string, WeightEntry>? source;
    private readonly Generator? random;
    private readonly Dictionary<string, Tensor> taken = [];
    private readonly Dictionary<string, PatchableLayer> layers = [];

    private WeightStore(
        IReadOnlyDictionary<string, WeightEntry>? source,
        Generator? random,
        string origin,
        DType type,
        Device device
    )
    {
        this.source = source;
        this.random = random;
        Origin = origin;
        DType = type;
        Device = device;
    }

    /// <summary>A store that reads from <paramref name="source"/>.</summary>
    /// <param name="source">Entries by checkpoint key.</param>
    /// <param name="origin">The file's name, for errors.</param>
    /// <param name="type">Type in which matrix and convolution weights are kept; norms are always fp32.</param>
    /// <param name="device">Where the tensors go.</param>
    public static WeightStore From(
        IReadOnlyDictionary<string, WeightEntry> source,
        string origin,
        DType type = DType.Float32,
        Device device = default
    ) => new(source, null, origin, type, device);

    /// <summary>A store that makes every tensor asked of it at random.</summary>
    public static WeightStore Random(ulong seed, Device device = default) =>
        new(null, Rng.For(seed, "weights"), "a new model", DType.Float32, device);

    /// <summary>The file's name, for errors.</summary>
    public string Origin { get; }

    /// <summary>Whether the store makes its tensors at random, for a model to train.</summary>
    public bool IsNew => source is null;

    /// <summary>Type in which matrix and convolution weights are kept.</summary>
    public DType DType { get; }

    /// <summary>Where the tensors are.</summary>
    public Device Device { get; }

    /// <summary>Tensors taken so far, by full checkpoint key. They belong to the store.</summary>
    public IReadOnlyDictionary<string, Tensor> Tensors => taken;

    /// <summary>Layers that can be patched, by checkpoint key without <c>.weight</c>.</summary>
    public IReadOnlyDictionary<string, PatchableLayer> Layers => layers;

    /// <summary>The tree's view below a prefix; "" is the root.</summary>
    public Weights At(string prefix) => new(this, prefix);

    /// <summary>Whether the source holds a tensor of this full key.</summary>
    public bool Has(string key) => source?.ContainsKey(key) ?? false;

    /// <summary>Whether the source holds anything below this prefix.</summary>
    public bool HasBelow(string prefix) =>
        source?.Keys.Any(k => k.StartsWith(prefix + ".", StringComparison.Ordinal)) ?? false;

    /// <summary>The stored shape of a full key.</summary>
    public bool TryShape(string key, [NotNullWhen(true)] out long[]? shape)
    {
        shape = source is not null && source.TryGetValue(key, out WeightEntry? e) ? e.Shape : null;
        return shape is not null;
    }

    /// <summary>
    /// Takes a tensor by full key, checking its shape; a stored shape may differ by dimensions of size 1.
    /// </summary>
    /// <exception cref="FornoException">Missing, or of another shape.</exception>
    public Tensor Take(string key, Init init, DType type, params ReadOnlySpan<long> shape)
    {
        using var scope = new Scope();
        Tensor tensor = source is null ? Make(init, shape) : Load(key, shape);
        Tensor ready = tensor.To(type).To(Device).Contiguous();
        Tensor own = ready.Own();
        if (!taken.TryAdd(key, own))
        {
            own.Dispose();
            throw new FornoException($"{Origin}: {key} is used twice by the model");
        }
        return own;
    }

    /// <summary>Throws if the source holds keys below <paramref name="prefix"/> that no layer took.</summary>
    /// <param name="prefix">Where to look; "" is everywhere.</param>
    /// <param name="harmless">Tells known extras that carry nothing for inference.</param>
    public void RequireAllTaken(string prefix, Func<string, bool>? harmless = null)
    {
        string[] left =
        [
            .. (source?.Keys ?? [])
                .Where(k =>
                    k.StartsWith(prefix, StringComparison.Ordinal)
                    && !taken.ContainsKey(k)
                    && harmless?.Invoke(k) != true
                )
                .Order(StringComparer.Ordinal),
        ];
        if (left.Length > 0)
        {
            throw new FornoException(
                $"{Origin}: {left.Length} tensors have no place in this model, such as "
                    + $"{string.Join(", ", left.Take(3))}. The file is of another kind, or damaged."
            );
        }
    }

    /// <summary>Frees every tensor taken.</summary>
    public void Dispose()
    {
        foreach (Tensor t in taken.Values)
        {
            t.Dispose();
        }
        taken.Clear();
        random?.Dispose();
    }

    internal void Register(string key, PatchableLayer layer) => layers.Add(key, layer);

    private Tensor Load(string key, ReadOnlySpan<long> shape)
    {
        if (!source!.TryGetValue(key, out WeightEntry? entry))
        {
            throw new FornoException(
                $"{Origin}: {key} is missing. The file is incomplete or of another kind of model."
            );
        }
        // Linear layers stored as 1×1 convolutions, and the other way round, hold the same numbers.
        if (!WithoutOnes(entry.Shape).SequenceEqual(WithoutOnes(shape.ToArray())))
        {
            throw new FornoException(
                $"{Origin}: {key} has shape [{string.Join(", ", entry.Shape)}], "
                    + $"the model needs [{string.Join(", ", shape.ToArray())}]."
            );
        }
        return entry.Load().Reshape(shape);
    }

    private static IEnumerable<long> WithoutOnes(long[] shape) => shape.Where(s => s != 1);

    private Tensor Make(Init init, ReadOnlySpan<long> shape)
    {
        switch (init)
        {
            case Init.Zeros:
                return Tensor.Zeros(shape);
            case Init.Ones:
                return Tensor.Ones(shape);
            case Init.Normal:
                return random!.Randn(shape) * 0.02;
            default:
                long fanIn = 1;
                foreach (long s in shape[1..])
                {
                    fanIn *= s;
                }
                return (random!.Rand(shape) * 2 - 1.0) * (1 / Math.Sqrt(Math.Max(fanIn, 1)));
        }
    }
}

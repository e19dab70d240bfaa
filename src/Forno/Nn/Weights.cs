using Forno.Torch;

namespace Forno.Nn;

/// <summary>A place in a model's tree of weights: <c>weights["norm1"]</c> is the place below it.</summary>
public readonly struct Weights
{
    internal Weights(WeightStore store, string path)
    {
        Store = store;
        Path = path;
    }

    /// <summary>The store this is a place of.</summary>
    public WeightStore Store { get; }

    /// <summary>The full key of this place.</summary>
    public string Path { get; }

    /// <summary>The place below, by key; dots go deeper.</summary>
    public Weights this[string name] => new(Store, Join(name));

    /// <summary>The place below, by index.</summary>
    public Weights this[int index] => this[index.ToString(System.Globalization.CultureInfo.InvariantCulture)];

    /// <summary>Whether the file has a tensor of this name here. A new model has none.</summary>
    public bool Has(string name) => Store.Has(Join(name));

    /// <summary>Whether the file has anything below this name.</summary>
    public bool HasBelow(string name) => Store.HasBelow(Join(name));

    /// <summary>The stored shape of a tensor here; null if there is none.</summary>
    public long[]? ShapeOf(string name) => Store.TryShape(Join(name), out long[]? shape) ? shape : null;

    /// <summary>A matrix, kernel or table, in the store's type. Belongs to the store.</summary>
    public Tensor Take(string name, Init init, params ReadOnlySpan<long> shape) =>
        Store.Take(Join(name), init, Store.DType, shape);

    /// <summary>A tensor kept in fp32 whatever the store's type: norms. Belongs to the store.</summary>
    public Tensor TakeFloat32(string name, Init init, params ReadOnlySpan<long> shape) =>
        Store.Take(Join(name), init, DType.Float32, shape);

    private string Join(string name) => Path.Length == 0 ? name : $"{Path}.{name}";
}

using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>Makes a module of a kind from a file's tensors.</summary>
/// <param name="name">The module's name.</param>
/// <param name="tensors">Its tensors by suffix without alpha, fp32; they become the module's own.</param>
/// <param name="alpha">Its alpha; null: none is given.</param>
/// <exception cref="FornoException">The tensors do not go together; the message names the module.</exception>
public delegate Adapter AdapterReader(string name, IReadOnlyDictionary<string, Tensor> tensors, double? alpha);

/// <summary>A module to be made for training.</summary>
/// <param name="Module">Its layer, rank and alpha.</param>
/// <param name="Seed">The run's seed.</param>
/// <param name="Dropout">What is left out in training.</param>
/// <param name="Device">Where its tensors go.</param>
/// <param name="Options">What the kind can be asked for besides.</param>
public sealed record NewModule(
    AdapterModule Module,
    ulong Seed,
    AdapterDropout Dropout,
    Device Device,
    AdapterOptions Options
)
{
    /// <summary>The shape of the layer's weight.</summary>
    public IReadOnlyList<long> Shape => Module.Target.Shape;

    /// <summary>
    /// Numbers uniform in ±1/√fan_in (torch's <c>kaiming_uniform_</c> with a = √5); the fan is the product of all axes
    /// but the first.
    /// </summary>
    /// <param name="what">What they are for; each tensor has a stream of its own.</param>
    /// <param name="shape">The tensor's shape.</param>
    public Tensor Uniform(string what, params long[] shape)
    {
        using var scope = new Scope();
        using Generator random = Stream(what);
        double bound = 1 / Math.Sqrt(shape.Skip(1).Aggregate(1L, (a, b) => a * b));
        return scope.Keep(((random.Rand(shape) * 2 - 1.0) * bound).To(Device));
    }

    /// <summary>Normal numbers.</summary>
    /// <param name="what">What they are for; each tensor has a stream of its own.</param>
    /// <param name="deviation">Their standard deviation.</param>
    /// <param name="shape">The tensor's shape.</param>
    public Tensor Normal(string what, double deviation, params long[] shape)
    {
        using var scope = new Scope();
        using Generator random = Stream(what);
        return scope.Keep((random.Randn(shape) * deviation).To(Device));
    }

    /// <summary>Zeros.</summary>
    public Tensor Zeros(params long[] shape) => Tensor.Zeros(shape, DType.Float32, Device);

    private Generator Stream(string what) => Rng.For(Seed, $"initial {what} of {Module.Target.Name}");
}

/// <summary>What the house knows of a kind of adapter; the kind's file states it, the registry lists it.</summary>
/// <param name="Name">What people call it.</param>
public sealed record AdapterKind(string Name)
{
    /// <summary>
    /// Beginnings of tensor names (after the module's name and a dot) that only this kind has: one of them tells it.
    /// </summary>
    public required IReadOnlyList<string> Marks { get; init; }

    /// <summary>The tensors that every module has.</summary>
    public IReadOnlyList<string> Required { get; init; } = [];

    /// <summary>The tensors that a module may have besides; alpha need not be named.</summary>
    public IReadOnlyList<string> Optional { get; init; } = [];

    /// <summary>The <c>network_module</c>s of kohya's trainer that make this kind.</summary>
    public IReadOnlyList<string> NetworkModules { get; init; } = [];

    /// <summary>The <c>algo</c>s of <c>lycoris.kohya</c> that make this kind.</summary>
    public IReadOnlyList<string> Algorithms { get; init; } = [];

    /// <summary>The names in <see cref="NewModule.Options"/>, as <c>network_args</c> have them.</summary>
    public IReadOnlyList<string> Options { get; init; } = [];

    /// <summary>Makes a module of a file's tensors; null: files of this kind cannot be read yet.</summary>
    public AdapterReader? Read { get; init; }

    /// <summary>Makes a module that changes nothing yet; null: the kind cannot be trained yet.</summary>
    public Func<NewModule, Adapter>? New { get; init; }

    /// <summary>Whether a module with these tensors is of this kind.</summary>
    public bool IsMarkedIn(IEnumerable<string> suffixes) =>
        suffixes.Any(s => Marks.Any(m => s.StartsWith(m, StringComparison.Ordinal)));

    /// <summary>Whether modules of this kind have such a tensor.</summary>
    public bool Has(string suffix) =>
        suffix == AdapterKinds.AlphaKey
        || Required.Contains(suffix, StringComparer.Ordinal)
        || Optional.Contains(suffix, StringComparer.Ordinal);
}

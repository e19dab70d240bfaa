using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters;

/// <summary>
/// All the modules of one adapter: made new for training or read from a file (<see cref="AdapterFile"/>), put into a
/// model's patch slots and taken out again. Owns its modules.
/// </summary>
public sealed class AdapterNetwork : IDisposable
{
    private readonly List<(PatchableLayer Layer, Adapter Adapter)> applied = [];
    private readonly Dictionary<string, PatchTarget> targets;

    /// <summary>Takes over modules with the layers that they are for.</summary>
    public AdapterNetwork(IEnumerable<(PatchTarget Target, Adapter Adapter)> modules)
    {
        (PatchTarget Target, Adapter Adapter)[] all = [.. modules];
        Adapters = [.. all.Select(m => m.Adapter)];
        targets = all.ToDictionary(m => m.Adapter.Name, m => m.Target, StringComparer.Ordinal);
    }

    /// <summary>A new adapter whose modules change nothing yet and learn.</summary>
    /// <param name="kind">What its modules are.</param>
    /// <param name="modules">Their layers, ranks and alphas.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="dropout">What is left out in training.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="options">What the kind is asked for besides; null: nothing.</param>
    /// <exception cref="FornoException">The kind cannot be trained, has no such option, or an option's value is
    /// wrong.</exception>
    public static AdapterNetwork New(
        AdapterKind kind,
        IEnumerable<AdapterModule> modules,
        ulong seed,
        AdapterDropout dropout,
        Device device = default,
        AdapterOptions? options = null
    )
    {
        options ??= AdapterOptions.None;
        if (options.Names.FirstOrDefault(n => !kind.Options.Contains(n, StringComparer.Ordinal)) is { } other)
        {
            string has = kind.Options.Count == 0 ? "It has none." : $"It has: {string.Join(", ", kind.Options)}.";
            throw new FornoException($"network_args: {kind.Name} has no option '{other}'. {has}");
        }
        Func<NewModule, Adapter> make =
            kind.New ?? throw new FornoException($"adapters of the kind {kind.Name} cannot be trained yet");
        var made = new List<(PatchTarget Target, Adapter Adapter)>();
        try
        {
            foreach (AdapterModule m in modules)
            {
                made.Add((m.Target, make(new NewModule(m, seed, dropout, device, options))));
            }
        }
        catch
        {
            made.ForEach(m => m.Adapter.Dispose());
            throw;
        }
        foreach (Tensor t in made.SelectMany(m => m.Adapter.Tensors.Values))
        {
            t.RequiresGrad = true;
        }
        return new AdapterNetwork(made);
    }

    /// <summary>The modules, in order.</summary>
    public IReadOnlyList<Adapter> Adapters { get; }

    /// <summary>The modules' tensors by file key (without alphas), in order.</summary>
    public IEnumerable<(string Key, Tensor Tensor)> Tensors =>
        Adapters.SelectMany(a => a.Tensors.Select(t => ($"{a.Name}.{t.Key}", t.Value)));

    /// <summary>The layer that a module is for.</summary>
    public PatchTarget TargetOf(Adapter adapter) => targets[adapter.Name];

    /// <summary>How strongly the adapter acts on the UNet and on the text encoders; 1 as trained.</summary>
    public void SetMultipliers(double unet, double text)
    {
        foreach (Adapter a in Adapters)
        {
            a.Multiplier = TargetOf(a).IsText ? text : unet;
        }
    }

    /// <summary>Announces a training forward over these samples; null: back to evaluation.</summary>
    public void SetDraw(DropoutDraw? draw)
    {
        foreach (Adapter a in Adapters)
        {
            a.Draw = draw;
        }
    }

    /// <summary>
    /// Puts every module whose layer is there into that layer's slot. The slots must outlive this or be emptied.
    /// </summary>
    /// <param name="layers">Patchable layers by checkpoint key, of one or several weight stores.</param>
    /// <returns>Modules whose layer was not found.</returns>
    /// <exception cref="FornoException">A module does not fit its layer; nothing is changed then.</exception>
    public IReadOnlyList<Adapter> Apply(params IEnumerable<IReadOnlyDictionary<string, PatchableLayer>> layers)
    {
        (List<(PatchableLayer Layer, Adapter Adapter)> found, List<Adapter> lost) = Locate(layers);
        foreach ((PatchableLayer layer, Adapter adapter) in found)
        {
            AdapterPatch.Add(layer, adapter);
            applied.Add((layer, adapter));
        }
        return lost;
    }

    /// <summary>Takes all modules out of the slots that <see cref="Apply"/> put them into.</summary>
    public void Remove()
    {
        foreach ((PatchableLayer layer, Adapter adapter) in applied)
        {
            AdapterPatch.Remove(layer, adapter);
        }
        applied.Clear();
    }

    /// <summary>Adds the change at the present multipliers to the layers' weights for good.</summary>
    /// <returns>Modules whose layer was not found.</returns>
    public IReadOnlyList<Adapter> Merge(params IEnumerable<IReadOnlyDictionary<string, PatchableLayer>> layers)
    {
        (List<(PatchableLayer Layer, Adapter Adapter)> found, List<Adapter> lost) = Locate(layers);
        found.ForEach(f => f.Adapter.Merge(f.Layer));
        return lost;
    }

    /// <summary>Takes <see cref="Merge"/> back, up to rounding; of several adapters the last merged first.</summary>
    /// <returns>Modules whose layer was not found.</returns>
    public IReadOnlyList<Adapter> Unmerge(params IEnumerable<IReadOnlyDictionary<string, PatchableLayer>> layers)
    {
        (List<(PatchableLayer Layer, Adapter Adapter)> found, List<Adapter> lost) = Locate(layers);
        found.ForEach(f => f.Adapter.Unmerge(f.Layer));
        return lost;
    }

    /// <summary>Takes the modules out of their slots and frees them.</summary>
    public void Dispose()
    {
        Remove();
        foreach (Adapter a in Adapters)
        {
            a.Dispose();
        }
    }

    private (List<(PatchableLayer Layer, Adapter Adapter)> Found, List<Adapter> Lost) Locate(
        IEnumerable<IReadOnlyDictionary<string, PatchableLayer>> layers
    )
    {
        IReadOnlyDictionary<string, PatchableLayer>[] all = [.. layers];
        List<(PatchableLayer, Adapter)> found = [];
        List<Adapter> lost = [];
        foreach (Adapter adapter in Adapters)
        {
            string key = TargetOf(adapter).Key;
            if (Array.Find(all, l => l.ContainsKey(key)) is { } store)
            {
                adapter.RequireFit(store[key]);
                found.Add((store[key], adapter));
            }
            else
            {
                lost.Add(adapter);
            }
        }
        return (found, lost);
    }
}

using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters;

/// <summary>
/// What stands in a layer's patch slot: any number of adapters. Each computes its change from the layer's input and
/// the base weight; the changes add up.
/// </summary>
public sealed class AdapterPatch : IPatch
{
    private readonly List<Adapter> adapters = [];

    /// <summary>The adapters on this layer.</summary>
    public IReadOnlyList<Adapter> Adapters => adapters;

    /// <summary>Puts an adapter on a layer, beside those that are there.</summary>
    /// <exception cref="InvalidOperationException">Something else fills the slot.</exception>
    public static void Add(PatchableLayer layer, Adapter adapter)
    {
        adapter.RequireFit(layer);
        if (layer.Patch is null)
        {
            layer.Patch = new AdapterPatch();
        }
        else if (layer.Patch is not AdapterPatch)
        {
            throw new InvalidOperationException($"{layer.Key} is patched by something else");
        }
        ((AdapterPatch)layer.Patch).adapters.Add(adapter);
    }

    /// <summary>Takes an adapter off a layer; an empty slot is plain again.</summary>
    public static void Remove(PatchableLayer layer, Adapter adapter)
    {
        if (layer.Patch is AdapterPatch patch && patch.adapters.Remove(adapter) && patch.adapters.Count == 0)
        {
            layer.Patch = null;
        }
    }

    /// <inheritdoc/>
    public Tensor Forward(PatchableLayer layer, Tensor x)
    {
        using var scope = new Scope();
        Tensor y = layer.Base(x);
        foreach (Adapter adapter in adapters)
        {
            if (adapter.Branch(layer, x) is { } change)
            {
                change.Add_(y); // the change is new, and no backward needs it: no third tensor of this size
                y = change;
            }
        }
        return scope.Keep(y);
    }
}

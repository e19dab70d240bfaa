using Forno.Nn;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>Time of each kind of layer in one forward, adapters included.</summary>
internal static class Profile
{
    public static void Print(IEnumerable<PatchableLayer> layers, Action forward)
    {
        var times = new Dictionary<string, Clock>(StringComparer.Ordinal);
        (PatchableLayer Layer, IPatch? Before)[] before = [.. layers.Select(l => (l, l.Patch))];
        foreach ((PatchableLayer layer, IPatch? patch) in before)
        {
            layer.Patch = new Timer(times, patch);
        }
        var all = Clock.Of(forward);
        foreach ((PatchableLayer layer, IPatch? patch) in before)
        {
            layer.Patch = patch;
        }
        Clock rest = all;
        foreach ((string kind, Clock time) in times.OrderByDescending(t => t.Value.Cpu))
        {
            Console.WriteLine($"    {kind, -28} {time}");
            rest -= time;
        }
        Console.WriteLine($"    {"attention and the rest", -28} {rest}");
    }

    private sealed class Timer(Dictionary<string, Clock> times, IPatch? inner) : IPatch
    {
        public Tensor Forward(PatchableLayer layer, Tensor x)
        {
            var before = Clock.Now();
            Tensor y = inner is null ? layer.Base(x) : inner.Forward(layer, x);
            string kind =
                layer.GetType().Name
                + (layer is Conv2d ? $" {layer.Weight.Size(2)}×{layer.Weight.Size(2)}" : "")
                + (inner is null ? "" : " with adapter");
            times[kind] = times.GetValueOrDefault(kind) + (Clock.Now() - before);
            return y;
        }
    }
}

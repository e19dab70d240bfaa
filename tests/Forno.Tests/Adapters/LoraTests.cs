using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Adapters;

public class LoraTests
{
    internal static readonly PatchTarget LinearTarget = new()
    {
        Name = "lora_unet_linear",
        Key = "linear",
        Shape = [12, 8],
        HasBias = true,
        Part = TargetPart.Attention,
    };

    internal static readonly PatchTarget ConvTarget = new()
    {
        Name = "lora_unet_conv",
        Key = "conv",
        Shape = [6, 4, 3, 3],
        HasBias = true,
        Part = TargetPart.Residual,
    };

    [Fact]
    public void BypassIsMergeAndUnmergeIsBase()
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using AdapterNetwork network = Trained();
        network.SetMultipliers(unet: 0.7, text: 0);
        using var mode = Autograd.NoGrad();
        foreach ((string key, Tensor x) in Inputs())
        {
            PatchableLayer layer = store.Layers[key];
            float[] weight = layer.Weight.ToArray<float>(),
                plain = layer.Forward(x).ToArray<float>();
            Assert.Empty(network.Apply(store.Layers));
            float[] bypass = layer.Forward(x).ToArray<float>();
            network.Remove();
            Assert.Null(layer.Patch);
            Assert.Equal(plain, layer.Forward(x).ToArray<float>());
            network.Merge(store.Layers);
            Close(bypass, layer.Forward(x).ToArray<float>(), 2e-5f);
            Assert.True(Distance(plain, bypass) > 0.1, "the adapter changes nothing");
            network.Unmerge(store.Layers);
            Close(weight, layer.Weight.ToArray<float>(), 1e-5f);
        }
    }

    [Fact]
    public void SeveralAdaptersAddUpAndLeaveInAnyOrder()
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using AdapterNetwork one = Trained(1),
            two = Trained(2);
        using var mode = Autograd.NoGrad();
        (string key, Tensor x) = Inputs()[0];
        PatchableLayer layer = store.Layers[key];
        Tensor plain = layer.Forward(x);
        one.Apply(store.Layers);
        Tensor first = layer.Forward(x) - plain;
        two.Apply(store.Layers);
        Tensor both = layer.Forward(x) - plain;
        one.Remove();
        Tensor second = layer.Forward(x) - plain;
        two.Remove();
        Assert.Null(layer.Patch);
        Close((first + second).ToArray<float>(), both.ToArray<float>(), 1e-5f);
    }

    [Fact]
    public void ANewAdapterChangesNothingAndLearns()
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using AdapterNetwork network = New(AdapterDropout.None);
        network.Apply(store.Layers);
        foreach ((string key, Tensor x) in Inputs())
        {
            PatchableLayer layer = store.Layers[key];
            Tensor y = layer.Forward(x);
            Assert.Equal(layer.Base(x).ToArray<float>(), y.ToArray<float>());
            Autograd.Backward(y.Square().Mean());
        }
        foreach (Adapter a in network.Adapters)
        {
            Assert.True(a.Tensors["lora_up.weight"].Grad!.Norm().Item() > 0);
            Assert.Equal(0, a.Tensors["lora_down.weight"].Grad!.Norm().Item()); // up is still zero
        }
    }

    [Fact]
    public void ALowPrecisionBaseTrainsFloat32Masters()
    {
        using var scope = new Scope();
        using WeightStore store = Model(DType.BFloat16);
        using AdapterNetwork network = Trained();
        network.Apply(store.Layers);
        foreach ((string key, Tensor x) in Inputs())
        {
            Tensor y = store.Layers[key].Forward(x);
            Assert.Equal(DType.BFloat16, y.DType);
            Autograd.Backward(y.To(DType.Float32).Square().Mean());
        }
        Assert.All(network.Tensors, t => Assert.Equal(DType.Float32, t.Tensor.Grad!.DType));
    }

    [Fact]
    public void TensorsOfTheOtherLayoutFit()
    {
        // 1×1 convolution tensors on a linear layer (2.x's files) are the same matrices.
        using var scope = new Scope();
        using WeightStore store = Model();
        (string key, Tensor x) = Inputs()[0];
        using var mode = Autograd.NoGrad();
        using AdapterNetwork network = Trained();
        Adapter flat = network.Adapters[0];
        using Adapter tall = AdapterKinds.Read(
            "test",
            "tall",
            new Dictionary<string, Tensor>
            {
                ["lora_down.weight"] = flat.Tensors["lora_down.weight"].View(3, 8, 1, 1),
                ["lora_up.weight"] = flat.Tensors["lora_up.weight"].View(12, 3, 1, 1),
                ["alpha"] = Tensor.From<long>([2L]).View(),
            }
        );
        PatchableLayer layer = store.Layers[key];
        tall.RequireFit(layer);
        Assert.Equal(flat.Branch(layer, x)!.ToArray<float>(), tall.Branch(layer, x)!.ToArray<float>());
        Assert.Equal(flat.Delta(layer.Weight).ToArray<float>(), tall.Delta(layer.Weight).ToArray<float>());
    }

    [Fact]
    public void MisfitsAndUnknownKindsAreRefusedByName()
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using var network = new AdapterNetwork([(LinearTarget with { Key = "conv" }, Module(LinearTarget, 1))]);
        Assert.Contains(
            "lora_unet_linear",
            Assert.Throws<FornoException>(() => network.Apply(store.Layers)).Message,
            StringComparison.Ordinal
        );
        Assert.Null(store.Layers["conv"].Patch);
        var some = Tensor.Zeros([2, 2]);
        Assert.Contains(
            "GLoRA",
            Assert
                .Throws<FornoException>(() =>
                    AdapterKinds.Read("f", "m", new Dictionary<string, Tensor> { ["a1.weight"] = some })
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "DoRA",
            Assert
                .Throws<FornoException>(() =>
                    AdapterKinds.Read(
                        "f",
                        "m",
                        new Dictionary<string, Tensor> { ["lora_up.weight"] = some, ["dora_scale"] = some }
                    )
                )
                .Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "lora_up",
            Assert
                .Throws<FornoException>(() =>
                    AdapterKinds.Read("f", "m", new Dictionary<string, Tensor> { ["lora_down.weight"] = some })
                )
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void DropoutDependsOnTheSampleAlone()
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using AdapterNetwork network = Trained(dropout: new AdapterDropout { Network = 0.3, Rank = 0.4 });
        using var mode = Autograd.NoGrad();
        network.Apply(store.Layers);
        foreach ((string key, Tensor x) in Inputs())
        {
            PatchableLayer layer = store.Layers[key];
            float[] evaluated = layer.Forward(x).ToArray<float>();
            network.SetDraw(new DropoutDraw(1, [5, 6]));
            float[] pair = layer.Forward(x).ToArray<float>();
            Assert.Equal(pair, layer.Forward(x).ToArray<float>());
            Assert.NotEqual(evaluated, pair);
            network.SetDraw(new DropoutDraw(1, [6]));
            Close(pair[(pair.Length / 2)..], layer.Forward(x.Slice(0, 1, 2)).ToArray<float>(), 1e-5f);
            network.SetDraw(new DropoutDraw(1, [7, 6]));
            Assert.NotEqual(pair, layer.Forward(x).ToArray<float>());
            Assert.Throws<ArgumentException>(() => layer.Forward(x.Slice(0, 0, 1)));
            network.SetDraw(null);
            Assert.Equal(evaluated, layer.Forward(x).ToArray<float>());
        }
    }

    [Theory]
    [InlineData(0.5, 0, 0)]
    [InlineData(0, 0.5, 0)]
    [InlineData(0, 0, 0.25)]
    public void DropoutKeepsTheShareItShould(double network, double rank, double module)
    {
        using var scope = new Scope();
        using WeightStore store = Model();
        using AdapterNetwork adapter = Trained(
            dropout: new AdapterDropout
            {
                Network = network,
                Rank = rank,
                Module = module,
            }
        );
        using var mode = Autograd.NoGrad();
        PatchableLayer layer = store.Layers["linear"];
        Tensor x = Inputs()[0].X;
        Tensor full = adapter.Adapters[0].Branch(layer, x)!.Clone();
        var sum = Tensor.Zeros(full.Shape);
        const int Draws = 600;
        int dropped = 0;
        for (int i = 0; i < Draws; i++)
        {
            using var each = new Scope();
            adapter.SetDraw(new DropoutDraw(3, [2 * i, (2 * i) + 1]));
            if (adapter.Adapters[0].Branch(layer, x) is { } y)
            {
                sum.Add_(y, 1.0 / Draws);
            }
            else
            {
                dropped++;
            }
        }
        // Elements and ranks are made up for in the mean, whole modules are not.
        double want = 1 - module,
            scale = full.Norm().Item();
        Assert.InRange((sum - (full * want)).Norm().Item() / scale, 0, 0.1);
        Assert.InRange(dropped / (double)Draws, module - 0.07, module + 0.07);
    }

    internal static AdapterNetwork Trained(ulong seed = 1, AdapterDropout? dropout = null)
    {
        AdapterNetwork network = New(dropout ?? AdapterDropout.None, seed);
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        long item = 0;
        foreach ((string _, Tensor t) in network.Tensors)
        {
            using Generator random = Rng.For(seed, "test adapter", item: item++);
            t.Copy_(random.Randn(t.Shape));
        }
        return network;
    }

    private static AdapterNetwork New(AdapterDropout dropout, ulong seed = 1) =>
        AdapterNetwork.New(LoraAdapter.Kind, [new(LinearTarget, 3, 2), new(ConvTarget, 2, 2)], seed, dropout);

    private static LoraAdapter Module(PatchTarget target, int rank) =>
        LoraAdapter.New(
            new NewModule(new AdapterModule(target, rank, 1), 1, AdapterDropout.None, default, AdapterOptions.None)
        );

    internal static WeightStore Model(DType type = DType.Float32)
    {
        var random = WeightStore.Random(9);
        if (type == DType.Float32)
        {
            Build(random);
            return random;
        }
        Build(random);
        using var scope = new Scope();
        var entries = random.Tensors.ToDictionary(t => t.Key, t => t.Value.Clone().Own());
        random.Dispose();
        var store = WeightStore.From(
            entries.ToDictionary(e => e.Key, e => new WeightEntry(e.Value.Shape.ToArray(), e.Value.Alias)),
            "test",
            type
        );
        Build(store);
        foreach (Tensor t in entries.Values)
        {
            t.Dispose();
        }
        return store;
    }

    private static void Build(WeightStore store)
    {
        _ = new Linear(store.At("linear"), 8, 12);
        _ = new Conv2d(store.At("conv"), 4, 6, kernel: 3, stride: 2, padding: 1);
    }

    internal static (string Key, Tensor X)[] Inputs()
    {
        using Generator random = Rng.For(4, "test inputs");
        return [("linear", random.Randn(2, 5, 8)), ("conv", random.Randn(2, 4, 6, 6))];
    }

    internal static double Distance(float[] a, float[] b) => a.Zip(b).Max(p => Math.Abs(p.First - p.Second));

    internal static void Close(float[] want, float[] got, float bound)
    {
        Assert.Equal(want.Length, got.Length);
        Assert.InRange(Distance(want, got), 0, bound * Math.Max(1, want.Max(Math.Abs)));
    }
}

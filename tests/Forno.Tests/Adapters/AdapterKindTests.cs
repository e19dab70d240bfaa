using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Adapters;

/// <summary>What every kind that can be trained must keep to; a new kind is tested by its registry line.</summary>
public sealed class AdapterKindTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-kinds-").FullName;

    public static TheoryData<string, string> Asked()
    {
        var data = new TheoryData<string, string>();
        foreach (AdapterKind kind in Trainable)
        {
            data.Add(kind.Name, "");
            foreach (string option in kind.Options)
            {
                data.Add(kind.Name, option);
            }
        }
        return data;
    }

    private static IEnumerable<AdapterKind> Trainable => AdapterKinds.All.Where(k => k.New is not null);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [MemberData(nameof(Asked))]
    public void ANewModuleChangesNothingAndLearns(string kind, string option)
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model();
        using AdapterNetwork network = New(kind, option);
        Assert.Empty(network.Apply(store.Layers));
        foreach ((string key, Tensor x) in LoraTests.Inputs())
        {
            PatchableLayer layer = store.Layers[key];
            Tensor y = layer.Forward(x);
            Assert.Equal(layer.Base(x).ToArray<float>(), y.ToArray<float>());
            Autograd.Backward(y.Square().Mean());
        }
        Assert.All(
            network.Adapters,
            a => Assert.Contains(a.Tensors.Values, t => t.Grad is { } g && g.Norm().Item() > 0)
        );
        Assert.All(
            network.Adapters,
            a => Assert.True(AdapterKinds.Recognise([.. a.Tensors.Keys, .. a.Constants.Keys])!.Name == kind)
        );
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public void BypassIsMergeAndUnmergeIsBase(string kind, string option)
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model();
        using AdapterNetwork network = Trained(kind, option);
        network.SetMultipliers(unet: 0.7, text: 0);
        using var mode = Autograd.NoGrad();
        foreach ((string key, Tensor x) in LoraTests.Inputs())
        {
            PatchableLayer layer = store.Layers[key];
            float[] weight = layer.Weight.ToArray<float>(),
                plain = layer.Forward(x).ToArray<float>();
            network.Apply(store.Layers);
            float[] bypass = layer.Forward(x).ToArray<float>();
            network.Remove();
            Assert.Equal(plain, layer.Forward(x).ToArray<float>());
            Assert.NotInRange(LoraTests.Distance(plain, bypass), 0, 1e-2);

            network.Merge(store.Layers);
            LoraTests.Close(bypass, layer.Forward(x).ToArray<float>(), 2e-5f);
            network.Unmerge(store.Layers);
            LoraTests.Close(weight, layer.Weight.ToArray<float>(), 2e-5f);
            LoraTests.Close(plain, layer.Forward(x).ToArray<float>(), 2e-4f);
            foreach (PatchableLayer each in store.Layers.Values)
            {
                Assert.Null(each.Patch);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public void SavedAndLoadedItDoesTheSame(string kind, string option)
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model();
        using var mode = Autograd.NoGrad();
        string path = Path.Combine(folder, "a.safetensors");
        float[][] saved;
        using (AdapterNetwork network = Trained(kind, option))
        {
            AdapterFile.Save(path, network, new Dictionary<string, string>(), DType.Float32);
            network.Apply(store.Layers);
            saved = Outputs(store);
        }
        using var file = AdapterFile.Load(path, [LoraTests.LinearTarget, LoraTests.ConvTarget]);
        Assert.Empty(file.Strangers);
        Assert.Empty(file.Network.Apply(store.Layers));
        foreach ((float[] want, float[] got) in saved.Zip(Outputs(store)))
        {
            LoraTests.Close(want, got, 2e-6f);
        }
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public void ALowPrecisionBaseTrainsFloat32Masters(string kind, string option)
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model(DType.BFloat16);
        using AdapterNetwork network = Trained(kind, option);
        network.Apply(store.Layers);
        foreach ((string key, Tensor x) in LoraTests.Inputs())
        {
            Tensor y = store.Layers[key].Forward(x);
            Assert.Equal(DType.BFloat16, y.DType);
            Autograd.Backward(y.To(DType.Float32).Square().Mean());
        }
        Assert.All(network.Tensors, t => Assert.Equal(DType.Float32, t.Tensor.Grad!.DType));
    }

    [Theory]
    [MemberData(nameof(Asked))]
    public void GradientsAreThoseOfDifferences(string kind, string option)
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model();
        using AdapterNetwork network = Trained(kind, option);
        network.SetMultipliers(0.8, 0.8);
        network.Apply(store.Layers);
        (string Key, Tensor X)[] inputs = LoraTests.Inputs();
        double Loss()
        {
            using var inner = new Scope();
            using var mode = Autograd.NoGrad();
            return inputs.Sum(i => store.Layers[i.Key].Forward(i.X).Square().Mean().Item());
        }
        foreach ((string key, Tensor x) in inputs)
        {
            Autograd.Backward(store.Layers[key].Forward(x).Square().Mean());
        }
        foreach ((string key, Tensor tensor) in network.Tensors)
        {
            // Along the gradient itself: the slope must be its length.
            using var each = new Scope();
            using var mode = Autograd.NoGrad();
            Tensor grad = tensor.Grad!,
                kept = tensor.Detach().Clone();
            double length = grad.Norm().Item(),
                h = 1e-3 * Math.Max(0.1, kept.Norm().Item()) / length;
            tensor.Add_(grad, h);
            double above = Loss();
            tensor.Add_(grad, -2 * h);
            double below = Loss();
            tensor.Copy_(kept);
            double slope = (above - below) / (2 * h) / (length * length);
            Assert.True(Math.Abs(slope - 1) < 0.02, $"{key}: {slope} of the gradient that differences show");
        }
    }

    [Fact]
    public void RowsAndModulesAreDroppedBySampleAlone()
    {
        using var scope = new Scope();
        using WeightStore store = LoraTests.Model();
        using var mode = Autograd.NoGrad();
        foreach (AdapterKind kind in Trainable.Where(k => k != LoraAdapter.Kind)) // LoRA's are kohya's, tested there
        {
            using var each = new Scope();
            using AdapterNetwork network = Trained(kind.Name, "", new AdapterDropout { Rank = 0.5 });
            network.Apply(store.Layers);
            foreach ((string key, Tensor x) in LoraTests.Inputs())
            {
                PatchableLayer layer = store.Layers[key];
                float[] plain = layer.Base(x).ToArray<float>(),
                    full = layer.Forward(x).ToArray<float>();
                network.SetDraw(new DropoutDraw(1, [5, 6]));
                float[] dropped = layer.Forward(x).ToArray<float>();
                Assert.Equal(dropped, layer.Forward(x).ToArray<float>());
                int kept = 0,
                    gone = 0;
                for (int i = 0; i < full.Length; i++)
                {
                    bool isPlain = Math.Abs(dropped[i] - plain[i]) < 1e-5,
                        isFull = Math.Abs(dropped[i] - full[i]) < 1e-5;
                    Assert.True(isPlain || isFull, $"{kind.Name}, {key}: {dropped[i]} is neither");
                    kept += isPlain ? 0 : 1;
                    gone += isFull ? 0 : 1;
                }
                Assert.True(kept > 0 && gone > 0, $"{kind.Name}, {key}: {kept} kept, {gone} gone");
                network.SetDraw(null);
                Assert.Equal(full, layer.Forward(x).ToArray<float>());
            }
        }
    }

    [Fact]
    public void KindsOfNetworksAreFoundByName()
    {
        Assert.Equal("LoRA", AdapterKinds.ForNetwork("networks.lora").Name);
        Assert.Equal("LoRA", AdapterKinds.ForNetwork("lycoris.kohya").Name);
        foreach (AdapterKind kind in Trainable)
        {
            Assert.All(kind.Algorithms, a => Assert.Equal(kind, AdapterKinds.ForNetwork("lycoris.kohya", a)));
        }
        Assert.Contains(
            "did you mean 'networks.lora'? Choose one of: networks.lora, ",
            Assert.Throws<FornoException>(() => AdapterKinds.ForNetwork("network.lora")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "GLoRA cannot be trained yet",
            Assert.Throws<FornoException>(() => AdapterKinds.ForNetwork("lycoris.kohya", "glora")).Message,
            StringComparison.Ordinal
        );
        string[] names = [.. AdapterKinds.All.SelectMany(k => k.Algorithms.Concat(k.NetworkModules))];
        Assert.Equal(names.Distinct(), names);
        string[] marks = [.. AdapterKinds.All.SelectMany(k => k.Marks)];
        Assert.Equal(marks.Distinct(), marks);
    }

    [Fact]
    public void OptionsThatAKindDoesNotHaveAreRefused()
    {
        AdapterOptions Option(string name, string value) => new(new Dictionary<string, string> { [name] = value });
        AdapterNetwork Make(AdapterOptions options) =>
            AdapterNetwork.New(
                LoraAdapter.Kind,
                [new(LoraTests.ConvTarget, 2, 1)],
                1,
                AdapterDropout.None,
                options: options
            );
        Assert.Contains(
            "use_tucker",
            Assert.Throws<FornoException>(() => Make(Option("use_tuker", "True"))).Message,
            StringComparison.Ordinal
        );
        Assert.Throws<FornoException>(() => Make(Option("use_tucker", "perhaps")));
        Make(Option("use_tucker", "true")).Dispose();
    }

    private static float[][] Outputs(WeightStore store) =>
        [.. LoraTests.Inputs().Select(i => store.Layers[i.Key].Forward(i.X).ToArray<float>())];

    private static AdapterNetwork New(string name, string option, AdapterDropout? dropout = null) =>
        AdapterNetwork.New(
            AdapterKinds.All.Single(k => k.Name == name),
            [new(LoraTests.LinearTarget, 3, 2), new(LoraTests.ConvTarget, 2, 2)],
            1,
            dropout ?? AdapterDropout.None,
            default,
            option.Length == 0 ? null : new(new Dictionary<string, string> { [option] = Value(option) })
        );

    // Those that want a number get one that divides the layers' sides.
    private static string Value(string option) => option == "factor" ? "2" : "True";

    private static AdapterNetwork Trained(string name, string option, AdapterDropout? dropout = null)
    {
        AdapterNetwork network = New(name, option, dropout);
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        long item = 0;
        foreach ((string _, Tensor t) in network.Tensors)
        {
            using Generator random = Rng.For(1, "test adapter", item: item++);
            t.Copy_(random.Randn(t.Shape) * 0.5);
        }
        return network;
    }
}

using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Adapters;

[Collection(Alone.Name)]
public class LoraLeakTests
{
    [Fact]
    public void NothingLeaks()
    {
        long before = Tensor.LiveCount;
        using (var scope = new Scope())
        {
            using WeightStore store = LoraTests.Model();
            using AdapterNetwork network = LoraTests.Trained(dropout: new AdapterDropout { Network = 0.1, Rank = 0.1 });
            network.Apply(store.Layers);
            network.SetDraw(new DropoutDraw(1, [1, 2]));
            (string key, Tensor x) = LoraTests.Inputs()[1];
            long here = Tensor.LiveCount;
            using (var inner = new Scope())
            {
                store.Layers[key].Forward(x);
                Assert.Equal(here + 1, Tensor.LiveCount);
            }
            network.Merge(store.Layers);
            Assert.Equal(here, Tensor.LiveCount);
        }
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void NoKindLeaks()
    {
        long before = Tensor.LiveCount;
        foreach (AdapterKind kind in AdapterKinds.All.Where(k => k.New is not null))
        {
            using var scope = new Scope();
            using WeightStore store = LoraTests.Model();
            using var network = AdapterNetwork.New(
                kind,
                [new(LoraTests.LinearTarget, 3, 2), new(LoraTests.ConvTarget, 2, 2)],
                1,
                new AdapterDropout { Rank = 0.1 }
            );
            network.Apply(store.Layers);
            (string Key, Tensor X)[] inputs = LoraTests.Inputs();
            long here = Tensor.LiveCount;
            foreach ((string key, Tensor x) in inputs)
            {
                using var inner = new Scope();
                network.SetDraw(new DropoutDraw(1, [1, 2]));
                Autograd.Backward(store.Layers[key].Forward(x).Square().Mean());
                network.SetDraw(null);
            }
            foreach ((_, Tensor tensor) in network.Tensors)
            {
                tensor.Grad = null;
            }
            network.Merge(store.Layers);
            network.Unmerge(store.Layers);
            Assert.Equal(here, Tensor.LiveCount);
        }
        Assert.Equal(before, Tensor.LiveCount);
    }
}

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
}

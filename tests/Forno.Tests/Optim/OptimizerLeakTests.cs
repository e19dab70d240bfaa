using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;

namespace Forno.Tests.Optim;

[Collection(Alone.Name)]
public class OptimizerLeakTests
{
    [Fact]
    public void NothingLeaks()
    {
        long before = Tensor.LiveCount;
        foreach (string name in OptimizerRegistry.Names)
        {
            using var scope = new Scope();
            using Optimizer optimizer = OptimizerRegistry.Create(
                name,
                OptimizerTests.Groups(),
                new Dictionary<string, object?>()
            );
            OptimizerTests.Run(optimizer, 0, 1);
            long after = Tensor.LiveCount;
            using (var inner = new Scope())
            {
                OptimizerTests.Run(optimizer, 1, 4);
            }
            Assert.Equal(after, Tensor.LiveCount);
            optimizer.Load(optimizer.State());
            Assert.Equal(after, Tensor.LiveCount);
        }
        Assert.Equal(before, Tensor.LiveCount);
    }
}

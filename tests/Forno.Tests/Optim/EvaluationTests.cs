using Forno.Optim;
using Forno.Torch;

namespace Forno.Tests.Optim;

public class EvaluationTests
{
    [Fact]
    public void TrainingValuesComeBackBitForBit()
    {
        using var scope = new Scope();
        ParameterGroup[] groups = OptimizerTests.Groups();
        using var optimizer = new Halved(groups);
        OptimizerTests.Run(optimizer, 0, 2, skip: "c");
        float[][] before = Values(groups);
        using (optimizer.Evaluating())
        {
            float[][] during = Values(groups);
            Assert.Equal(before[0].Select(v => v / 2), during[0]);
            Assert.Equal(before[2], during[2]); // it took no step yet
            using (optimizer.Evaluating())
            {
                Assert.Equal(during, Values(groups));
            }
            Assert.True(optimizer.IsEvaluating);
            Assert.Equal(during, Values(groups));
            Assert.Throws<InvalidOperationException>(optimizer.Step);
            Assert.Throws<InvalidOperationException>(optimizer.State);
        }
        Assert.False(optimizer.IsEvaluating);
        Assert.Equal(before, Values(groups));
        OptimizerTests.Run(optimizer, 2, 1);
    }

    [Fact]
    public void AnEvaluationEndsWithItsOptimizer()
    {
        using var scope = new Scope();
        ParameterGroup[] groups = OptimizerTests.Groups();
        float[][] before;
        using (var optimizer = new Halved(groups))
        {
            OptimizerTests.Run(optimizer, 0, 1);
            before = Values(groups);
            optimizer.Evaluate();
            Assert.NotEqual(before, Values(groups));
        }
        Assert.Equal(before, Values(groups));
    }

    private static float[][] Values(ParameterGroup[] groups) =>
        [.. groups.SelectMany(g => g.Parameters).Select(p => p.Tensor.ToArray<float>())];

    // Steps by the gradient; saves half of the values.
    private sealed class Halved(IReadOnlyList<ParameterGroup> groups) : Optimizer(groups)
    {
        protected override Tensor?[] NewBuffers(int group, Tensor value) => [];

        protected override void Update(Batch[] batches)
        {
            foreach (Batch batch in batches)
            {
                Foreach.Add_(batch.Values, batch.Grads, -0.1);
            }
        }

        protected override Tensor? Averaged(int group, Slot slot) => slot.Value * 0.5;
    }
}

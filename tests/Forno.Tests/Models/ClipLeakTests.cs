using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Models;

[Collection(Alone.Name)]
public class ClipLeakTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void NoTensorOutlivesItsScopeOrStore(bool checkpointing)
    {
        using var scope = new Scope();
        long live = Tensor.LiveCount;
        using (var store = WeightStore.Random(1))
        {
            using var inner = new Scope();
            var text = new ClipText(
                store.At(""),
                new()
                {
                    Width = 16,
                    Layers = 2,
                    Heads = 2,
                    MlpWidth = 32,
                    ContextLength = 8,
                    VocabSize = 20,
                    ProjectionDim = 8,
                }
            )
            {
                GradientCheckpointing = checkpointing,
            };
            var vision = new ClipVision(
                store.At(""),
                new()
                {
                    ImageSize = 16,
                    PatchSize = 8,
                    Width = 16,
                    Layers = 2,
                    Heads = 2,
                    MlpWidth = 32,
                    ProjectionDim = 8,
                }
            )
            {
                GradientCheckpointing = checkpointing,
            };
            var pair = new ClipPair(text, vision, store.At(""));
            foreach (Tensor weight in store.Tensors.Values)
            {
                weight.RequiresGrad = true;
            }
            long before = Tensor.LiveCount;
            using (var step = new Scope())
            {
                var ids = Tensor.From<long>([18, 1, 19, 0, 18, 2, 19, 0], 2, 4);
                Autograd.Backward(pair.Loss(text.Encode(ids), vision.Encode(Tensor.Ones([2, 3, 16, 16]))));
                text.Hidden(ids, 2);
                new TextConditioning(ModelFamily.Sdxl, [text, text]).Encode([ids, ids]);
            }
            Assert.Equal(before, Tensor.LiveCount);
            using var last = new Scope();
            using var mode = Autograd.NoGrad(); // a graph would hold the inputs of checkpointed layers
            var two = Tensor.From<long>([18, 1, 19, 0], 1, 4);
            long owned = Tensor.LiveCount;
            Conditioning kept = new TextConditioning(ModelFamily.Sdxl, [text, text]).Encode([two, two]);
            // The two results, and nothing else, are left in the caller's scope.
            Assert.Equal(owned + 2, Tensor.LiveCount);
            Assert.NotNull(kept.Pooled);
        }
        Assert.Equal(live, Tensor.LiveCount);
    }
}

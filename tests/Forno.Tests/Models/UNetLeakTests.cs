using Forno.Models.UNets;
using Forno.Nn;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Models;

[Collection(Alone.Name)]
public class UNetLeakTests
{
    [Theory]
    [InlineData(false, DType.Float32)]
    [InlineData(true, DType.Float32)]
    [InlineData(false, DType.BFloat16)]
    public void NoTensorOutlivesItsScopeOrStore(bool checkpointing, DType type)
    {
        using var scope = new Scope();
        long live = Tensor.LiveCount;
        using (WeightStore store = TinyModels.Weights(TinyModels.UNet.Layout.Keys("model.diffusion_model."), type))
        {
            var unet = new UNet(store.At("model.diffusion_model"), TinyModels.UNet)
            {
                GradientCheckpointing = checkpointing,
            };
            Tensor weight = store.Tensors[
                "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.ff.net.2.weight"
            ];
            weight.RequiresGrad = true;
            long before = Tensor.LiveCount;
            foreach (bool backward in (bool[])[true, false])
            {
                using var step = new Scope();
                Tensor y = unet.Forward(Tensor.Ones([1, 4, 4, 4]), Tensor.Ones([1]), Tensor.Ones([1, 7, 24])).Sum();
                if (backward)
                {
                    Autograd.Backward(y);
                }
            }
            Assert.Equal(before, Tensor.LiveCount);
            using var last = new Scope();
            using Autograd.Mode mode = Autograd.NoGrad();
            Tensor x = Tensor.Ones([1, 4, 4, 4]),
                t = Tensor.Ones([1]),
                context = Tensor.Ones([1, 7, 24]);
            long owned = Tensor.LiveCount;
            unet.Forward(x, t, context);
            Assert.Equal(owned + 1, Tensor.LiveCount);
        }
        Assert.Equal(live, Tensor.LiveCount);
    }
}

using Forno.Nn;
using Forno.Torch;

namespace Forno.Tests.Nn;

public class AttentionTests
{
    [Theory]
    [InlineData(40, 24)]
    [InlineData(1100, 900)]
    public void IsSoftmaxOfScaledScoresForwardAndBackward(long t, long s)
    {
        using var scope = new Scope();
        using Generator g = Rng.For(3, "attention");
        const long heads = 2,
            width = 16;
        Tensor q = g.Randn(2, t, width),
            k = g.Randn(2, s, width),
            v = g.Randn(2, s, width),
            c = g.Randn(2, t, width);
        Tensor[] inputs = [q, k, v];
        foreach (Tensor x in inputs)
        {
            x.RequiresGrad = true;
        }
        Tensor plain = Plain(q, k, v, heads);
        Tensor?[] expected = Autograd.Grad((plain * c).Sum(), inputs);
        Tensor ours = Attention.Forward(q, k, v, heads);
        Tensor?[] found = Autograd.Grad((ours * c).Sum(), inputs);
        Close(plain, ours);
        for (int i = 0; i < 3; i++)
        {
            Close(expected[i]!, found[i]!);
        }
    }

    private static Tensor Plain(Tensor q, Tensor k, Tensor v, long heads)
    {
        var outs = new Tensor[heads];
        long d = q.Size(2) / heads;
        for (int h = 0; h < heads; h++)
        {
            Tensor qh = q.Slice(2, h * d, (h + 1) * d),
                kh = k.Slice(2, h * d, (h + 1) * d),
                vh = v.Slice(2, h * d, (h + 1) * d);
            outs[h] = Ops.Softmax(qh.MatMul(kh.Transpose(1, 2)) / Math.Sqrt(d), -1).MatMul(vh);
        }
        return Ops.Cat(outs, 2);
    }

    private static void Close(Tensor a, Tensor b)
    {
        using var scope = new Scope();
        Assert.InRange((a.Detach() - b.Detach()).Abs().Max().Item(), 0, 2e-5);
    }
}

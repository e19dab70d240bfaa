using Forno.Torch;

namespace Forno.Tests.Torch;

/// <summary>
/// Products in half precision: what fp32 gives for the same numbers, rounded once; and the same for gradients.
/// </summary>
public sealed class HalfProductTests
{
    public static TheoryData<DType, double> Types =>
        new() { { DType.BFloat16, 1.0 / 128 }, { DType.Float16, 1.0 / 1024 } };

    [Theory]
    [MemberData(nameof(Types))]
    public void LinearIsTheRoundedProduct(DType type, double tolerance) =>
        Check(type, tolerance, [3, 5, 24], [16, 24], [16], (x, w, b) => Ops.Linear(x, w, b));

    [Theory]
    [MemberData(nameof(Types))]
    public void LinearWithoutBias(DType type, double tolerance) =>
        Check(type, tolerance, [7, 24], [16, 24], null, (x, w, _) => Ops.Linear(x, w));

    [Theory]
    [MemberData(nameof(Types))]
    public void ConvolutionWithStrideAndPadding(DType type, double tolerance) =>
        Check(
            type,
            tolerance,
            [2, 8, 9, 7],
            [12, 8, 3, 3],
            [12],
            (x, w, b) => Ops.Conv2d(x, w, b, stride: 2, padding: 1)
        );

    [Theory]
    [MemberData(nameof(Types))]
    public void ConvolutionInGroups(DType type, double tolerance) =>
        Check(type, tolerance, [1, 8, 6, 6], [8, 2, 3, 3], null, (x, w, _) => Ops.Conv2d(x, w, padding: 1, groups: 4));

    [Fact]
    public void FrozenFactorsGetNoGradient()
    {
        using var scope = new Scope();
        using Generator random = Rng.For(3, "half products");
        Tensor x = random.Randn(4, 8).To(DType.BFloat16),
            w = random.Randn(6, 8).To(DType.BFloat16);
        x.RequiresGrad = true;
        Tensor?[] grads = Autograd.Grad(Ops.Linear(x, w).To(DType.Float32).Sum(), [x]);
        Tensor expected = w.To(DType.Float32).Sum([0]).To(DType.BFloat16);
        float[] right = expected.To(DType.Float32).ToArray<float>();
        float[] found = grads[0]!.To(DType.Float32).Select(0, 2).ToArray<float>();
        float[] sizes = w.To(DType.Float32).Abs().Sum([0]).ToArray<float>();
        // Widened products are rounded once; a processor with bf16 products rounds its partial sums, too.
        double rounding = Ops.Widens(DType.BFloat16, Device.Cpu) ? 0 : 2.0 / 256;
        for (int i = 0; i < right.Length; i++)
        {
            Assert.InRange(found[i], right[i] - (rounding * sizes[i]), right[i] + (rounding * sizes[i]));
        }
    }

    private static void Check(
        DType type,
        double tolerance,
        long[] shape,
        long[] weight,
        long[]? bias,
        Func<Tensor, Tensor, Tensor?, Tensor> product
    )
    {
        using var scope = new Scope();
        using Generator random = Rng.For(1, "half products");
        Tensor[] half = [.. new[] { shape, weight, bias }.OfType<long[]>().Select(s => random.Randn(s).To(type))];
        Tensor[] wide = Array.ConvertAll(half, t => t.To(DType.Float32).Clone());
        foreach (Tensor t in (Tensor[])[.. half, .. wide])
        {
            t.RequiresGrad = true;
        }

        Tensor y = product(half[0], half[1], half.ElementAtOrDefault(2)),
            expected = product(wide[0], wide[1], wide.ElementAtOrDefault(2));
        Assert.Equal(type, y.DType);
        Close(expected, y, tolerance);
        Tensor cotangent = random.Randn(y.Shape).To(type);
        Tensor?[] grads = Autograd.Grad(y, half, cotangent),
            wanted = Autograd.Grad(expected, wide, cotangent.To(DType.Float32));
        for (int i = 0; i < half.Length; i++)
        {
            Assert.Equal(type, grads[i]!.DType);
            Close(wanted[i]!, grads[i]!, tolerance);
        }
    }

    // By the largest number, since sums of many terms may cancel.
    private static void Close(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        double largest = expected.Detach().Abs().Max().Item();
        Assert.InRange(
            (actual.Detach().To(DType.Float32) - expected.Detach()).Abs().Max().Item(),
            0,
            tolerance * largest
        );
    }
}

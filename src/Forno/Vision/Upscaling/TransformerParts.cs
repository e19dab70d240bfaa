using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>A 3×3 convolution of each channel by itself, keeping the size.</summary>
internal sealed class DepthwiseConv(Weights weights, long channels, bool bias)
{
    private readonly Tensor weight = weights.Take("weight", Init.FanIn, channels, 1, 3, 3);
    private readonly Tensor? shift = bias ? weights.Take("bias", Init.Zeros, channels) : null;

    public Tensor Forward(Tensor x) => Ops.Conv2d(x, weight, shift, padding: 1, groups: weight.Size(0));
}

/// <summary>Batch normalisation by the means and variances in the file.</summary>
internal sealed class StoredBatchNorm(Weights weights, long channels)
{
    private readonly Tensor weight = weights.Take("weight", Init.Ones, channels),
        bias = weights.Take("bias", Init.Zeros, channels);
    private readonly Tensor mean = weights.Take("running_mean", Init.Zeros, channels),
        variance = weights.Take("running_var", Init.Ones, channels);

    public Tensor Forward(Tensor x) => Ops.BatchNorm(x, weight, bias, mean, variance, 1e-5);
}

/// <summary>Attention within windows, and between channels.</summary>
internal static class WindowAttention
{
    /// <summary>
    /// Tokens [N, T, C] of windows: softmax(Q Kᵀ / √d + bias) V, heads being contiguous runs of channels.
    /// </summary>
    /// <param name="q">Queries [N, T, C].</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="heads">Number of heads.</param>
    /// <param name="bias">Added to the scores [heads, T, T]; null: none.</param>
    /// <param name="mask">Added to the scores of each window of a picture [windows, T, T]; null: none.</param>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, long heads, Tensor? bias, Tensor? mask = null)
    {
        using var scope = new Scope();
        (long n, long t, long c) = (q.Size(0), q.Size(1), q.Size(2));
        Tensor Split(Tensor x) => x.Reshape(n, t, heads, c / heads).Transpose(1, 2); // [N, h, T, d]
        Tensor scores = (Split(q) * (1 / Math.Sqrt(c / heads))).MatMul(Split(k).Transpose(-2, -1)); // [N, h, T, T]
        if (bias is not null)
        {
            scores.Add_(bias);
        }
        if (mask is not null)
        {
            long windows = mask.Size(0);
            scores.View(n / windows, windows, heads, t, t).Add_(mask.Unsqueeze(1));
        }
        return scope.Keep(Ops.Softmax(scores, -1).MatMul(Split(v)).Transpose(1, 2).Reshape(n, t, c));
    }

    /// <summary>
    /// Attention of channels to each other: q, k, v [.., heads, d, T], q and k brought to length 1 over T, scores times
    /// a learnt temperature [heads, 1, 1].
    /// </summary>
    public static Tensor OfChannels(Tensor q, Tensor k, Tensor v, Tensor temperature)
    {
        using var scope = new Scope();
        Tensor scores = Unit(q).MatMul(Unit(k).Transpose(-2, -1)) * temperature; // [.., h, d, d]
        return scope.Keep(Ops.Softmax(scores, -1).MatMul(v));
    }

    /// <summary>
    /// For each pair of places in a window of h × w the row of their offset in a table of (2h−1)·(2w−1): [T·T]
    /// int64.
    /// </summary>
    public static Tensor Offsets(int height, int width)
    {
        int t = height * width;
        long[] index = new long[t * t];
        for (int i = 0; i < t; i++)
        {
            for (int j = 0; j < t; j++)
            {
                index[(i * t) + j] =
                    ((i / width) - (j / width) + height - 1) * ((2L * width) - 1)
                    + (i % width)
                    - (j % width)
                    + width
                    - 1;
            }
        }
        return Tensor.From(index, index.Length);
    }

    private static Tensor Unit(Tensor x)
    {
        using var scope = new Scope();
        return scope.Keep(x / x.Norm([-1], keepDim: true).Clamp(1e-12));
    }
}

using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>
/// What the small autoencoder is trained on: absolute and squared error, edges, averages, and colour by itself,
/// because flat art otherwise loses the green–magenta axis. All on [B, 3, H, W] in [−1, 1]; scalars come out.
/// </summary>
public static class VaeLoss
{
    private const double EdgeWeight = 0.5,
        MeanWeight = 0.5,
        ChromaWeight = 0.7,
        KlWeight = 1e-5;

    /// <summary>The loss of a reconstruction and its latent distribution.</summary>
    /// <param name="output">Decoded pictures.</param>
    /// <param name="target">The pictures themselves.</param>
    /// <param name="mean">Latent means [B, 4, h, w].</param>
    /// <param name="logVariance">Logarithms of latent variances, same shape.</param>
    /// <param name="squareWeight">Weight of the squared error beside the absolute one.</param>
    public static Tensor Of(Tensor output, Tensor target, Tensor mean, Tensor logVariance, double squareWeight = 1)
    {
        using var scope = new Scope();
        Tensor difference = output - target;
        Tensor loss =
            difference.Abs().Mean()
            + difference.Square().Mean() * squareWeight
            + Edges(difference) * EdgeWeight
            + Ops.AvgPool(difference, 4).Abs().Mean() * MeanWeight
            + Chroma(difference) * ChromaWeight
            + Kl(mean, logVariance) * KlWeight;
        return scope.Keep(loss);
    }

    /// <summary>Mean absolute error of G − (R + B)/2, the axis that collapses first.</summary>
    /// <param name="output">Decoded pictures.</param>
    /// <param name="target">The pictures themselves.</param>
    public static double GreenMagentaError(Tensor output, Tensor target)
    {
        using var scope = new Scope();
        return GreenMagenta(output - target).Abs().Mean().Item();
    }

    // Differences of neighbours: an error that is constant over an area is free, a blurred edge is not.
    private static Tensor Edges(Tensor d)
    {
        (long h, long w) = (d.Size(2), d.Size(3));
        Tensor dx = d.Slice(3, 1, w) - d.Slice(3, 0, w - 1);
        Tensor dy = d.Slice(2, 1, h) - d.Slice(2, 0, h - 1);
        return dx.Abs().Mean() + dy.Abs().Mean();
    }

    // R − G, G − B, and twice G − (R + B)/2, at full size and over 8 × 8 means.
    private static Tensor Chroma(Tensor d)
    {
        Tensor coarse = Ops.AvgPool(d, 8);
        return Axes(d) + Axes(coarse);
    }

    private static Tensor Axes(Tensor d)
    {
        (Tensor r, Tensor g, Tensor b) = (d.Select(1, 0), d.Select(1, 1), d.Select(1, 2));
        return ((r - g).Abs().Mean() + (g - b).Abs().Mean() + GreenMagenta(d).Abs().Mean() * 2) / 4;
    }

    private static Tensor GreenMagenta(Tensor d) => d.Select(1, 1) - (d.Select(1, 0) + d.Select(1, 2)) * 0.5;

    // Of N(mean, e^logVariance) against N(0, 1), summed over the latent and averaged over the batch.
    private static Tensor Kl(Tensor mean, Tensor logVariance) =>
        (mean.Square() + logVariance.Exp() - 1.0 - logVariance).Sum() * (0.5 / mean.Size(0));
}

using Forno.Torch;

namespace Forno.Adapters;

/// <summary>What a max-norm pass did.</summary>
/// <param name="KeysScaled">Modules that were scaled down.</param>
/// <param name="MeanNorm">Mean over all modules of their norm afterwards.</param>
/// <param name="MaximumNorm">The largest of them.</param>
public readonly record struct MaxNormReport(int KeysScaled, double MeanNorm, double MaximumNorm);

/// <summary>
/// Keeps LoRA modules small: kohya's <c>scale_weight_norms</c>, run after each optimizer step.
/// </summary>
public static class MaxNorm
{
    /// <summary>
    /// Scales both factors of every module whose delta (alpha/rank · up · down, Frobenius norm over the full kernel)
    /// is larger than <paramref name="max"/> by the square root of what brings it there. Works in place.
    /// </summary>
    /// <param name="modules">Down [rank, …], up [out, rank, …] and alpha of each module.</param>
    /// <param name="max">The largest norm allowed; above 0.</param>
    public static MaxNormReport Apply(IEnumerable<(Tensor Down, Tensor Up, double Alpha)> modules, double max)
    {
        using var mode = Autograd.NoGrad();
        int scaled = 0;
        var norms = new List<double>();
        foreach ((Tensor down, Tensor up, double alpha) in modules)
        {
            using var scope = new Scope();
            long rank = down.Size(0);
            Tensor delta = up.Flatten(1).MatMul(down.Flatten(1)) * (alpha / rank);
            double norm = delta.Norm().Item();
            // The floor only keeps the quotient finite; it is below the limit and never scales.
            double floored = Math.Max(norm, max / 2),
                ratio = Math.Min(floored, max) / floored;
            if (ratio != 1)
            {
                scaled++;
                up.Mul_(Math.Sqrt(ratio));
                down.Mul_(Math.Sqrt(ratio));
            }
            norms.Add(norm * ratio);
        }
        return norms.Count == 0 ? default : new MaxNormReport(scaled, norms.Average(), norms.Max());
    }
}

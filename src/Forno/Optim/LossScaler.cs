using Forno.Torch;

namespace Forno.Optim;

/// <summary>
/// Keeps fp16 gradients from vanishing: the loss is multiplied by a scale, the gradients are divided by it before the
/// step. A step whose gradients overflowed is left out and halves the scale; after many good ones it doubles. Rules and
/// defaults are those of torch's <c>GradScaler</c>.
/// </summary>
public sealed class LossScaler
{
    private long goodSteps;

    /// <summary>The scale at the start.</summary>
    public const double InitialScale = 65536;

    /// <summary>The factor of the loss.</summary>
    public double Scale { get; private set; } = InitialScale;

    /// <summary>Factor after <see cref="GrowthInterval"/> good steps.</summary>
    public double GrowthFactor { get; init; } = 2;

    /// <summary>Factor after an overflow.</summary>
    public double BackoffFactor { get; init; } = 0.5;

    /// <summary>Good optimizer steps in a row until the scale grows.</summary>
    public long GrowthInterval { get; init; } = 2000;

    /// <summary>The loss to run backward from.</summary>
    public Tensor Scaled(Tensor loss) => loss * Scale;

    /// <summary>
    /// Divides all gradients by the scale and adapts the scale. Once per optimizer step, before clipping.
    /// </summary>
    /// <returns>Whether all gradients are finite; if not, leave the step out (and forget the gradients).</returns>
    public bool Unscale(IEnumerable<Tensor> parameters)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor[] grads = [.. parameters.Select(p => p.Grad).OfType<Tensor>()];
        Foreach.Mul_(grads, 1 / Scale);
        // The largest magnitude is finite exactly if all elements are; a 2-norm could overflow by itself.
        bool finite =
            grads.Length == 0 || double.IsFinite(Ops.Stack(Foreach.Norm(grads, double.PositiveInfinity)).Sum().Item());
        if (!finite)
        {
            Scale *= BackoffFactor;
            goodSteps = 0;
        }
        else if (++goodSteps == GrowthInterval)
        {
            // Like torch, never to infinity.
            Scale = float.IsFinite((float)(Scale * GrowthFactor)) ? Scale * GrowthFactor : Scale;
            goodSteps = 0;
        }
        return finite;
    }

    /// <summary>The scale and the good steps so far, to be saved with a run.</summary>
    public (double Scale, long GoodSteps) State
    {
        get => (Scale, goodSteps);
        set => (Scale, goodSteps) = value;
    }
}

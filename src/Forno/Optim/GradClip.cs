using Forno.Torch;

namespace Forno.Optim;

/// <summary>Bounds on the size of gradients.</summary>
public static class GradClip
{
    /// <summary>
    /// Scales all gradients by min(1, max/(norm + 1e-6)), the norm taken over all of them together (torch's
    /// <c>clip_grad_norm_</c>, in its single precision).
    /// </summary>
    /// <param name="parameters">Tensors; those without a gradient take no part.</param>
    /// <param name="maxNorm">The bound; 0 or less only measures, as kohya's <c>max_grad_norm</c> 0 does.</param>
    /// <returns>The 2-norm before clipping; not finite if a gradient is not.</returns>
    public static double ByNorm(IEnumerable<Tensor> parameters, double maxNorm)
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        Tensor[] grads = [.. parameters.Select(p => p.Grad).OfType<Tensor>()];
        if (grads.Length == 0)
        {
            return 0;
        }
        float norm = (float)Ops.Stack(Foreach.Norm(grads)).Norm().Item();
        if (maxNorm > 0)
        {
            float coefficient = 1 / (norm + 1e-6f) * (float)maxNorm;
            if (!(coefficient >= 1))
            {
                Foreach.Mul_(grads, coefficient);
            }
        }
        return norm;
    }
}

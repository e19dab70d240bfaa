using System.Globalization;
using Forno.Imaging;

namespace Forno.Prepare;

/// <summary>Why a mask should not be trained with.</summary>
/// <param name="Kind">One word: black, white, grey, islands, holes, centre, frame, ragged.</param>
/// <param name="Text">The same in a sentence with its figures.</param>
public sealed record MaskFlaw(string Kind, string Text);

/// <summary>From where on a mask is bad; shares are of 1.</summary>
public sealed record MaskRules
{
    /// <summary>Less white: nothing would be trained.</summary>
    public double LeastWhite { get; init; } = 0.01;

    /// <summary>More white: the mask says nothing.</summary>
    public double MostWhite { get; init; } = 0.97;

    /// <summary>More grey among what is not black: the network did not know.</summary>
    public double MostGrey { get; init; } = 0.3;

    /// <summary>More grey in a mask of several parts: it did not know which of them belong together.</summary>
    public double MostGreyInPieces { get; init; } = 0.04;

    /// <summary>More white parts: they are crumbs of something.</summary>
    public int MostIslands { get; init; } = 8;

    /// <summary>The two largest of three or more parts have at least this share of the white.</summary>
    public double LeastLargest { get; init; } = 0.5;

    /// <summary>More holes: the subject is eaten.</summary>
    public int MostHoles { get; init; } = 12;

    /// <summary>More holes in a mask of several parts whose outline is frayed as well (<see cref="FrayedOutline"/>).</summary>
    public int MostHolesFrayed { get; init; } = 2;

    /// <summary>From this length on, in times that of a disc of the same area, an outline is frayed.</summary>
    public double FrayedOutline { get; init; } = 3.2;

    /// <summary>Less white in the middle: it shows something at the edge.</summary>
    public double LeastCentre { get; init; } = 0.03;

    /// <summary>More of the edge white: it shows the ground and not the subject.</summary>
    public double MostFrame { get; init; } = 0.75;

    /// <summary>A longer outline, in times that of a disc of the same area: it is torn.</summary>
    public double MostOutline { get; init; } = 8;
}

/// <summary>Tells good masks from bad ones by their shape. Pure.</summary>
public static class MaskJudge
{
    /// <summary>What is wrong with a mask; empty if nothing is.</summary>
    /// <param name="mask">The mask.</param>
    /// <param name="view">What the picture shows; null: only the shape is judged.</param>
    /// <param name="rules">From where on it is bad; null = the usual.</param>
    public static IReadOnlyList<MaskFlaw> Judge(MaskPlane mask, PictureView? view = null, MaskRules? rules = null) => Judge(MaskShape.Of(mask), rules);

    /// <inheritdoc cref="Judge(MaskPlane, PictureView?, MaskRules?)"/>
    /// <param name="shape">The mask's measures.</param>
    /// <param name="rules">From where on it is bad; null = the usual.</param>
    public static IReadOnlyList<MaskFlaw> Judge(MaskShape shape, MaskRules? rules = null)
    {
        MaskRules r = rules ?? new MaskRules();
        // An empty or full mask has no shape to speak of; grey comes first, since all that follows is a guess then.
        return shape.Grey > r.MostGrey ? [Flaw("grey", $"{shape.Grey:0 %} of what is not black is grey: the subject was not recognised")]
            : shape.White < r.LeastWhite ? [Flaw("black", $"all black ({shape.White:0.0 %} white): nothing of the picture would be trained")]
            : shape.White > r.MostWhite ? [Flaw("white", $"all white ({shape.White:0.0 %}): the mask leaves nothing out")]
            : [.. Shape(shape, r)];
    }

    private static IEnumerable<MaskFlaw> Shape(MaskShape shape, MaskRules r)
    {
        if (shape.Islands > r.MostIslands || (shape.Islands > 2 && shape.Largest < r.LeastLargest))
        {
            yield return Flaw("islands", $"{shape.Islands} islands, the two largest with {shape.Largest:0 %} of the white: crumbs instead of one subject");
        }

        if (shape.Islands > 1 && shape.Grey > r.MostGreyInPieces)
        {
            yield return Flaw("grey", $"{shape.Islands} islands, {shape.Grey:0 %} of what is not black is grey: it is not clear what belongs to the subject");
        }

        // A wheel has holes and a long outline, too, but it is in one piece.
        if (shape.Holes > (shape.Islands > 1 && shape.Outline > r.FrayedOutline ? r.MostHolesFrayed : r.MostHoles))
        {
            yield return Flaw("holes", $"{shape.Holes} holes, an outline of {shape.Outline:0.0} times that of a disc: the subject is eaten");
        }

        if (shape.Centre < r.LeastCentre)
        {
            yield return Flaw("centre", $"{shape.Centre:0.0 %} of the picture's middle is white: it shows something at the edge");
        }

        if (shape.Frame > r.MostFrame)
        {
            yield return Flaw("frame", $"{shape.Frame:0 %} of the picture's edge is white: it shows the ground, not the subject");
        }

        if (shape.Outline > r.MostOutline)
        {
            yield return Flaw("ragged", $"its outline is {shape.Outline:0.0} times that of a disc: torn");
        }
    }

    private static MaskFlaw Flaw(string kind, FormattableString text) => new(kind, text.ToString(CultureInfo.InvariantCulture));
}

namespace Forno.Datasets.Masks;

/// <summary>From where on a mask is bad by its shape alone; shares are of 1.</summary>
public sealed record MaskShapeRules
{
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

    /// <summary>
    /// More holes in a mask of several parts whose outline is frayed as well (<see cref="FrayedOutline"/>).
    /// </summary>
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

/// <summary>Judges masks whose picture tells nothing, such as those that are made of its transparency. Pure.</summary>
internal static class MaskShapeJudge
{
    /// <summary>What is wrong with a mask; empty if nothing is.</summary>
    /// <param name="shape">Its measures.</param>
    /// <param name="rules">From where on it is bad.</param>
    public static IReadOnlyList<MaskFlaw> Judge(MaskShape shape, MaskRules rules)
    {
        MaskShapeRules r = rules.Shape;
        // Grey comes first, since all that follows is a guess then.
        return shape.Grey > r.MostGrey
                ?
                [
                    MaskJudge.Flaw(
                        "grey",
                        $"{shape.Grey:0 %} of what is not black is grey: the subject was not recognised"
                    ),
                ]
            : shape.White < rules.LeastWhite || shape.White > rules.MostWhite ? [Extreme(shape, rules)]
            : [.. Shape(shape, r)];
    }

    /// <summary>The flaw of a mask that is all black or all white.</summary>
    public static MaskFlaw Extreme(MaskShape shape, MaskRules rules) =>
        shape.White < rules.LeastWhite
            ? MaskJudge.Flaw("black", $"all black ({shape.White:0.0 %} white): nothing of the picture would be trained")
            : MaskJudge.Flaw("white", $"all white ({shape.White:0.0 %}): the mask leaves nothing out");

    private static IEnumerable<MaskFlaw> Shape(MaskShape shape, MaskShapeRules r)
    {
        if (shape.Islands > r.MostIslands || (shape.Islands > 2 && shape.Largest < r.LeastLargest))
        {
            yield return MaskJudge.Flaw(
                "islands",
                $"{shape.Islands} islands, the two largest with {shape.Largest:0 %} of the white: crumbs "
                    + $"instead of one subject"
            );
        }

        if (shape.Islands > 1 && shape.Grey > r.MostGreyInPieces)
        {
            yield return MaskJudge.Flaw(
                "grey",
                $"{shape.Islands} islands, {shape.Grey:0 %} of what is not black is grey: it is not clear "
                    + $"what belongs to the subject"
            );
        }

        // A wheel has holes and a long outline, too, but it is in one piece.
        if (shape.Holes > (shape.Islands > 1 && shape.Outline > r.FrayedOutline ? r.MostHolesFrayed : r.MostHoles))
        {
            yield return MaskJudge.Flaw(
                "holes",
                $"{shape.Holes} holes, an outline of {shape.Outline:0.0} times that of a disc: parts of the "
                    + $"subject are missing"
            );
        }

        if (shape.Centre < r.LeastCentre)
        {
            yield return MaskJudge.Flaw(
                "centre",
                $"{shape.Centre:0.0 %} of the picture's middle is white: it shows something at the edge"
            );
        }

        if (shape.Frame > r.MostFrame)
        {
            yield return MaskJudge.Flaw(
                "frame",
                $"{shape.Frame:0 %} of the picture's edge is white: it shows the ground, not the subject"
            );
        }

        if (shape.Outline > r.MostOutline)
        {
            yield return MaskJudge.Flaw("ragged", $"its outline is {shape.Outline:0.0} times that of a disc: torn");
        }
    }
}

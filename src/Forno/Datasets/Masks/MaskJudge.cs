using System.Globalization;
using Forno.Imaging.Masks;

namespace Forno.Datasets.Masks;

/// <summary>Why a mask should not be trained with.</summary>
/// <param name="Kind">One word: black, white, grey, islands, holes, centre, frame, ragged, cut, part, strange,
/// alike.</param>
/// <param name="Text">The same in a sentence with its figures.</param>
public sealed record MaskFlaw(string Kind, string Text);

/// <summary>A measure from where on it speaks against a mask, and where it does so with a whole point.</summary>
/// <param name="From">No point up to here.</param>
/// <param name="To">One point. Below <paramref name="From"/> for measures that are to be large.</param>
/// <param name="Most">The most points that it gives: the surer a measure alone is, the more.</param>
public readonly record struct Ramp(double From, double To, double Most = 1.5)
{
    /// <summary>The points of a value.</summary>
    public double Of(double value) => Math.Clamp((value - From) / (To - From), 0, Most);
}

/// <summary>
/// From where on a mask is bad; shares are of 1. The ramps were set by 121 masks of ISNet and by 200 drawn ones.
/// </summary>
public sealed record MaskRules
{
    /// <summary>Less white: nothing would be trained.</summary>
    public double LeastWhite { get; init; } = 0.01;

    /// <summary>More white: the mask says nothing.</summary>
    public double MostWhite { get; init; } = 0.97;

    /// <summary>A mask with as many points is bad.</summary>
    public double Bad { get; init; } = 0.65;

    /// <summary>For <see cref="MaskFit.Doubt"/>.</summary>
    public Ramp Doubt { get; init; } = new(0.03, 0.12);

    /// <summary>For <see cref="MaskFit.Cut"/>.</summary>
    public Ramp Cut { get; init; } = new(0.15, 0.65, 1);

    /// <summary>For <see cref="MaskFit.Enclosed"/>; the lesser of this and <see cref="Objects"/> counts.</summary>
    public Ramp Enclosed { get; init; } = new(0.65, 0.85, 2);

    /// <summary>For <see cref="MaskFit.Objects"/>.</summary>
    public Ramp Objects { get; init; } = new(0.4, 0.93, 2);

    /// <summary>For <see cref="MaskFit.Strange"/>.</summary>
    public Ramp Strange { get; init; } = new(0.15, 0.8);

    /// <summary>For <see cref="MaskFit.Alike"/>.</summary>
    public Ramp Alike { get; init; } = new(0.3, 1.2);

    /// <summary>For <see cref="MaskShape.Outline"/>.</summary>
    public Ramp Outline { get; init; } = new(2.2, 5);

    /// <summary>For <see cref="MaskShape.Islands"/>.</summary>
    public Ramp Islands { get; init; } = new(2, 19, 0.6);

    /// <summary>For <see cref="MaskShape.Holes"/>.</summary>
    public Ramp Holes { get; init; } = new(8, 20);

    /// <summary>For <see cref="MaskShape.Frame"/>.</summary>
    public Ramp Frame { get; init; } = new(0.3, 0.8);

    /// <summary>For <see cref="MaskShape.Centre"/>.</summary>
    public Ramp Centre { get; init; } = new(0.03, -0.045);

    /// <summary>The rules for masks whose picture is not known.</summary>
    public MaskShapeRules Shape { get; init; } = new();
}

/// <summary>
/// Tells good masks from bad ones. With the picture at hand, what speaks against a mask gets points, which are added
/// up: alone, few
/// measures are sure, but good masks seldom have several of them. Without, the shape alone is judged. Pure.
/// </summary>
public static class MaskJudge
{
    // Reasons with fewer points are not told, unless they are the strongest.
    private const double Told = 0.2;

    /// <summary>What is wrong with a mask, the worst first; empty if nothing is.</summary>
    /// <param name="mask">The mask, as it was found: its greys tell how sure a network was.</param>
    /// <param name="view">What the picture shows; null: the shape alone is judged.</param>
    /// <param name="rules">From where on it is bad; null = the usual.</param>
    public static IReadOnlyList<MaskFlaw> Judge(MaskPlane mask, PictureView? view = null, MaskRules? rules = null)
    {
        MaskRules r = rules ?? new MaskRules();
        var shape = MaskShape.Of(mask);
        // An empty or full mask has no shape to speak of.
        return view is null ? MaskShapeJudge.Judge(shape, r)
            : shape.White < r.LeastWhite || shape.White > r.MostWhite ? [MaskShapeJudge.Extreme(shape, r)]
            : Points(shape, MaskFit.Of(mask, view), r);
    }

    private static IReadOnlyList<MaskFlaw> Points(MaskShape shape, MaskFit fit, MaskRules r)
    {
        (double Points, MaskFlaw Flaw)[] all =
        [
            (
                r.Doubt.Of(fit.Doubt),
                Flaw(
                    "grey",
                    $"grey beyond its edge, worth {fit.Doubt:0 %} of the white: the network was not sure "
                        + $"what belongs to the subject"
                )
            ),
            (
                r.Cut.Of(fit.Cut),
                Flaw(
                    "cut",
                    $"its outline runs through even parts of the picture and leaves {fit.Cut:0 %} (of white "
                        + $"or black, whichever is less) on their smaller side: something is cut off, or ground is "
                        + $"included"
                )
            ),
            (
                Math.Min(r.Enclosed.Of(fit.Enclosed), r.Objects.Of(fit.Objects)),
                Flaw(
                    "part",
                    $"along {fit.Enclosed:0 %} of its outline it ends at something that is not ground either, "
                        + $"since it does not reach the picture's edge: a part of the subject is left out"
                )
            ),
            (
                r.Strange.Of(fit.Strange),
                Flaw(
                    "strange",
                    $"beside it is a part, as large as {fit.Strange:0 %} of the white, in colours that the "
                        + $"picture's edge does not have: left out of the subject?"
                )
            ),
            (
                r.Alike.Of(fit.Alike),
                Flaw(
                    "alike",
                    $"as much as {fit.Alike:0 %} of the white lies outside and has the subject's colours: left out?"
                )
            ),
            (
                r.Outline.Of(shape.Outline),
                Flaw("ragged", $"its outline is {shape.Outline:0.0} times that of a disc: frayed")
            ),
            (r.Islands.Of(shape.Islands), Flaw("islands", $"{shape.Islands} islands: crumbs instead of one subject")),
            (r.Holes.Of(shape.Holes), Flaw("holes", $"{shape.Holes} holes: parts of the subject are missing")),
            (
                r.Frame.Of(shape.Frame),
                Flaw("frame", $"{shape.Frame:0 %} of the picture's edge is white: it shows the ground, not the subject")
            ),
            (
                r.Centre.Of(shape.Centre),
                Flaw("centre", $"{shape.Centre:0.0 %} of the picture's middle is white: it shows something at the edge")
            ),
        ];
        double sum = all.Sum(f => f.Points),
            most = all.Max(f => f.Points);
        return sum < r.Bad
            ? []
            :
            [
                .. all.Where(f => f.Points >= Told || f.Points == most)
                    .OrderByDescending(f => f.Points)
                    .Select(f => f.Flaw),
            ];
    }

    internal static MaskFlaw Flaw(string kind, InvariantText text) => new(kind, text.ToString());
}

using System.Globalization;
using Forno.Datasets.Cleaning;
using Forno.Findings;
using Forno.Imaging;

namespace Forno.Reports.Sheets;

/// <summary>The page of <c>forno dataset clean --review</c>.</summary>
internal static class CleanSheet
{
    private const int Side = 360;

    private static readonly Remedy Mark = Fix.Run("dataset clean").OnDataSet().Changing().With("mark"),
        Fill = Fix.Run("dataset clean").OnDataSet().Changing().Asking("fill", "FILE.onnx"),
        Blur = Fix.Run("dataset clean").OnDataSet().Changing().With("blur").Noting("on even ground");

    private static readonly (BlemishKind Kind, string Effect, IReadOnlyList<Remedy> Remedies)[] Facts =
    [
        (
            BlemishKind.Text,
            "Letters are learnt as shapes: the LoRA draws gibberish where it finds room.",
            [Mark, Fill, Blur]
        ),
        (BlemishKind.Bubble, "White balloons over the figure are learnt as part of the picture.", [Mark, Fill]),
        (BlemishKind.Watermark, "The same mark in many pictures is what a LoRA learns first.", [Mark, Fill]),
    ];

    /// <summary>Every picture with what was found in it, most first; the rest is only counted.</summary>
    public static SheetPage Make(string name, CleanSurvey survey, RemedyPlaces places)
    {
        CleanPicture[] found = [.. survey.Pictures.Where(p => p.Found.Count > 0).OrderByDescending(p => p.Share)];
        return new SheetPage
        {
            Title = $"{name}: clean",
            Lead = Invariant.Text(
                $"Something found in {found.Length} of {survey.Pictures.Count} pictures. Bright: what would "
                    + $"be marked, filled or blurred. Blue: text, green: bubbles, red: watermarks."
            ),
            Places = places,
            Facts =
            [
                .. Facts
                    .Where(f => found.Any(p => p.Found.Any(b => b.Kind == f.Kind)))
                    .Select(f => new SheetFact(
                        new SheetBadge(
                            Name(f.Kind),
                            "note",
                            Invariant.Text($"in {found.Count(p => p.Found.Any(b => b.Kind == f.Kind))} pictures")
                        ),
                        f.Effect,
                        f.Remedies
                    )),
                .. survey.Problems.Select(p => new SheetFact(
                    new SheetBadge("unreadable", "bad", p.ToString()),
                    "It was not checked.",
                    Fix.ByHand("repair or remove it")
                )),
            ],
            Sections = [new SheetSection("", "", [.. found.Select(Card)])],
        };
    }

    private static SheetCard Card(CleanPicture picture) =>
        new()
        {
            Name = picture.Item.Path,
            Lines = [picture.Size.ToString(), CleanPlans.Told(picture)],
            Badges =
            [
                .. picture
                    .Found.GroupBy(f => f.Kind)
                    .Select(g => new SheetBadge(
                        Name(g.Key),
                        "note",
                        Invariant.Text($"{g.Count()}, scores {g.Min(f => f.Score):0.00} to {g.Max(f => f.Score):0.00}")
                    )),
            ],
            Picture = () =>
            {
                var shown = SheetPicture.Of(picture.Item.File, Side);
                using Picture decoded = PictureFile.Inspect(picture.Item.File).Decode();
                using var map = Picture.FromPixels(
                    BlemishFinder.Map(picture.Find(decoded), decoded.Width, decoded.Height),
                    decoded.Width,
                    decoded.Height,
                    1
                );
                using Picture small = map.Resize(shown.Width, shown.Height, Kernel.Linear);
                using Picture over = small.ToSrgb8();
                return shown with
                {
                    Overlay = over.EncodeWebp(80),
                    Areas =
                    [
                        .. picture.Found.Select(f => new SheetArea(
                            (double)f.Box.Left / picture.Size.Width,
                            (double)f.Box.Top / picture.Size.Height,
                            (double)f.Box.Width / picture.Size.Width,
                            (double)f.Box.Height / picture.Size.Height,
                            Name(f.Kind)
                        )),
                    ],
                };
            },
        };

    private static string Name(BlemishKind kind) => kind.ToString().ToLowerInvariant();
}

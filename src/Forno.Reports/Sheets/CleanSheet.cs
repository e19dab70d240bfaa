using System.Globalization;
using Forno.Datasets.Cleaning;
using Forno.Imaging;

namespace Forno.Reports.Sheets;

/// <summary>The page of <c>forno dataset clean --review</c>.</summary>
internal static class CleanSheet
{
    private const int Side = 360;

    private static readonly (BlemishKind Kind, string Effect, string Mend)[] Facts =
    [
        (
            BlemishKind.Text,
            "Letters are learnt as shapes: the LoRA draws gibberish where it finds room.",
            "--mark, or --fill with a model; --blur on even ground"
        ),
        (
            BlemishKind.Bubble,
            "White balloons over the figure are learnt as part of the picture.",
            "--mark, or --fill with a model"
        ),
        (
            BlemishKind.Watermark,
            "The same mark in many pictures is what a LoRA learns first.",
            "--mark, or --fill with a model"
        ),
    ];

    /// <summary>Every picture with what was found in it, most first; the rest is only counted.</summary>
    public static SheetPage Make(string name, CleanSurvey survey)
    {
        CleanPicture[] found = [.. survey.Pictures.Where(p => p.Found.Count > 0).OrderByDescending(p => p.Share)];
        return new SheetPage
        {
            Title = $"{name}: clean",
            Lead = Invariant.Text(
                $"Something found in {found.Length} of {survey.Pictures.Count} pictures. Bright: what would "
                    + $"be marked, filled or blurred. Blue: text, green: bubbles, red: watermarks."
            ),
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
                        f.Mend
                    )),
                .. survey.Problems.Select(p => new SheetFact(
                    new SheetBadge("unreadable", "bad", p.ToString()),
                    "It is not looked at.",
                    "mend or remove it"
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

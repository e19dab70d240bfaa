using System.Globalization;
using Forno.Datasets.Crops;
using Forno.Imaging;

namespace Forno.Reports.Sheets;

/// <summary>The contact sheet of <c>forno dataset crop</c>.</summary>
internal static class CropSheet
{
    private const int Side = 320;

    /// <summary>Every picture with the boxes of its subject and its shots; those that get none at the end.</summary>
    public static SheetPage Make(string name, IReadOnlyList<PictureCrops> pictures, CropSettings settings)
    {
        PictureCrops[] cut = [.. pictures.Where(p => p.Why.Length == 0)],
            whole = [.. pictures.Where(p => p.Why.Length > 0)];
        return new SheetPage
        {
            Title = $"{name}: crop",
            Lead = Invariant.Text(
                $"{cut.Sum(p => p.Shots.Count(s => s.Box is not null))} crops of {cut.Length} pictures at "
                    + $"resolution {settings.Rules.Resolution}. Dashed: the subject as its mask, alpha or box "
                    + $"shows it. Outlined: the crops, the closer the thicker."
            ),
            Sections =
            [
                new SheetSection("", "", [.. cut.Select(Card)]),
                .. whole.Length > 0
                    ? [new SheetSection("No crop", "They stay as they are.", [.. whole.Select(Card)])]
                    : (SheetSection[])[],
            ],
        };
    }

    private static SheetCard Card(PictureCrops picture) =>
        new()
        {
            Name = picture.Item.Path,
            Lines =
            [
                $"{picture.Size}{(picture.Subject is { } subject ? $", subject by {subject.Source}" : "")}",
                .. picture.Shots.Select(s =>
                    s.Box is { } box
                        ? $"{s.Shot.Name}: {box.Width}x{box.Height}{(s.Tagged ? "" : ", caption as it is")}"
                        : $"no {s.Shot.Name}: {s.Why}"
                ),
                .. picture.Shots.Count == 0 ? [picture.Why] : (string[])[],
            ],
            Badges =
            [
                .. picture
                    .Shots.Where(s => s.Box is not null)
                    .Select(s => new SheetBadge(s.Shot.Name, "note", s.Tagged ? s.Shot.Tag : "caption as it is")),
            ],
            Picture = () => SheetPicture.Of(picture.Item.File, Side) with { Areas = [.. Areas(picture)] },
        };

    private static IEnumerable<SheetArea> Areas(PictureCrops picture)
    {
        if (picture.Subject is { } subject)
        {
            yield return Area(picture, subject.Box, "subject");
        }

        foreach (ShotBox shot in picture.Shots)
        {
            if (shot.Box is { } box)
            {
                yield return Area(picture, box, $"shot {shot.Shot.Name}");
            }
        }
    }

    private static SheetArea Area(PictureCrops picture, Box box, string kind) =>
        new(
            (double)box.Left / picture.Size.Width,
            (double)box.Top / picture.Size.Height,
            (double)box.Width / picture.Size.Width,
            (double)box.Height / picture.Size.Height,
            kind
        );
}

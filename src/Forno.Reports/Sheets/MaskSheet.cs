using System.Globalization;
using Forno.Datasets.Masks;
using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Reports.Sheets;

/// <summary>
/// The contact sheet of <c>forno dataset mask</c>: what is not trained is veiled, until the card is pointed at.
/// </summary>
internal static class MaskSheet
{
    // A veil of dark violet: no colour of skin, hair or sky.
    private static readonly Rgb Veil = new(46, 16, 70);
    private const int Density = 205;

    /// <summary>All masks, bad ones first.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="masks">The masks.</param>
    public static SheetPage Make(string name, IReadOnlyList<JudgedMask> masks)
    {
        JudgedMask[] bad = [.. masks.Where(m => !m.IsGood)],
            good = [.. masks.Where(m => m.IsGood)];
        return new SheetPage
        {
            Title = $"{name}: masks",
            Lead = Invariant.Text(
                $"{good.Length} good masks, {bad.Length} bad. Shaded: what training ignores. Point at a "
                    + $"picture to see it unshaded."
            ),
            Sections =
            [
                .. bad.Length > 0
                    ? (SheetSection[])
                        [
                            new SheetSection(
                                "Bad masks",
                                "Their pictures are trained without a mask.",
                                [.. bad.Select(Card)]
                            ),
                        ]
                    : [],
                new SheetSection("Good masks", "", [.. good.Select(Card)]),
            ],
        };
    }

    private static SheetCard Card(JudgedMask mask) =>
        new()
        {
            Name = mask.Item.Path,
            Lines = [Invariant.Text($"{mask.Shape.White:0 %} white")],
            Badges = [.. mask.Flaws.Select(f => new SheetBadge(f.Kind, "bad", f.Text))],
            Picture = () =>
                SheetPicture.Of(mask.Item.File) is var picture
                    ? picture with
                    {
                        Overlay = Overlay(mask.Make(), picture.Width, picture.Height),
                        OverlayKind = "veil",
                    }
                    : null,
        };

    private static byte[] Overlay(MaskPlane mask, int width, int height)
    {
        byte[] grey = mask.Resize(width, height).Samples,
            veil = new byte[width * height * 4];
        for (int i = 0; i < width * height; i++)
        {
            (veil[4 * i], veil[(4 * i) + 1], veil[(4 * i) + 2]) = (Veil.R, Veil.G, Veil.B);
            veil[(4 * i) + 3] = (byte)((255 - grey[i]) * Density / 255);
        }

        using var picture = Picture.FromPixels(veil, width, height, 4, "veil");
        return picture.EncodeWebp(75);
    }
}

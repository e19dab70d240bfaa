using Forno.Generation.Requests;
using Forno.Imaging;

namespace Forno.Generation.Grids;

/// <summary>A table of pictures with labels.</summary>
/// <param name="Title">Stands above it; empty: nothing.</param>
/// <param name="Columns">Labels above the columns.</param>
/// <param name="Rows">Labels left of the rows.</param>
/// <param name="Cells">Row by row, as many as there are labels.</param>
public sealed record GridSection(
    string Title,
    IReadOnlyList<string> Columns,
    IReadOnlyList<string> Rows,
    IReadOnlyList<IReadOnlyList<GeneratedPicture>> Cells
);

/// <summary>Lays labelled tables of pictures out on one sheet.</summary>
public static class PictureGrid
{
    private const int Gap = 6;
    private const int Margin = 18;
    private static readonly Rgb Paper = Rgb.White,
        Ink = new(34, 34, 38),
        Soft = new(110, 110, 118);

    /// <summary>Draws a sheet.</summary>
    /// <param name="title">Above everything; empty: nothing.</param>
    /// <param name="sections">At least one, with at least one picture each.</param>
    /// <param name="footer">Small print below everything; empty: nothing.</param>
    /// <returns>An RGB picture just as large as needed.</returns>
    public static Picture Draw(string title, IReadOnlyList<GridSection> sections, string footer = "")
    {
        int cellWidth = Cells(sections).Max(p => p.Width),
            cellHeight = Cells(sections).Max(p => p.Height);
        int font = Math.Clamp(cellWidth / 12, 13, 28);
        int labelWidth = Math.Clamp(cellWidth, 110, 300),
            columns = sections.Max(s => s.Columns.Count);
        int bodyWidth = labelWidth + Gap + (columns * (cellWidth + Gap));

        // First everything is placed, then the sheet is made and filled.
        var inks = new List<(Picture Ink, int Left, int Top)>();
        var pictures = new List<(GeneratedPicture Picture, int Left, int Top)>();
        try
        {
            int y = Margin;
            int Put(string text, int left, int top, int pixels, Rgb colour, int width, bool centred = false)
            {
                if (text.Trim().Length == 0)
                {
                    return 0;
                }
                var ink = Picture.Text(text, pixels, colour, maxWidth: width);
                inks.Add((ink, centred ? left + Math.Max(0, (width - ink.Width) / 2) : left, top));
                return ink.Height;
            }

            if (Put(title, Margin, y, font + 6, Ink, bodyWidth) is var high and > 0)
            {
                y += high + (2 * Gap);
            }

            foreach (GridSection section in sections)
            {
                if (Put(section.Title, Margin, y, font + 2, Ink, bodyWidth) is var head and > 0)
                {
                    y += head + Gap;
                }

                int top = y,
                    deepest = 0,
                    left = Margin + labelWidth + Gap;
                for (int c = 0; c < section.Columns.Count; c++)
                {
                    deepest = Math.Max(
                        deepest,
                        Put(
                            section.Columns[c],
                            left + (c * (cellWidth + Gap)),
                            top,
                            font,
                            Soft,
                            cellWidth,
                            centred: true
                        )
                    );
                }

                y += deepest + Gap;
                for (int r = 0; r < section.Rows.Count; r++)
                {
                    int label = Put(section.Rows[r], Margin, y + Gap, font, Soft, labelWidth);
                    for (int c = 0; c < section.Cells[r].Count; c++)
                    {
                        pictures.Add((section.Cells[r][c], left + (c * (cellWidth + Gap)), y));
                    }
                    y += Math.Max(cellHeight, label + Gap) + Gap;
                }
                y += 2 * Gap;
            }

            if (Put(footer, Margin, y, Math.Max(11, font - 3), Soft, bodyWidth) is var foot and > 0)
            {
                y += foot + Gap;
            }

            int right = inks.Select(i => i.Left + i.Ink.Width).Append(Margin + bodyWidth).Max();
            var canvas = new Canvas(right + Margin - Gap, y + Margin - Gap, Paper);
            foreach ((Picture ink, int left, int top) in inks)
            {
                canvas.Draw(ink, left, top);
            }
            foreach ((GeneratedPicture picture, int left, int top) in pictures)
            {
                canvas.Draw(picture.Pixels, picture.Width, picture.Height, 3, left, top);
            }
            return canvas.ToPicture();
        }
        finally
        {
            inks.ForEach(i => i.Ink.Dispose());
        }
    }

    private static IEnumerable<GeneratedPicture> Cells(IReadOnlyList<GridSection> sections) =>
        sections.SelectMany(s => s.Cells).SelectMany(r => r);
}

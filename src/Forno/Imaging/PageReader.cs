using System.Globalization;
using Forno.Imaging.Vips;

namespace Forno.Imaging;

/// <summary>
/// The pages of a TIFF that are pictures of their own. Cameras and scanners add smaller versions of a picture as
/// further pages: those are passed over.
/// </summary>
public static class PageReader
{
    /// <summary>The places of these pages, in order; the first page is always one.</summary>
    /// <param name="path">A TIFF file.</param>
    /// <param name="maxPixels">Pages that claim more pixels are refused.</param>
    /// <exception cref="FornoException">A page's header cannot be read, or claims too much.</exception>
    public static IReadOnlyList<int> Pages(string path, long maxPixels)
    {
        using Picture first = Open(path, 0).Within(maxPixels);
        var pages = new List<int> { 0 };
        for (int page = 1; page < first.Frames; page++)
        {
            using Picture other = Open(path, page);
            if ((long)other.Width * other.Height > maxPixels)
            {
                throw new FornoException(
                    Invariant.Text(
                        $"{path}: page {page + 1} claims {other.Width}×{other.Height} pixels; at most "
                            + $"{maxPixels / 1e6:0} megapixels are read"
                    )
                );
            }

            // Less than two thirds across or down: a preview.
            if (other.Width * 3L >= first.Width * 2L && other.Height * 3L >= first.Height * 2L)
            {
                pages.Add(page);
            }
        }

        return pages;
    }

    /// <summary>Reads these pages, upright, 8-bit sRGB; the caller disposes each.</summary>
    /// <param name="path">A TIFF file.</param>
    /// <param name="maxPixels">Pages that claim more pixels are refused.</param>
    /// <exception cref="FornoException">While reading: the file is damaged.</exception>
    public static IEnumerable<Picture> Read(string path, long maxPixels)
    {
        foreach (int page in Pages(path, maxPixels))
        {
            using Picture stored = Open(path, page);
            using Picture srgb = stored.ToSrgb8();
            yield return srgb.InMemory();
        }
    }

    private static Picture Open(string path, int page)
    {
        using var load = new VipsOperation("tiffload", path);
        return load.Set("filename", path).Set("page", page).Set("fail-on", "error").Picture();
    }
}

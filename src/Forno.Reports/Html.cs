using System.Globalization;
using System.Net;
using System.Text;
using Forno.Imaging;

namespace Forno.Reports;

/// <summary>The bits of HTML that reports are made of.</summary>
internal static class Html
{
    /// <summary>Plain text as HTML.</summary>
    public static string Text(string text) => WebUtility.HtmlEncode(text);

    /// <summary>Plain text within a double-quoted attribute.</summary>
    public static string Attribute(string text) =>
        WebUtility.HtmlEncode(text).Replace("'", "&#39;", StringComparison.Ordinal);

    /// <summary>A picture as an <c>img</c> that carries its own data.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="alt">What it shows.</param>
    public static string Image(Picture picture, string alt) =>
        Invariant.Text(
            $"<img alt=\"{Attribute(alt)}\" width=\"{picture.Width}\" height=\"{picture.Height}\" "
                + $"loading=\"lazy\" src=\"data:image/webp;base64,{Convert.ToBase64String(picture.EncodeWebp(90))}"
                + $"\">"
        );

    /// <summary>A picture file in the same way.</summary>
    public static string ImageFile(string path, string alt)
    {
        using var picture = Picture.Load(path);
        return Image(picture, alt);
    }

    /// <summary>8-bit RGB in the same way.</summary>
    public static string ImageRgb(byte[] rgb, int width, int height, string alt)
    {
        using var picture = Picture.FromRgb(rgb, width, height);
        return Image(picture, alt);
    }

    /// <summary>A whole page that needs no other file.</summary>
    /// <param name="title">In the window's head.</param>
    /// <param name="main">The body's HTML.</param>
    public static string Page(string title, string main) => Head(title) + main + End;

    /// <summary>What ends a page that <see cref="Head"/> began.</summary>
    public const string End = "</main>\n</body>\n</html>\n";

    /// <summary>A page up to the beginning of its main part.</summary>
    /// <param name="title">In the window's head.</param>
    /// <param name="moreStyle">CSS after the common one.</param>
    public static string Head(string title, string moreStyle = "") =>
        new StringBuilder()
            .Append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
            .Append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
            .Append("<title>")
            .Append(Text(title))
            .Append("</title>\n<style>\n")
            .Append(Resource("report.css"))
            .Append(moreStyle)
            .Append("</style>\n</head>\n<body>\n<main>\n")
            .ToString();

    /// <summary>A text that is part of the program.</summary>
    /// <param name="name">Its logical name.</param>
    public static string Resource(string name)
    {
        using Stream stream = typeof(Html).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}

using System.Globalization;
using System.Text;
using Forno.Files;

namespace Forno.Reports.Sheets;

/// <summary>
/// Pictures with findings on one page that needs no other file and no network: thumbnails as data, marked parts, masks
/// laid over, filters by a few lines of script. It is written as it is made; thumbnails are not held.
/// </summary>
internal static class ContactSheet
{
    /// <summary>Writes a sheet; the file is complete or absent.</summary>
    /// <param name="path">Ends in <c>.html</c> or <c>.htm</c>; replaced if it exists.</param>
    /// <param name="page">The sheet.</param>
    /// <param name="progress">Counts cards.</param>
    /// <param name="cancel">Stops it; nothing is left behind.</param>
    /// <exception cref="FornoException">It is no name for a page, or cannot be written.</exception>
    public static void Save(string path, SheetPage page, IProgress<long>? progress, CancellationToken cancel)
    {
        RequireName(path);
        AtomicFile.Write(
            path,
            stream =>
            {
                using var writer = new StreamWriter(stream, new UTF8Encoding(false), 1 << 16, leaveOpen: true);
                Write(writer, page, progress, cancel);
            }
        );
    }

    /// <summary>
    /// Refuses names that do not say that the file is a page: a picture must not be overwritten by a slip.
    /// </summary>
    /// <exception cref="FornoException">It does not end in .html or .htm.</exception>
    public static void RequireName(string path)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is not (".html" or ".htm"))
        {
            throw FornoException.ForFile(path, "a contact sheet is a page", "Give it a name that ends in .html.");
        }
    }

    /// <summary>Writes the page. Its main part is well-formed XML too.</summary>
    public static void Write(TextWriter writer, SheetPage page, IProgress<long>? progress, CancellationToken cancel)
    {
        writer.Write(Html.Head(Clean(page.Title), Html.Resource("sheet.css")));
        writer.Write($"<h1>{Text(page.Title)}</h1>\n<p class=\"lead\">{Text(page.Lead)}</p>\n");
        Facts(writer, page.Facts, page.Places, "found");
        if (page.Legend.Count > 0)
        {
            writer.Write("<details><summary>What the findings of single pictures mean, and what to do</summary>\n");
            Facts(writer, page.Legend, page.Places, "in");
            writer.Write("</details>\n");
        }

        Filters(writer, page);
        long done = 0;
        foreach (SheetSection section in page.Sections)
        {
            writer.Write("<section class=\"group\">\n");
            writer.Write(section.Heading.Length > 0 ? $"<h2>{Text(section.Heading)}</h2>\n" : "");
            writer.Write(section.Note.Length > 0 ? $"<p class=\"note\">{Text(section.Note)}</p>\n" : "");
            writer.Write("<div class=\"cards\">\n");
            foreach (
                string card in section
                    .Cards.AsParallel()
                    .AsOrdered()
                    .WithCancellation(cancel)
                    .WithMergeOptions(ParallelMergeOptions.NotBuffered)
                    .Select(Card)
            )
            {
                writer.Write(card);
                progress?.Report(++done);
            }

            writer.Write("</div>\n</section>\n");
        }

        writer.Write($"<footer>Made by forno, {Text(Product.Version)}.</footer>\n");
        writer.Write(
            Html.End.Replace(
                "</main>",
                "</main>\n<script>\n" + Html.Resource("sheet.js") + "</script>",
                StringComparison.Ordinal
            )
        );
    }

    private static void Facts(TextWriter writer, IReadOnlyList<SheetFact> facts, RemedyPlaces places, string heading)
    {
        if (facts.Count == 0)
        {
            return;
        }

        writer.Write(
            $"<table>\n<tr><th></th><th>{heading}</th><th>what it does to a LoRA</th><th>what to do</th></tr>\n"
        );
        foreach (SheetFact fact in facts)
        {
            writer.Write(
                $"<tr><td>{Badge(fact.Badge)}</td><td>{Text(fact.Badge.Text)}</td><td>{Text(fact.Effect)}"
                    + $"</td><td>{RemedyText.Page(fact.Remedies, places)}</td></tr>\n"
            );
        }

        writer.Write("</table>\n");
    }

    private static void Filters(TextWriter writer, SheetPage page)
    {
        writer.Write("<div class=\"filters\"><input type=\"search\" id=\"search\" placeholder=\"part of a name\"/>\n");
        foreach (
            var kind in page
                .Sections.SelectMany(s => s.Cards)
                .SelectMany(c => c.Badges.Select(b => b.Kind).Distinct())
                .GroupBy(k => k)
                .OrderByDescending(g => g.Count())
        )
        {
            writer.Write(
                $"<label><input type=\"checkbox\" data-filter=\"{Attribute(kind.Key)}\"/> {Text(kind.Key)} "
                    + $"<span>{kind.Count().ToString(CultureInfo.InvariantCulture)}</span></label>\n"
            );
        }

        writer.Write("</div>\n");
    }

    private static string Card(SheetCard card)
    {
        var html = new StringBuilder();
        html.Append(
            $"<div class=\"card\" data-name=\"{Attribute(card.Name)}\" data-kinds=\""
                + $"{Attribute(string.Join(' ', card.Badges.Select(b => b.Kind).Distinct()))}\">\n"
        );
        try
        {
            if (card.Picture() is { } picture)
            {
                Frame(html, picture, card.Name);
            }
        }
        catch (FornoException e)
        {
            html.Append($"<div class=\"none\">{Text(e.Message)}</div>\n");
        }

        html.Append($"<b>{Text(card.Name)}</b>\n");
        foreach (string line in card.Lines)
        {
            html.Append($"<small>{Text(line)}</small>\n");
        }

        if (card.Badges.Count > 0)
        {
            html.Append("<div class=\"badges\">").AppendJoin("", card.Badges.Select(Badge)).Append("</div>\n");
        }

        return html.Append("</div>\n").ToString();
    }

    private static void Frame(StringBuilder html, SheetPicture picture, string name)
    {
        html.Append(
            CultureInfo.InvariantCulture,
            $"<div class=\"frame\" style=\"width:{picture.Width}px;aspect-ratio:{picture.Width}/{picture.Height}\">"
        );
        html.Append(
            $"<img alt=\"{Attribute(name)}\" loading=\"lazy\" src=\"data:image/webp;base64,"
                + $"{Convert.ToBase64String(picture.Webp)}\"/>"
        );
        if (picture.Overlay is { } overlay)
        {
            html.Append(
                $"<img class=\"{Attribute($"over {picture.OverlayKind}".Trim())}\" alt=\"\" loading=\"lazy\" "
                    + $"src=\"data:image/webp;base64,{Convert.ToBase64String(overlay)}\"/>"
            );
        }

        foreach (SheetArea area in picture.Areas)
        {
            html.Append(
                CultureInfo.InvariantCulture,
                $"<div class=\"area {Attribute(area.Kind)}\" style=\"left:{area.Left * 100:0.##}%;top:"
                    + $"{area.Top * 100:0.##}%;width:{area.Width * 100:0.##}%;height:{area.Height * 100:0.##}"
                    + $"%\"></div>"
            );
        }

        html.Append("</div>\n");
    }

    private static string Badge(SheetBadge badge) =>
        $"<span class=\"badge {Attribute(badge.Level)}\" title=\"{Attribute(badge.Text)}\">{Text(badge.Kind)}</span>";

    private static string Text(string text) => Html.Text(Clean(text));

    private static string Attribute(string text) => Html.Attribute(Clean(text));

    // Control characters, lone surrogates and the two that are no characters are shown as a box: a page may not hold
    // them.
    private static string Clean(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
        {
            clean.Append(
                Rune.IsControl(rune) && rune.Value != '\n' || (rune.Value & 0xFFFE) == 0xFFFE
                    ? "\uFFFD"
                    : rune.ToString()
            );
        }

        return clean.ToString();
    }
}

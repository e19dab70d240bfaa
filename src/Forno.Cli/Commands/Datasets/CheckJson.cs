using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Reports;

namespace Forno.Cli.Commands.Datasets;

/// <summary>What <c>forno dataset check --json</c> answers.</summary>
internal static class CheckJson
{
    /// <summary>A report as one JSON document.</summary>
    public static string Text(SetReport report, BucketRules rules, RemedyPlaces places) =>
        JsonSerializer.Serialize(
            new
            {
                Resolution = rules.Resolution.ToString(),
                Findings = report.Findings.Select(f => FindingJson.Row(f, places)),
                Buckets = report.Buckets.Select(b => new { Bucket = b.Bucket.ToString(), Pictures = b.Count }),
                Duplicates = report.Duplicates.Select(g => new
                {
                    Kept = report.Pictures[g.Kept].Picture.Item.Path,
                    Others = g.Others.Select(o => new
                    {
                        report.Pictures[o.Id].Picture.Item.Path,
                        Similarity = Math.Round(o.Similarity, 1),
                        o.Mirrored,
                        o.Exact,
                    }),
                }),
                Pictures = report.Pictures.Select(p => Row(p, places)),
                report.Problems,
            },
            JsonOutput.Options
        );

    private static object Row(CheckedPicture p, RemedyPlaces places) =>
        new
        {
            p.Picture.Item.Path,
            p.Picture.Size.Width,
            p.Picture.Size.Height,
            p.Picture.File.Format,
            Bucket = p.Fit?.Bucket.ToString(),
            Resized = p.Fit?.Resized.ToString(),
            Scale = p.Fit is { } f ? Math.Round(PictureCheck.Scale(f), 4) : (double?)null,
            Cropped = p.Fit is { } g ? Math.Round(PictureCheck.CroppedShare(g), 4) : (double?)null,
            Sharpness = Math.Round(p.Picture.Measures.Sharpness, 2),
            Contrast = Math.Round(p.Picture.Measures.Contrast, 2),
            Blockiness = Math.Round(p.Picture.Measures.Blockiness, 3),
            Monochrome = p.Picture.Measures.IsMonochrome,
            Transparent = Math.Round(p.Picture.Measures.TransparentShare, 4),
            Content = new[]
            {
                p.Picture.Measures.Content.Left,
                p.Picture.Measures.Content.Top,
                p.Picture.Measures.Content.Width,
                p.Picture.Measures.Content.Height,
            },
            Texts = p.Picture.Texts?.Texts.Count,
            TextCoverage = p.Picture.Texts is { } t ? Math.Round(t.Coverage, 5) : (double?)null,
            HasCaption = p.Picture.Caption is not null,
            Findings = p.Findings.Select(f => FindingJson.Row(f, places)),
        };
}

using System.Globalization;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Findings;
using Forno.Imaging;
using Forno.Vision.TextDetection;
using Forno.Workspace;

namespace Forno.Reports.Sheets;

/// <summary>The contact sheets of <c>forno dataset check</c> and <c>forno dataset buckets</c>.</summary>
internal static class CheckSheet
{
    /// <summary>All pictures with their findings, worst first.</summary>
    public static SheetPage Make(string name, SetReport report, BucketRules rules, RemedyPlaces places) =>
        new()
        {
            Title = $"{name}: check",
            Lead = Invariant.Text(
                $"{report.Pictures.Count} pictures, {report.Buckets.Count} "
                    + $"{Wording.Counted(report.Buckets.Count, "bucket")} at resolution "
                    + $"{rules.Resolution}. Tick findings to see the pictures that have one of them; point at a "
                    + $"finding to read it."
            ),
            Places = places,
            Facts =
            [
                .. report.Findings.OrderByDescending(f => f.Level).Select(Fact),
                .. report.Problems.Select(p => new SheetFact(
                    new SheetBadge("unreadable", "bad", p.ToString()),
                    "It is not trained.",
                    Fix.ByHand("repair or remove it")
                )),
            ],
            Legend = [.. Kinds(report)],
            Sections =
            [
                new SheetSection(
                    "",
                    "",
                    [
                        .. report
                            .Pictures.OrderByDescending(p => p.Findings.Sum(f => (int)f.Level))
                            .Select(p => new SheetCard
                            {
                                Name = p.Picture.Item.Path,
                                Lines =
                                [
                                    p.Fit is { } fit ? $"{p.Picture.Size} → {fit.Bucket}" : p.Picture.Size.ToString(),
                                ],
                                Badges = [.. p.Findings.OrderByDescending(f => f.Level).Select(Badge)],
                                Picture = () =>
                                    SheetPicture.Of(p.Picture.Item.File) with
                                    {
                                        Areas = [.. Borders(p), .. Texts(p)],
                                    },
                            }),
                    ]
                ),
            ],
        };

    /// <summary>All pictures as the trainer sees them, by bucket, with what is cut off.</summary>
    /// <param name="name">The set's name.</param>
    /// <param name="rules">How the trainer sorts.</param>
    /// <param name="placed">Pictures with their buckets.</param>
    public static SheetPage Buckets(
        string name,
        BucketRules rules,
        IReadOnlyList<(PictureItem Item, BucketFit Fit)> placed
    )
    {
        var buckets = placed.GroupBy(p => p.Fit.Bucket).OrderByDescending(g => g.Count()).ThenBy(g => g.Key).ToArray();
        return new SheetPage
        {
            Title = $"{name}: buckets",
            Lead = Invariant.Text(
                $"{placed.Count} pictures in {buckets.Length} buckets at resolution {rules.Resolution}. The "
                    + $"largest first; hatched: what the trainer cuts off."
            ),
            Sections =
            [
                .. buckets.Select(bucket => new SheetSection(
                    Invariant.Text($"{bucket.Key} · {bucket.Count()} {(bucket.Count() == 1 ? "picture" : "pictures")}"),
                    bucket.Count() == 1 ? "Alone in its bucket: always trained as a batch of one." : "",
                    [.. bucket.Select(p => BucketCard(p.Item, p.Fit, bucket.Count() == 1))]
                )),
            ],
        };
    }

    private static SheetCard BucketCard(PictureItem item, BucketFit fit, bool alone)
    {
        double scale = PictureCheck.Scale(fit),
            cropped = PictureCheck.CroppedShare(fit);
        var badges = new List<SheetBadge>();
        if (scale > 1)
        {
            badges.Add(
                new SheetBadge(
                    "enlarged",
                    scale >= 1.5 ? "warning" : "note",
                    Invariant.Text($"×{scale:0.00}: the LoRA learns the blur; forno upscale --needed")
                )
            );
        }

        if (cropped > 0)
        {
            badges.Add(
                new SheetBadge(
                    "cut",
                    cropped >= 0.08 ? "warning" : "note",
                    Invariant.Text($"{cropped:0.0 %} is cut off")
                )
            );
        }

        if (alone)
        {
            badges.Add(new SheetBadge("alone", "note", "alone in its bucket"));
        }

        return new SheetCard
        {
            Name = item.Path,
            Lines = [Invariant.Text($"{fit.Original}, ×{scale:0.00} to {fit.Resized}, {cropped:0.0 %} cut")],
            Badges = badges,
            Picture = () => SheetPicture.Of(item.File) with { Areas = Lost(fit) },
        };
    }

    private static IReadOnlyList<SheetArea> Lost(BucketFit fit)
    {
        (double width, double height) = (fit.Resized.Width, fit.Resized.Height);
        return Around(fit.CropLeft / width, fit.CropTop / height, fit.Bucket.Width / width, fit.Bucket.Height / height);
    }

    private static IReadOnlyList<SheetArea> Borders(CheckedPicture picture)
    {
        if (!picture.Findings.Any(f => f.Kind == FindingKind.Borders))
        {
            return [];
        }

        Box content = picture.Picture.Measures.Content;
        (double width, double height) = (picture.Picture.Measures.Width, picture.Picture.Measures.Height);
        return
        [
            new SheetArea(
                content.Left / width,
                content.Top / height,
                content.Width / width,
                content.Height / height,
                "kept"
            ),
        ];
    }

    private static IEnumerable<SheetArea> Texts(CheckedPicture picture)
    {
        if (picture.Picture.Texts is { } texts && picture.Findings.Any(f => f.Kind == FindingKind.Text))
        {
            foreach (TextArea text in texts.Texts)
            {
                Box box = text.Quad.Bounds(texts.Width, texts.Height);
                yield return new SheetArea(
                    (double)box.Left / texts.Width,
                    (double)box.Top / texts.Height,
                    (double)box.Width / texts.Width,
                    (double)box.Height / texts.Height,
                    "text"
                );
            }
        }
    }

    private static SheetArea[] Around(double left, double top, double width, double height)
    {
        double right = left + width,
            bottom = top + height;
        return
        [
            .. new SheetArea[]
            {
                new(0, 0, left, 1, "lost"),
                new(right, 0, 1 - right, 1, "lost"),
                new(left, 0, width, top, "lost"),
                new(left, bottom, width, 1 - bottom, "lost"),
            }.Where(a => a.Width > 1e-6 && a.Height > 1e-6),
        ];
    }

    // What the findings of single pictures mean, once for each kind.
    private static IEnumerable<SheetFact> Kinds(SetReport report) =>
        report
            .Pictures.SelectMany(p => p.Findings)
            .GroupBy(f => f.Kind)
            .Select(g => (Worst: g.MaxBy(f => f.Level)!, Count: g.Count()))
            .OrderByDescending(k => k.Worst.Level)
            .ThenByDescending(k => k.Count)
            .Select(k => new SheetFact(
                Badge(k.Worst) with
                {
                    Text = Invariant.Text($"{k.Count} {(k.Count == 1 ? "picture" : "pictures")}"),
                },
                k.Worst.Effect,
                k.Worst.Remedies
            ));

    private static SheetBadge Badge(Finding finding) =>
        new(finding.Kind.Name, finding.Level.ToString().ToLowerInvariant(), finding.What);

    private static SheetFact Fact(Finding finding) => new(Badge(finding), finding.Effect, finding.Remedies);
}

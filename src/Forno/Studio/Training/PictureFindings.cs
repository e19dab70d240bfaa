using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Findings;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>What is wrong with the pictures of a data set, a finding a kind.</summary>
internal static class PictureFindings
{
    private const int MostNamed = 3;

    /// <summary>Looks into all of them.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="cacheFor">The folder whose cache is used.</param>
    /// <param name="rules">How the trainer will sort them.</param>
    /// <param name="events">Who is told how far it is.</param>
    /// <param name="cancel">Stops it.</param>
    public static IReadOnlyList<Finding> Find(
        PictureFolder folder,
        string cacheFor,
        BucketRules rules,
        JobProgress events,
        CancellationToken cancel
    )
    {
        PictureSurvey survey = Surveys.Look(folder, cacheFor, events, cancel);
        IReadOnlyList<DuplicateGroup> duplicates = Surveys.Compare(survey, new DuplicateOptions(), events, cancel);
        SetReport report = SetCheck.Check(survey, duplicates, rules);
        var kinds = report
            .Pictures.SelectMany(p => p.Findings.Select(f => (p.Picture.Item.Path, Finding: f)))
            .GroupBy(f => f.Finding.Kind)
            .ToArray();
        // Without buckets everything is cut to one shape: that is the configuration's mistake, not the pictures'.
        int cut = rules.Enabled ? 0 : kinds.FirstOrDefault(k => k.Key == FindingKind.Cropped)?.Count() ?? 0;
        return
        [
            .. cut == 0 ? [] : (Finding[])[NoBuckets(cut, report.Pictures.Count, rules)],
            .. report.Findings,
            .. kinds
                .Where(k => k.Key != FindingKind.Duplicate && !(k.Key == FindingKind.Cropped && cut > 0))
                .Select(k => OfKind([.. k])),
            .. report
                .Problems.Except(folder.Problems)
                .Select(p => new Finding(
                    FindingKind.Unreadable,
                    FindingLevel.Bad,
                    p.ToString(),
                    "It is not trained, or the trainer stops at it.",
                    Fix.ByHand("repair or remove it")
                )),
        ];
    }

    private static Finding NoBuckets(int cut, int pictures, BucketRules rules) =>
        new(
            FindingKind.NoBuckets,
            FindingLevel.Warning,
            Invariant.Text(
                $"enable_bucket is not on: {cut} of {pictures} pictures are cut to the shape of {rules.Resolution}"
            ),
            "Heads and feet at the edges are cut: the LoRA learns them cut.",
            Fix.Set("enable_bucket", true)
        );

    // The worst stands for all.
    private static Finding OfKind((string Path, Finding Finding)[] alike)
    {
        Finding worst = alike.MaxBy(f => f.Finding.Level).Finding;
        string some = string.Join(", ", alike.Take(MostNamed).Select(f => $"{f.Path} ({f.Finding.What})"));
        return worst with
        {
            What = Invariant.Text($"{alike.Length} × {worst.Kind}: {some}{(alike.Length > MostNamed ? ", …" : "")}"),
        };
    }
}

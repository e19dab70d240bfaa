using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Imaging;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno dataset buckets</c>: which size each picture is trained at, and what of it is lost.</summary>
internal static class DatasetBucketsCommand
{
    private const string Summary =
        "Show which size each picture is trained at, what is cut off, and which are alone in theirs";

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Argument<string[]> folders = new("folders")
        {
            Description = "Folders of pictures, with all below them; nothing in them is changed",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> html = new("--html")
        {
            Description = "Write a contact sheet of every picture as the trainer will see it",
            HelpName = "FILE",
        };
        FornoCommand command = new(
            "buckets",
            Summary,
            "forno dataset buckets cat --html cat-buckets.html",
            "forno dataset buckets cat --resolution 1024 --min_bucket_reso 512 --max_bucket_reso 2048"
        )
        {
            folders,
        };
        BucketOptions buckets = new BucketOptions().AddTo(command);
        Option<bool> json = FornoCommand.JsonOption();
        command.Options.Add(html);
        command.Options.Add(json);
        command.SetAction(parsed =>
            Run(
                cli,
                parsed.GetValue(folders) ?? [],
                buckets.Rules(parsed),
                parsed.GetValue(html),
                parsed.GetValue(json)
            )
        );
        return command;
    }

    private static int Run(CommandHost cli, string[] folders, BucketRules rules, string? html, bool json)
    {
        if (html is not null)
        {
            ContactSheet.RequireName(html);
        }

        WorkFolderRun.SayUnfinished(cli, folders);
        var folder = PictureFolder.Scan(folders);
        var buckets = new Buckets(rules);
        (PictureItem Item, BucketFit Fit)?[] fits;
        IReadOnlyList<Problem> problems;
        using (ProgressBar bar = cli.Progress("look", folder.Pictures.Count, "pictures"))
        {
            (fits, problems) = ChangePlan.ForEach(folder.Pictures, item => Fit(item, buckets), bar, cli.Cancel);
        }

        problems = [.. folder.Problems, .. problems];
        (PictureItem Item, BucketFit Fit)[] placed = [.. fits.OfType<(PictureItem, BucketFit)>()];
        string name = string.Join(", ", folders.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f))));
        if (html is not null)
        {
            using ProgressBar bar = cli.Progress("sheet", placed.Length, "pictures");
            ContactSheet.Save(html, CheckSheet.Buckets(name, rules, placed), bar, cli.Cancel);
        }

        if (json)
        {
            cli.Out.WriteLine(Json(placed, rules, problems));
        }
        else
        {
            Print(cli, name, placed, rules);
            WorkFolderRun.List(cli, problems);
            cli.Out.WriteLine(
                html is null
                    ? "--html FILE.html shows every picture as the trainer will see it"
                    : $"contact sheet: {Wording.Shown(html)}"
            );
        }

        return placed.Length == 0 ? 1 : 0;
    }

    private static (PictureItem, BucketFit)? Fit(PictureItem item, Buckets buckets)
    {
        var file = PictureFile.Inspect(item.File);
        return (item, buckets.Fit(new Size(file.Width, file.Height)));
    }

    private static void Print(
        CommandHost cli,
        string name,
        (PictureItem Item, BucketFit Fit)[] placed,
        BucketRules rules
    )
    {
        var groups = placed.GroupBy(p => p.Fit.Bucket).OrderBy(g => g.Key).ToArray();
        cli.Out.WriteLine(
            Invariant.Text(
                $"{name}: {placed.Length} {Wording.Counted(placed.Length, "picture")} in {groups.Length} "
                    + $"{Wording.Counted(groups.Length, "bucket")} at resolution {rules.Resolution}"
            )
        );
        cli.Out.WriteLine("    bucket  pictures  repeats  enlarged  most cut");
        foreach (var group in groups)
        {
            int repeats = group.Sum(p => p.Item.Repeats ?? 1),
                enlarged = group.Count(p => PictureCheck.Scale(p.Fit) > 1);
            double cut = group.Max(p => PictureCheck.CroppedShare(p.Fit));
            string alone = group.Count() == 1 ? $"  alone: {Wording.Shown(group.First().Item.Path)}" : "";
            cli.Out.WriteLine(
                Invariant.Text($"{group.Key, 10}{group.Count(), 10}{repeats, 9}{enlarged, 10}{cut, 10:0.0 %}{alone}")
            );
        }

        if (groups.Length > SetCheck.ManyBuckets)
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"{groups.Length} buckets are many: a batch never mixes them, so most batches will be "
                        + $"short. Crop odd shapes, or raise --bucket_reso_steps."
                )
            );
        }
    }

    private static string Json(
        (PictureItem Item, BucketFit Fit)[] placed,
        BucketRules rules,
        IReadOnlyList<Problem> problems
    ) =>
        JsonSerializer.Serialize(
            new
            {
                Resolution = rules.Resolution.ToString(),
                Buckets = placed
                    .GroupBy(p => p.Fit.Bucket)
                    .OrderBy(g => g.Key)
                    .Select(g => new
                    {
                        g.Key.Width,
                        g.Key.Height,
                        Count = g.Count(),
                        Repeats = g.Sum(p => p.Item.Repeats ?? 1),
                        Alone = g.Count() == 1,
                        Pictures = g.Select(p => new
                        {
                            p.Item.Path,
                            p.Fit.Original,
                            p.Fit.Resized,
                            Scale = Math.Round(PictureCheck.Scale(p.Fit), 4),
                            p.Fit.CropLeft,
                            p.Fit.CropTop,
                            Cropped = Math.Round(PictureCheck.CroppedShare(p.Fit), 4),
                        }),
                    }),
                Problems = problems,
            },
            JsonOutput.Options
        );
}

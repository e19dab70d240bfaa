using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Reports;
using Forno.Reports.Sheets;
using Forno.Studio.Datasets;

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

        BucketsResult result = WorkFolderRun.Do(cli, new BucketsJob(new BucketsRequest(folders, rules)));
        int pictures = result.Buckets.Sum(b => b.Count);
        string name = WorkFolderRun.Named(folders);
        if (html is not null)
        {
            using JobPrinter console = new(cli);
            SheetPage page = CheckSheet.Buckets(name, rules, result.Placed);
            SheetProgress.Save(html, page, pictures, console, cli.Cancel);
        }

        if (json)
        {
            cli.Out.WriteLine(ResultJson.Text(result));
        }
        else
        {
            Print(cli, name, result, pictures);
            WorkFolderRun.List(cli, result.Problems);
            cli.Out.WriteLine(
                html is null
                    ? "--html FILE.html shows every picture as the trainer will see it"
                    : $"contact sheet: {Wording.Shown(html)}"
            );
        }

        return pictures == 0 ? 1 : 0;
    }

    private static void Print(CommandHost cli, string name, BucketsResult result, int pictures)
    {
        cli.Out.WriteLine(
            Invariant.Text(
                $"{name}: {pictures} {Wording.Counted(pictures, "picture")} in "
                    + $"{result.Buckets.Count} {Wording.Counted(result.Buckets.Count, "bucket")} at resolution "
                    + $"{result.Resolution}"
            )
        );
        cli.Out.WriteLine("    bucket  pictures  repeats  enlarged  most cut");
        foreach (UsedBucket bucket in result.Buckets)
        {
            int enlarged = bucket.Pictures.Count(p => PictureCheck.Scale(p.Fit) > 1);
            double cut = bucket.Pictures.Max(p => PictureCheck.CroppedShare(p.Fit));
            string size = $"{bucket.Width}x{bucket.Height}",
                alone = bucket.Alone ? $"  alone: {Wording.Shown(bucket.Pictures[0].Path)}" : "";
            cli.Out.WriteLine(
                Invariant.Text($"{size, 10}{bucket.Count, 10}{bucket.Repeats, 9}{enlarged, 10}{cut, 10:0.0 %}{alone}")
            );
        }

        if (result.Buckets.Count > SetCheck.ManyBuckets)
        {
            cli.Out.WriteLine(
                Invariant.Text(
                    $"{result.Buckets.Count} buckets are many: a batch never mixes them, so most batches will be "
                        + $"short. Crop odd shapes, or raise --bucket_reso_steps."
                )
            );
        }
    }
}

using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>Captions loaded, filtered, edited in memory and reported, against reading the same files raw.</summary>
internal static class CaptionsBench
{
    private const int PerFolder = 5000,
        Vocabulary = 8000,
        Rounds = 5;

    public static void Run(BenchOptions options)
    {
        int count = options.Number("count") ?? 100_000;
        string folder = Path.Combine(options.Folder, $"forno-bench-captions-{count}");
        Make(folder, count);
        string[] files = [.. Directory.EnumerateFiles(folder, "*.txt", SearchOption.AllDirectories)];
        var settings = new TagEditSettings
        {
            Where = TagExpression.Parse("1girl & (red_dress | *_skirt) & !solo"),
            Remove = [TagPattern.Parse("tag 7"), TagPattern.Parse("*_hat")],
            Replace = [(TagPattern.Parse("red_dress"), "crimson dress")],
            Underscores = false,
            Deduplicate = true,
            AddKept = ["edited"],
        };
        var best = new Clock[7];
        Array.Fill(best, new Clock(double.MaxValue, double.MaxValue, double.MaxValue));
        long bytes = 0;
        (int matched, int edited, int tags, int all) = (0, 0, 0, 0);
        for (int round = 0; round < Rounds; round++)
        {
            PictureFolder? pictures = null;
            CaptionSet? set = null;
            Take(0, () => Parallel.ForEach(files, f => Interlocked.Add(ref bytes, File.ReadAllBytes(f).Length)));
            Take(1, () => pictures = PictureFolder.Scan([folder]));
            Take(2, () => set = CaptionSet.Read(pictures!));
            Take(3, () => matched = set!.Pictures.AsParallel().Count(p => settings.Where.Matches(p.Caption!)));
            Take(4, () => edited = CaptionPlans.Make(set!, "edit", new TagEdits(settings, set!).Edit).Steps.Count);
            Take(
                6,
                () =>
                    all = CaptionPlans
                        .Make(set!, "edit", new TagEdits(settings with { Where = null }, set!).Edit)
                        .Steps.Count
            );
            Take(5, () => tags = CaptionReporter.Make(set!, new CaptionReportOptions()).Tags.Count);
        }

        Console.WriteLine(
            Invariant.Text(
                $"{files.Length} captions of {bytes / Rounds / files.Length} bytes, {tags} different tags; best of five"
            )
        );
        Console.WriteLine($"raw: all files read     {best[0]}");
        Console.WriteLine($"load: folders looked at {best[1]}");
        Console.WriteLine($"load: captions read     {best[2]}");
        Console.WriteLine($"filter                  {best[3]}   {matched} fulfil {settings.Where}");
        Console.WriteLine($"edit those, in memory   {best[4]}   {edited} changed");
        Console.WriteLine($"report                  {best[5]}");
        Console.WriteLine($"(edit all, in memory    {best[6]}   {all} changed; not in the ratio)");
        Clock sum = best[1] + best[2] + best[3] + best[4] + best[5];
        Console.WriteLine(
            Invariant.Text(
                $"ratio to raw reading: {sum.Cpu / best[0].Cpu:0.00} by processor time, "
                    + $"{sum.Wall / best[0].Wall:0.00} by the clock (3 is the bound)"
            )
        );

        Console.WriteLine();
        AbsorptionBench.Run(options, sum, count);

        void Take(int what, Action work) => best[what] = Clock.Min(best[what], Clock.Of(work));
    }

    // Tags as frequent as words are: the n-th of the vocabulary about 1/n as often as the first.
    private static void Make(string folder, int count)
    {
        string done = Path.Combine(folder, "done");
        if (File.Exists(done))
        {
            return;
        }

        string[] nouns = ["hair", "dress", "skirt", "hat", "eyes", "shirt", "background", "sword"],
            colours = ["red", "blue", "long", "black", "white", "very_long"];
        string[] words =
        [
            "1girl",
            "solo",
            .. Enumerable
                .Range(0, Vocabulary)
                .Select(i =>
                    i % 3 == 0
                        ? $"tag {i}"
                        : $"{colours[i % colours.Length]}{(i / 48 == 0 ? "" : $"{i / 48}")}_{nouns[i % nouns.Length]}"
                ),
        ];
        Parallel.For(
            0,
            (count + PerFolder - 1) / PerFolder,
            part =>
            {
                string at = Path.Combine(folder, $"{part + 1}_part{part}");
                Directory.CreateDirectory(at);
                var random = new Random(part);
                for (int i = part * PerFolder; i < Math.Min(count, (part + 1) * PerFolder); i++)
                {
                    string[] tags =
                    [
                        .. Enumerable
                            .Range(0, 12 + random.Next(28))
                            .Select(_ =>
                                words[Math.Min(words.Length - 1, (int)Math.Pow(words.Length, random.NextDouble()) - 1)]
                            ),
                    ];
                    File.WriteAllBytes(Path.Combine(at, $"{i:000000}.png"), []);
                    File.WriteAllText(
                        Path.Combine(at, $"{i:000000}.txt"),
                        $"trigger{part} ||| {string.Join(", ", tags)}"
                    );
                }
            }
        );
        File.WriteAllText(done, "");
    }
}

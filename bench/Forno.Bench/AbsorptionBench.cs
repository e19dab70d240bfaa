using System.Globalization;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Workspace;

namespace Forno.Bench;

/// <summary>The absorption table of 5,000 pictures and 12 triggers against loading their captions.</summary>
internal static class AbsorptionBench
{
    private const int Pictures = 5000,
        TriggerCount = 12,
        Folders = 10,
        Pruned = 12;

    /// <summary>Measures.</summary>
    /// <param name="options">Where the files lie.</param>
    /// <param name="captions">What the captions of the other bench took: loaded, filtered, edited and reported.</param>
    /// <param name="count">How many they were.</param>
    public static void Run(BenchOptions options, Clock captions, int count)
    {
        string folder = Path.Combine(options.Folder, "forno-bench-absorption");
        Make(folder);
        var traits = TraitLists.Read();
        TriggerName[] names =
        [
            .. Enumerable
                .Range(0, TriggerCount)
                .Select(t => new TriggerName($"trigger{t}", t == 0 ? TriggerKind.Character : TriggerKind.Outfit)),
        ];
        Clock worst = new(double.MaxValue, double.MaxValue, double.MaxValue),
            load = worst,
            table = worst;
        int rows = 0,
            findings = 0;
        for (int round = 0; round < 12; round++)
        {
            CaptionSet? set = null;
            load = Clock.Min(load, Clock.Of(() => set = CaptionSet.Read(PictureFolder.Scan([folder]))));
            IReadOnlyList<PrunedTag>[] sidecars = [.. Enumerable.Range(0, Pictures).Select(PrunedOf)];
            var byPicture = set!
                .Pictures.Select((p, i) => (p, i))
                .ToDictionary<(CaptionedPicture p, int i), CaptionedPicture, IReadOnlyList<PrunedTag>>(
                    p => p.p,
                    p => sidecars[p.i],
                    ReferenceEqualityComparer.Instance
                );
            table = Clock.Min(
                table,
                Clock.Of(() =>
                {
                    var made = AbsorptionTable.Make(TriggerScenes.Of(set, names, traits, p => byPicture[p]));
                    (rows, findings) = (made.Rows.Count, made.Findings.Count);
                })
            );
        }

        Console.WriteLine(
            Invariant.Text(
                $"absorption table: {Pictures} pictures, {TriggerCount} triggers, {rows} features, {findings}"
                    + $" findings; best of twelve"
            )
        );
        Console.WriteLine($"load: their captions    {load}");
        Console.WriteLine($"table, in memory        {table}");
        Console.WriteLine(
            Invariant.Text(
                $"ratio to the {count} captions above: {table.Cpu / captions.Cpu:0.000} by processor time "
                    + $"(0.1 is the bound for 100000)"
            )
        );
        Console.WriteLine(
            Invariant.Text(
                $"ratio to loading: {table.Cpu / load.Cpu:0.000} by processor time, "
                    + $"{table.Wall / load.Wall:0.000} by the clock"
            )
        );
    }

    private static IReadOnlyList<PrunedTag> PrunedOf(int picture) =>
        [
            .. Enumerable
                .Range(0, Pruned)
                .Select(f => new PrunedTag(
                    f < 6 ? $"feature{f}" : $"feature{f}of{picture * Folders / Pictures}",
                    "bench"
                )),
        ];

    private static void Make(string folder)
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        string making = folder + ".part";
        Parallel.For(
            0,
            Pictures,
            i =>
            {
                int part = i * Folders / Pictures;
                string at = Path.Combine(making, $"{part + 1}_part{part}");
                Directory.CreateDirectory(at);
                var random = new Random(i);
                File.WriteAllBytes(Path.Combine(at, $"{i:0000}.png"), []);
                string more = random.Next(5) == 0 ? $", trigger{TriggerCount - 1}" : "";
                IEnumerable<string> tags = Enumerable
                    .Range(0, 12 + random.Next(20))
                    .Select(_ => $"tag {random.Next(2000)}");
                File.WriteAllText(
                    Path.Combine(at, $"{i:0000}.txt"),
                    $"trigger0, trigger{part + 1}{more} ||| {string.Join(", ", tags)}"
                );
            }
        );
        Directory.Move(making, folder);
    }
}

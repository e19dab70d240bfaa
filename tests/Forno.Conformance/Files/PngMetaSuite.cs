using System.Diagnostics;
using System.Text.Json;
using Forno.Imaging;
using Forno.Imaging.Png;

namespace Forno.Conformance.Files;

/// <summary>The text that generators leave in pictures, good and hostile files.</summary>
public sealed class PngMetaSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "png_meta";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        string path = golden.PathOf(golden.Params.GetProperty("file").GetString()!);
        byte[] file = File.ReadAllBytes(path);
        string verdict = golden.Expect.GetProperty("result").GetString()!;
        long before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        string? text = null;
        try
        {
            text = PictureText.Read(file, path);
        }
        catch (FornoException e)
        {
            comparison.Same($"may be refused ({e.Message})", verdict != "ok", true);
        }

        long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) >> 20;
        comparison.Same(
            $"within 2 s and 64 MB ({watch.Elapsed.TotalSeconds:F1} s, {allocated} MB)",
            watch.Elapsed.TotalSeconds <= 2 && allocated <= 64,
            true
        );
        if (verdict == "refused")
        {
            comparison.Same("text", text, null);
        }
        else if (verdict == "ok")
        {
            comparison.Same("text", text, golden.Expect.GetProperty("text").GetString());
            if (golden.Expect.TryGetProperty("other", out JsonElement other))
            {
                Dictionary<string, string> all = PngText.Read(file, path);
                foreach (JsonProperty want in other.EnumerateObject())
                {
                    comparison.Same(want.Name, all.GetValueOrDefault(want.Name), want.Value.GetString());
                }
            }
        }

        return comparison.Result();
    }
}

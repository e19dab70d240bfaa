using System.Diagnostics;
using System.Text.Json;
using Forno.Imaging;

namespace Forno.Conformance.Images;

/// <summary>
/// Suite <c>images</c>: what dataset tools must see in picture files; one method a kind, one line a kind.
/// </summary>
public sealed class ImagesSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "images";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        switch (golden.Params.GetProperty("kind").GetString())
        {
            case "probe":
                Probe(golden, comparison);
                break;
            case "orientation":
                Orientation(golden, comparison);
                break;
            case "duplicates":
                ImagesDuplicates.Check(golden, comparison);
                break;
            case "trim":
                ImagesTrim.Check(golden, comparison);
                break;
            case "sharpness":
                ImagesSharpness.Check(golden, comparison);
                break;
            case "monochrome":
                ImagesMonochrome.Check(golden, comparison);
                break;
            case var kind:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static void Probe(GoldenCase golden, Comparison comparison)
    {
        long maxPixels = golden.Params.GetProperty("max_pixels").GetInt64();
        foreach (JsonElement want in golden.Expect.GetProperty("files").EnumerateArray())
        {
            string name = want.GetProperty("file").GetString()!,
                path = golden.PathOf(name);
            long before = GC.GetAllocatedBytesForCurrentThread();
            var watch = Stopwatch.StartNew();
            try
            {
                var file = PictureFile.Inspect(path, maxPixels);
                using Picture picture = file.Decode();
                comparison.Same($"{name} readable", true, want.GetProperty("readable").GetBoolean());
                if (want.GetProperty("readable").GetBoolean())
                {
                    Compare(name, file, picture, want, comparison);
                }
            }
            catch (FornoException e)
            {
                bool mayBeUnsupported =
                    want.TryGetProperty("optional", out JsonElement optional) && optional.GetBoolean();
                comparison.Same(
                    $"{name} readable ({e.Message})",
                    false,
                    want.GetProperty("readable").GetBoolean() && !mayBeUnsupported
                );
                comparison.Same(
                    $"{name}: the message names the file",
                    e.Message.Contains(path, StringComparison.Ordinal),
                    true
                );
                long allocated = (GC.GetAllocatedBytesForCurrentThread() - before) >> 20;
                comparison.Same(
                    $"{name} refused within 2 s and 64 MB ({watch.Elapsed.TotalSeconds:F1} s, {allocated} MB)",
                    watch.Elapsed.TotalSeconds <= 2 && allocated <= 64,
                    true
                );
            }
        }
    }

    private static void Compare(string name, PictureFile file, Picture picture, JsonElement want, Comparison comparison)
    {
        comparison.Same($"{name} format", file.Format, want.GetProperty("format").GetString());
        comparison.Same(
            $"{name} size",
            $"{file.Width}x{file.Height}",
            $"{want.GetProperty("width")}x{want.GetProperty("height")}"
        );
        comparison.Same($"{name} decoded size", $"{picture.Width}x{picture.Height}", $"{file.Width}x{file.Height}");
        comparison.Same($"{name} frames", file.Frames, want.GetProperty("frames").GetInt32());
        comparison.Same($"{name} has_alpha", file.HasAlpha, want.GetProperty("has_alpha").GetBoolean());
        byte[] samples = picture.ToArray();
        int bands = picture.Bands;
        bool transparent = bands == 4 && samples.Where((_, i) => i % 4 == 3).Any(a => a < 255);
        comparison.Same($"{name} uses_alpha", transparent, want.GetProperty("uses_alpha").GetBoolean());
        foreach (JsonElement pixel in want.GetProperty("pixels").EnumerateArray())
        {
            int[] colour = [.. pixel[2].EnumerateArray().Select(v => v.GetInt32())];
            ReadOnlySpan<byte> got = samples.AsSpan(
                ((pixel[1].GetInt32() * picture.Width) + pixel[0].GetInt32()) * bands,
                bands
            );
            if (colour.Length == 4 && colour[3] == 0)
            {
                comparison.Same($"{name} alpha", bands == 4 ? got[3] : 255, 0);
                continue;
            }

            Near($"{name} pixel {pixel[0]},{pixel[1]}", got, colour, pixel[3].GetInt32(), comparison);
        }
    }

    private static void Orientation(GoldenCase golden, Comparison comparison)
    {
        JsonElement expect = golden.Expect;
        foreach (JsonElement want in expect.GetProperty("files").EnumerateArray())
        {
            string name = want.GetProperty("file").GetString()!;
            var file = PictureFile.Inspect(golden.PathOf(name));
            using Picture picture = file.Decode();
            comparison.Same(
                $"{name} size",
                $"{picture.Width}x{picture.Height}",
                $"{expect.GetProperty("width")}x{expect.GetProperty("height")}"
            );
            comparison.Same(
                $"{name} size by header",
                $"{file.Width}x{file.Height}",
                $"{picture.Width}x{picture.Height}"
            );
            using var raw = Picture.Load(golden.PathOf(name));
            comparison.Same(
                $"{name} stored",
                $"{raw.Width}x{raw.Height}",
                $"{want.GetProperty("stored")[0]}x{want.GetProperty("stored")[1]}"
            );
            byte[] samples = picture.ToArray();
            foreach (JsonElement corner in expect.GetProperty("corners").EnumerateArray())
            {
                int at =
                    ((corner.GetProperty("y").GetInt32() * picture.Width) + corner.GetProperty("x").GetInt32())
                    * picture.Bands;
                int[] colour = [.. corner.GetProperty("rgb").EnumerateArray().Select(v => v.GetInt32())];
                Near(
                    $"{name} corner {corner.GetProperty("x")},{corner.GetProperty("y")}",
                    samples.AsSpan(at, picture.Bands),
                    colour,
                    expect.GetProperty("tolerance").GetInt32(),
                    comparison
                );
            }
        }
    }

    private static void Near(string name, ReadOnlySpan<byte> got, int[] want, int tolerance, Comparison comparison)
    {
        bool near = got.Length >= want.Length;
        for (int c = 0; near && c < want.Length; c++)
        {
            near = Math.Abs(got[c] - want[c]) <= tolerance;
        }

        comparison.Same(
            $"{name} ({string.Join(',', got.ToArray())}, want {string.Join(',', want)} ± {tolerance})",
            near,
            true
        );
    }
}

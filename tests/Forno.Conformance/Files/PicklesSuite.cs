using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Pickle;
using Forno.Checkpoints.Sources;

namespace Forno.Conformance.Files;

/// <summary>
/// PyTorch files, good and hostile: exactly the tensors, bit for bit, the plain values, and no side effect.
/// </summary>
public sealed class PicklesSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "pickles";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        string marker = golden.Params.GetProperty("marker").GetString()!;
        if (File.Exists(marker))
        {
            return CaseResult.Fail($"{Path.GetFullPath(marker)} was there before; remove it");
        }

        CaseResult result = HostileFile.Run(
            golden,
            seconds: 5,
            megabytes: 512,
            PickleFile.Open,
            (file, comparison) => Compare(file, golden, comparison)
        );
        return File.Exists(marker) ? CaseResult.Fail("the file's payload ran") : result;
    }

    private static void Compare(PickleFile file, GoldenCase golden, Comparison comparison)
    {
        JsonElement tensors = golden.Expect.GetProperty("tensors");
        comparison.Same("number of tensors", file.Tensors.Count, tensors.EnumerateObject().Count());
        using var answers = SafetensorsFile.Open(golden.TensorsPath);
        foreach (JsonProperty want in tensors.EnumerateObject())
        {
            if (!file.Tensors.TryGetValue(want.Name, out TensorInfo? info))
            {
                comparison.Fail($"{want.Name}: absent");
                continue;
            }

            comparison.Same($"{want.Name} dtype", info.Type.Name(), want.Value.GetProperty("dtype").GetString());
            comparison.Json($"{want.Name} shape", info.Shape, want.Value.GetProperty("shape"));
            comparison.Same(
                $"{want.Name} bits",
                file.ReadBytes(want.Name).AsSpan().SequenceEqual(answers.Bytes("out." + want.Name)),
                true
            );
        }

        if (golden.Expect.TryGetProperty("values", out JsonElement values))
        {
            foreach (JsonProperty want in values.EnumerateObject())
            {
                if (file.Values.TryGetValue(want.Name, out object? got))
                {
                    CompareValue(want.Name, got, want.Value, comparison);
                }
                else
                {
                    comparison.Fail($"value {want.Name}: absent");
                }
            }
        }
    }

    private static void CompareValue(string name, object? got, JsonElement want, Comparison comparison)
    {
        switch (want.ValueKind)
        {
            case JsonValueKind.Number when want.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0:
                comparison.Same(
                    name,
                    got as BigInteger? ?? got as long?,
                    BigInteger.Parse(want.GetRawText(), CultureInfo.InvariantCulture)
                );
                break;
            case JsonValueKind.Number:
                comparison.Same(name, got as double?, want.GetDouble());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                comparison.Same(name, got as bool?, want.GetBoolean());
                break;
            case JsonValueKind.Null:
                comparison.Same(name, got is null, true);
                break;
            default:
                comparison.Same(name, got as string, want.GetString());
                break;
        }
    }
}

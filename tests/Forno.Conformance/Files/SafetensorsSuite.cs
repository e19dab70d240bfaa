using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;

namespace Forno.Conformance.Files;

/// <summary>Safetensors files, good and hostile: metadata, names, types, shapes, bytes and decoded elements.</summary>
public sealed class SafetensorsSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "safetensors";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden) =>
        HostileFile.Run(
            golden,
            seconds: 5,
            megabytes: 256,
            SafetensorsFile.Open,
            (file, comparison) => Compare(file, golden.Expect, comparison)
        );

    private static void Compare(SafetensorsFile file, JsonElement expect, Comparison comparison)
    {
        comparison.Json("metadata", file.Metadata, expect.GetProperty("metadata"));
        JsonElement tensors = expect.GetProperty("tensors");
        comparison.Same("number of tensors", file.Tensors.Count, tensors.EnumerateObject().Count());
        foreach (JsonProperty want in tensors.EnumerateObject())
        {
            if (!file.Tensors.TryGetValue(want.Name, out TensorInfo? info))
            {
                comparison.Fail($"{want.Name}: absent");
                continue;
            }

            ReadOnlySpan<byte> bytes = file.Bytes(want.Name);
            comparison.Same($"{want.Name} dtype", info.Type.Name(), want.Value.GetProperty("dtype").GetString());
            comparison.Json($"{want.Name} shape", info.Shape, want.Value.GetProperty("shape"));
            comparison.Same(
                $"{want.Name} sha256",
                Convert.ToHexStringLower(SHA256.HashData(bytes)),
                want.Value.GetProperty("sha256").GetString()
            );
            CompareValues(info, bytes, want.Value.GetProperty("values"), comparison);
        }
    }

    private static void CompareValues(
        TensorInfo info,
        ReadOnlySpan<byte> bytes,
        JsonElement want,
        Comparison comparison
    )
    {
        comparison.Same($"{info.Name} elements", info.ElementCount, want.GetArrayLength());
        int at = 0;
        foreach (JsonElement value in want.EnumerateArray())
        {
            ReadOnlySpan<byte> element = bytes.Slice(at * info.Type.Size(), info.Type.Size());
            string name = $"{info.Name}[{at++}]";
            if (info.Type == ElementType.Bool)
            {
                comparison.Same(name, element[0] != 0, value.GetBoolean());
            }
            else if (info.Type.IsFloat())
            {
                comparison.Same(
                    name,
                    info.Type.ReadFloat(element),
                    value.ValueKind == JsonValueKind.String ? Special(value.GetString()!) : value.GetDouble()
                );
            }
            else
            {
                comparison.Same(
                    name,
                    Integer(info.Type, element),
                    BigInteger.Parse(value.GetRawText(), CultureInfo.InvariantCulture)
                );
            }
        }
    }

    private static double Special(string text) =>
        text switch
        {
            "nan" => double.NaN,
            "inf" => double.PositiveInfinity,
            "-inf" => double.NegativeInfinity,
            _ => throw new FornoException($"'{text}' is no number"),
        };

    private static BigInteger Integer(ElementType type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            ElementType.U8 => bytes[0],
            ElementType.I8 => (sbyte)bytes[0],
            ElementType.U16 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
            ElementType.U32 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ElementType.U64 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
            _ => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        };
}

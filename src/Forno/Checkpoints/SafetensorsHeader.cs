using System.Text.Json;
using System.Text.Unicode;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints;

/// <summary>
/// Parses and checks the JSON header of a safetensors file, which may be hostile. Rules: the format's description in
/// huggingface/safetensors, README, "Format"; where that is silent, the strictness of its Rust reader.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The reference reader's limit on the header's length.</summary>
    public const long MaxHeaderLength = 100_000_000;

    private const string MetadataKey = "__metadata__";

    public Dictionary<string, string> Metadata { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, TensorInfo> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>Where each tensor begins, counted from the end of the header.</summary>
    public Dictionary<string, long> Begins { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads a header.</summary>
    /// <param name="json">The header's bytes, padding included.</param>
    /// <param name="dataLength">Bytes that follow the header in the file.</param>
    /// <exception cref="CorruptFileException">The header breaks a rule.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength)
    {
        if (json.Length == 0 || json[0] != (byte)'{')
        {
            throw new CorruptFileException("its header does not start with '{'");
        }

        if (!Utf8.IsValid(json))
        {
            throw new CorruptFileException("its header is not valid UTF-8");
        }

        var header = new SafetensorsHeader();
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = 127 });
            reader.Read();
            header.ParseEntries(ref reader);
            reader.Read(); // throws on anything but white space behind the object
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: escapes that name half a surrogate pair
            throw new CorruptFileException($"its header is not valid JSON ({e.Message})");
        }

        header.CheckCover(dataLength);
        return header;
    }

    private void ParseEntries(ref Utf8JsonReader reader)
    {
        bool sawMetadata = false;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (name == MetadataKey)
            {
                if (sawMetadata)
                {
                    throw new CorruptFileException($"its header has '{MetadataKey}' twice");
                }

                sawMetadata = true;
                ParseMetadata(ref reader);
                continue;
            }

            if (Tensors.ContainsKey(name))
            {
                throw new CorruptFileException($"its header names tensor '{name}' twice");
            }

            ParseTensor(ref reader, name);
        }
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        Expect(ref reader, JsonTokenType.StartObject, $"'{MetadataKey}'");
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String, $"metadata '{key}'");
            if (!Metadata.TryAdd(key, reader.GetString()!))
            {
                throw new CorruptFileException($"its metadata has '{key}' twice");
            }
        }
    }

    private void ParseTensor(ref Utf8JsonReader reader, string name)
    {
        Expect(ref reader, JsonTokenType.StartObject, $"tensor '{name}'");
        string? type = null;
        List<ulong>? shape = null;
        List<ulong>? offsets = null;
        while (Next(ref reader) == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            switch (field)
            {
                case "dtype" when type is null:
                    Expect(ref reader, JsonTokenType.String, $"dtype of tensor '{name}'");
                    type = reader.GetString()!;
                    break;
                case "shape" when shape is null:
                    shape = ParseIntegers(ref reader, $"shape of tensor '{name}'");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = ParseIntegers(ref reader, $"data_offsets of tensor '{name}'");
                    break;
                default:
                    throw new CorruptFileException($"tensor '{name}' has an unknown or repeated field '{field}'");
            }
        }

        if (type is null || shape is null || offsets is not { Count: 2 })
        {
            throw new CorruptFileException($"tensor '{name}' needs dtype, shape and two data_offsets");
        }

        Add(name, type, shape, offsets[0], offsets[1]);
    }

    private void Add(string name, string typeName, List<ulong> shape, ulong begin, ulong end)
    {
        if (!ElementTypes.TryParse(typeName, out var type))
        {
            throw new CorruptFileException(
                $"tensor '{name}' has dtype '{typeName}', which is none of {string.Join(" ", ElementTypes.AllNames)}"
            );
        }

        var bytes = (UInt128)type.Size();
        foreach (ulong side in shape)
        {
            bytes *= side;
            if (side > long.MaxValue || bytes > ulong.MaxValue)
            {
                throw new CorruptFileException($"tensor '{name}' has a shape whose size overflows");
            }
        }

        if (end < begin || end - begin != bytes || end > long.MaxValue)
        {
            throw new CorruptFileException(
                $"tensor '{name}' ({typeName} [{string.Join(", ", shape)}]) should take {bytes} bytes, but "
                    + $"its offsets are [{begin}, {end}]"
            );
        }

        Tensors.Add(name, new TensorInfo(name, type, shape.ConvertAll(side => (long)side).ToArray()));
        Begins.Add(name, (long)begin);
    }

    /// <summary>Holes, overlaps and missing or surplus bytes: the tensors must tile the data exactly.</summary>
    private void CheckCover(long dataLength)
    {
        var spans = Begins
            .Select(pair => (Begin: pair.Value, End: pair.Value + Tensors[pair.Key].ByteLength, Name: pair.Key))
            .ToArray();
        Array.Sort(spans, (a, b) => a.Begin != b.Begin ? a.Begin.CompareTo(b.Begin) : a.End.CompareTo(b.End));
        long at = 0;
        foreach (var (begin, end, name) in spans)
        {
            if (end > dataLength)
            {
                throw new CorruptFileException(
                    $"tensor '{name}' ends at byte {end} of the data, but only {dataLength} are there (the "
                        + "file is probably cut off)"
                );
            }

            if (begin != at)
            {
                throw new CorruptFileException(
                    $"tensor '{name}' starts at byte {begin} of the data, where byte {at} was expected"
                );
            }

            at = end;
        }

        if (at != dataLength)
        {
            throw new CorruptFileException($"{dataLength - at} bytes of its data belong to no tensor");
        }
    }

    private static List<ulong> ParseIntegers(ref Utf8JsonReader reader, string what)
    {
        Expect(ref reader, JsonTokenType.StartArray, what);
        var numbers = new List<ulong>(4);
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            // Only digits: 2.0 and 8e0 are numbers of JSON but no integers of this format.
            if (
                reader.TokenType != JsonTokenType.Number
                || reader.ValueSpan.ContainsAnyExceptInRange((byte)'0', (byte)'9')
                || !reader.TryGetUInt64(out ulong number)
            )
            {
                throw new CorruptFileException($"{what} must hold integers from 0 to 2^64-1");
            }

            numbers.Add(number);
        }

        return numbers;
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new CorruptFileException("its header ends too early");

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType token, string what)
    {
        if (Next(ref reader) != token)
        {
            string due = token switch
            {
                JsonTokenType.String => "a string",
                JsonTokenType.StartArray => "an array",
                _ => "an object",
            };
            throw new CorruptFileException($"{what} is not {due}");
        }
    }
}

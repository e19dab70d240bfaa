using System.Buffers.Binary;
using System.Collections.Frozen;
using Forno.Torch;

namespace Forno.Checkpoints.Sources;

/// <summary>
/// Element types that weight files hold, in the order of the reference safetensors library (its writer sorts tensors
/// by it, greatest first). All are little-endian.
/// </summary>
public enum ElementType
{
    /// <summary>One byte a boolean.</summary>
    Bool,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>Signed 8-bit integer.</summary>
    I8,

    /// <summary>8-bit float: 5 exponent bits, 2 mantissa bits, with infinities.</summary>
    F8E5M2,

    /// <summary>8-bit float: 4 exponent bits, 3 mantissa bits, no infinities ("fn").</summary>
    F8E4M3,

    /// <summary>Signed 16-bit integer.</summary>
    I16,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>IEEE half precision.</summary>
    F16,

    /// <summary>The upper half of a float32.</summary>
    BF16,

    /// <summary>Signed 32-bit integer.</summary>
    I32,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>IEEE single precision.</summary>
    F32,

    /// <summary>IEEE double precision.</summary>
    F64,

    /// <summary>Signed 64-bit integer.</summary>
    I64,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,
}

/// <summary>Names, sizes and conversions of <see cref="ElementType"/>.</summary>
public static class ElementTypes
{
    private static readonly FrozenDictionary<string, ElementType> ByName = new Dictionary<string, ElementType>
    {
        ["BOOL"] = ElementType.Bool,
        ["U8"] = ElementType.U8,
        ["I8"] = ElementType.I8,
        ["F8_E5M2"] = ElementType.F8E5M2,
        ["F8_E4M3"] = ElementType.F8E4M3,
        ["I16"] = ElementType.I16,
        ["U16"] = ElementType.U16,
        ["F16"] = ElementType.F16,
        ["BF16"] = ElementType.BF16,
        ["I32"] = ElementType.I32,
        ["U32"] = ElementType.U32,
        ["F32"] = ElementType.F32,
        ["F64"] = ElementType.F64,
        ["I64"] = ElementType.I64,
        ["U64"] = ElementType.U64,
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenDictionary<ElementType, string> Names = ByName.ToFrozenDictionary(
        pair => pair.Value,
        pair => pair.Key
    );

    /// <summary>All names in use, for messages.</summary>
    public static IEnumerable<string> AllNames => Names.OrderBy(pair => pair.Key).Select(pair => pair.Value);

    /// <summary>The type's name in a safetensors header, such as <c>BF16</c>.</summary>
    public static string Name(this ElementType type) => Names[type];

    /// <summary>Finds a type by its case-sensitive safetensors name.</summary>
    public static bool TryParse(string name, out ElementType type) => ByName.TryGetValue(name, out type);

    /// <summary>Bytes an element takes.</summary>
    public static int Size(this ElementType type) =>
        type switch
        {
            <= ElementType.F8E4M3 => 1,
            <= ElementType.BF16 => 2,
            <= ElementType.F32 => 4,
            _ => 8,
        };

    /// <summary>
    /// The libtorch type of the same layout; null where libtorch 1.13 has none (8-bit floats, wide unsigned).
    /// </summary>
    public static DType? ToDType(this ElementType type) =>
        type switch
        {
            ElementType.Bool => DType.Bool,
            ElementType.U8 => DType.UInt8,
            ElementType.I8 => DType.Int8,
            ElementType.I16 => DType.Int16,
            ElementType.F16 => DType.Float16,
            ElementType.BF16 => DType.BFloat16,
            ElementType.I32 => DType.Int32,
            ElementType.F32 => DType.Float32,
            ElementType.F64 => DType.Float64,
            ElementType.I64 => DType.Int64,
            _ => null,
        };

    /// <summary>The file type of a libtorch type.</summary>
    public static ElementType FromDType(DType type) =>
        type switch
        {
            DType.Bool => ElementType.Bool,
            DType.UInt8 => ElementType.U8,
            DType.Int8 => ElementType.I8,
            DType.Int16 => ElementType.I16,
            DType.Float16 => ElementType.F16,
            DType.BFloat16 => ElementType.BF16,
            DType.Int32 => ElementType.I32,
            DType.Float32 => ElementType.F32,
            DType.Float64 => ElementType.F64,
            DType.Int64 => ElementType.I64,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "no file type for this element type"),
        };

    /// <summary>Decodes the first element of <paramref name="bytes"/>, floats only, exactly.</summary>
    /// <param name="type">One of the floating-point types; others throw
    /// <see cref="ArgumentOutOfRangeException"/>.</param>
    /// <param name="bytes">At least one element, little-endian.</param>
    public static double ReadFloat(this ElementType type, ReadOnlySpan<byte> bytes) =>
        type switch
        {
            ElementType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ElementType.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            ElementType.BF16 => BitConverter.UInt32BitsToSingle(
                (uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16
            ),
            // E5M2 is the upper half of an IEEE half, as BF16 is of a float32.
            ElementType.F8E5M2 => (double)BitConverter.UInt16BitsToHalf((ushort)(bytes[0] << 8)),
            ElementType.F8E4M3 => ReadE4M3(bytes[0]),
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a floating-point type"),
        };

    /// <summary>Whether the type holds floating-point numbers.</summary>
    public static bool IsFloat(this ElementType type) =>
        type
            is ElementType.F64
                or ElementType.F32
                or ElementType.F16
                or ElementType.BF16
                or ElementType.F8E4M3
                or ElementType.F8E5M2;

    private static double ReadE4M3(byte bits)
    {
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        double magnitude = exponent switch
        {
            15 when mantissa == 7 => double.NaN,
            0 => mantissa * Math.ScaleB(1, -9),
            _ => (8 + mantissa) * Math.ScaleB(1, exponent - 10), // bias 7, and 3 mantissa bits
        };
        return bits >= 128 ? -magnitude : magnitude;
    }
}

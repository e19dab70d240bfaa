namespace Forno.Torch;

/// <summary>Element types, numbered as libtorch's <c>c10::ScalarType</c>.</summary>
public enum DType : sbyte
{
    /// <summary>Unsigned 8-bit integer.</summary>
    UInt8 = 0,

    /// <summary>Signed 8-bit integer.</summary>
    Int8 = 1,

    /// <summary>Signed 16-bit integer.</summary>
    Int16 = 2,

    /// <summary>Signed 32-bit integer.</summary>
    Int32 = 3,

    /// <summary>Signed 64-bit integer.</summary>
    Int64 = 4,

    /// <summary>IEEE half precision.</summary>
    Float16 = 5,

    /// <summary>IEEE single precision.</summary>
    Float32 = 6,

    /// <summary>IEEE double precision.</summary>
    Float64 = 7,

    /// <summary>One byte a boolean.</summary>
    Bool = 11,

    /// <summary>bfloat16.</summary>
    BFloat16 = 15,
}

/// <summary>Facts about <see cref="DType"/>.</summary>
public static class DTypes
{
    /// <summary>Bytes an element takes.</summary>
    public static int Size(this DType type) =>
        type switch
        {
            DType.UInt8 or DType.Int8 or DType.Bool => 1,
            DType.Int16 or DType.Float16 or DType.BFloat16 => 2,
            DType.Int32 or DType.Float32 => 4,
            DType.Int64 or DType.Float64 => 8,
            _ => throw new ArgumentOutOfRangeException(nameof(type), type, "unknown element type"),
        };

    /// <summary>Whether the type holds floating-point numbers.</summary>
    public static bool IsFloat(this DType type) =>
        type is DType.Float16 or DType.Float32 or DType.Float64 or DType.BFloat16;
}

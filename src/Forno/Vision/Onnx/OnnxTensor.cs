using System.Collections.Frozen;
using System.Runtime.InteropServices;

namespace Forno.Vision.Onnx;

/// <summary>
/// Numbers with a shape, in ordinary memory: what goes into an <see cref="OnnxModel"/> and what comes out. The array
/// given to <c>Of</c> is used as it is, not copied; nothing has to be disposed.
/// </summary>
public sealed class OnnxTensor
{
    private static readonly FrozenDictionary<Type, OnnxType> Types = new Dictionary<Type, OnnxType>
    {
        [typeof(float)] = OnnxType.Float32,
        [typeof(byte)] = OnnxType.UInt8,
        [typeof(sbyte)] = OnnxType.Int8,
        [typeof(ushort)] = OnnxType.UInt16,
        [typeof(short)] = OnnxType.Int16,
        [typeof(int)] = OnnxType.Int32,
        [typeof(long)] = OnnxType.Int64,
        [typeof(bool)] = OnnxType.Bool,
        [typeof(Half)] = OnnxType.Float16,
        [typeof(double)] = OnnxType.Float64,
    }.ToFrozenDictionary();

    private readonly long[] shape;

    private OnnxTensor(Array values, OnnxType type, long[] shape) => (Values, Type, this.shape) = (values, type, shape);

    /// <summary>What its elements are.</summary>
    public OnnxType Type { get; }

    /// <summary>Its dimensions, none negative.</summary>
    public IReadOnlyList<long> Shape => shape;

    /// <summary>How many elements it has.</summary>
    public int Count => Values.Length;

    /// <summary>The elements of a float32 tensor, row by row.</summary>
    /// <exception cref="InvalidOperationException">It is of another type: see <see cref="ToFloats"/>.</exception>
    public ReadOnlySpan<float> Floats => Elements<float>();

    /// <summary>The elements, an array of <see cref="Type"/>.</summary>
    internal Array Values { get; }

    /// <summary>A tensor of given elements.</summary>
    /// <typeparam name="T">float, Half, double, byte, sbyte, short, ushort, int, long or bool.</typeparam>
    /// <param name="values">Row by row; used as it is, not copied.</param>
    /// <param name="shape">Its dimensions; their product is the number of elements.</param>
    /// <exception cref="ArgumentException">The shape does not hold that many, or the type is none of these.</exception>
    public static OnnxTensor Of<T>(T[] values, params long[] shape)
        where T : unmanaged
    {
        if (!Types.TryGetValue(typeof(T), out OnnxType type))
        {
            throw new ArgumentException($"there are no tensors of {typeof(T)}", nameof(values));
        }

        return shape.All(d => d >= 0) && shape.Aggregate((Int128)1, (n, d) => n * d) == values.Length
            ? new OnnxTensor(values, type, [.. shape])
            : throw new ArgumentException(
                $"{values.Length} elements do not make {OnnxPort.Tell(shape)}",
                nameof(shape)
            );
    }

    /// <summary>The elements, row by row.</summary>
    /// <typeparam name="T">The C# type of <see cref="Type"/>.</typeparam>
    /// <exception cref="InvalidOperationException">They are of another type.</exception>
    public ReadOnlySpan<T> Elements<T>()
        where T : unmanaged =>
        Types.GetValueOrDefault(typeof(T)) == Type // byte[] would pass as sbyte[]
            ? (T[])Values
            : throw new InvalidOperationException($"the tensor is {OnnxPort.Tell(Type, shape)}, not of {typeof(T)}");

    /// <summary>The elements as floats, whatever numbers they are; the array itself if they are floats.</summary>
    public float[] ToFloats() =>
        Type switch
        {
            OnnxType.Float32 => (float[])Values,
            OnnxType.Float16 => Array.ConvertAll((Half[])Values, v => (float)v),
            OnnxType.Float64 => Array.ConvertAll((double[])Values, v => (float)v),
            OnnxType.UInt8 => Array.ConvertAll((byte[])Values, v => (float)v),
            OnnxType.Int8 => Array.ConvertAll((sbyte[])Values, v => (float)v),
            OnnxType.UInt16 => Array.ConvertAll((ushort[])Values, v => (float)v),
            OnnxType.Int16 => Array.ConvertAll((short[])Values, v => (float)v),
            OnnxType.Int32 => Array.ConvertAll((int[])Values, v => (float)v),
            OnnxType.Int64 => Array.ConvertAll((long[])Values, v => (float)v),
            OnnxType.Bool => Array.ConvertAll((bool[])Values, v => v ? 1f : 0f),
            _ => throw new InvalidOperationException($"a tensor cannot be of {Type}"),
        };

    /// <summary>A tensor of zeros of a type.</summary>
    /// <param name="type">The type.</param>
    /// <param name="shape">Its dimensions.</param>
    internal static OnnxTensor Empty(OnnxType type, long[] shape)
    {
        long count = shape.Aggregate(1L, (n, d) => checked(n * d));
        Type element = Types.First(t => t.Value == type).Key;
        return new OnnxTensor(Array.CreateInstance(element, count), type, shape);
    }

    /// <summary>The elements' bytes.</summary>
    internal Span<byte> Bytes() =>
        MemoryMarshal.CreateSpan(ref MemoryMarshal.GetArrayDataReference(Values), checked(Values.Length * Size(Type)));

    private static int Size(OnnxType type) =>
        type switch
        {
            OnnxType.Float64 or OnnxType.Int64 => 8,
            OnnxType.Float32 or OnnxType.Int32 => 4,
            OnnxType.Float16 or OnnxType.Int16 or OnnxType.UInt16 => 2,
            _ => 1,
        };
}

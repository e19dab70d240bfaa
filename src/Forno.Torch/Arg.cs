using System.Globalization;

namespace Forno.Torch;

/// <summary>An argument of an operator: a tensor, a number, a list, a text or nothing. Converted implicitly.</summary>
public readonly struct Arg
{
    private readonly object? reference;
    private readonly long bits;
    private readonly Native.Tag tag;

    private Arg(Native.Tag tag, object? reference, long bits = 0)
    {
        this.tag = tag;
        this.reference = reference;
        this.bits = bits;
    }

    /// <summary>The argument is absent (None).</summary>
    public static Arg None => default;

    /// <summary>A tensor; null is None.</summary>
    public static implicit operator Arg(Tensor? t) => t is null ? default : new(Native.Tag.Tensor, t);

    /// <summary>An integer.</summary>
    public static implicit operator Arg(long v) => new(Native.Tag.Int, null, v);

    /// <summary>A floating-point number.</summary>
    public static implicit operator Arg(double v) => new(Native.Tag.Double, null, BitConverter.DoubleToInt64Bits(v));

    /// <summary>A boolean.</summary>
    public static implicit operator Arg(bool v) => new(Native.Tag.Bool, null, v ? 1 : 0);

    /// <summary>An element type.</summary>
    public static implicit operator Arg(DType v) => new(Native.Tag.Int, null, (long)v);

    /// <summary>A device.</summary>
    public static implicit operator Arg(Device v) => new(Native.Tag.Device, null, v.Code);

    /// <summary>A list of integers.</summary>
    public static implicit operator Arg(long[] v) => new(Native.Tag.Ints, v);

    /// <summary>A list of numbers.</summary>
    public static implicit operator Arg(double[] v) => new(Native.Tag.Doubles, v);

    /// <summary>A list of tensors; null elements are None where the schema allows them.</summary>
    public static implicit operator Arg(Tensor?[] v) => new(Native.Tag.Tensors, v);

    /// <summary>A random generator.</summary>
    public static implicit operator Arg(Generator? v) => v is null ? default : new(Native.Tag.Generator, v);

    /// <summary>A text of ASCII letters.</summary>
    public static implicit operator Arg(string v) => new(Native.Tag.String, System.Text.Encoding.UTF8.GetBytes(v));

    internal int Words =>
        reference switch
        {
            long[] v => v.Length,
            double[] v => v.Length,
            Tensor?[] v => v.Length,
            byte[] v => (v.Length + 7) / 8,
            _ => 0,
        };

    // Writes the argument, its list into `free`; returns where the next list may go.
    internal unsafe long* Fill(Native.Value* value, long* free)
    {
        value->Tag = tag;
        value->Length = 0;
        value->Int = bits;
        switch (reference)
        {
            case Tensor t:
                value->Pointer = (void*)t.Handle;
                return free;
            case Generator g:
                value->Pointer = (void*)g.Handle;
                return free;
            case long[] v:
                v.CopyTo(new Span<long>(free, v.Length));
                break;
            case double[] v:
                v.CopyTo(new Span<double>(free, v.Length));
                break;
            case byte[] v:
                v.CopyTo(new Span<byte>(free, v.Length));
                value->Length = v.Length;
                value->Pointer = free;
                return free + ((v.Length + 7) / 8);
            case Tensor?[] v:
                for (int i = 0; i < v.Length; i++)
                {
                    free[i] = v[i]?.Handle ?? 0;
                }
                break;
            default:
                return free;
        }
        value->Length = Words;
        value->Pointer = free;
        return free + Words;
    }

    /// <inheritdoc/>
    public override string ToString() =>
        reference switch
        {
            Tensor t => t.ToString(),
            long[] v => $"[{string.Join(", ", v)}]",
            double[] v => $"[{string.Join(", ", v)}]",
            Tensor?[] v => $"[{string.Join(", ", v.Select(t => t?.ToString() ?? "none"))}]",
            byte[] v => System.Text.Encoding.UTF8.GetString(v),
            Generator => "generator",
            _ => tag switch
            {
                Native.Tag.Double => BitConverter.Int64BitsToDouble(bits).ToString(CultureInfo.InvariantCulture),
                Native.Tag.Bool => bits != 0 ? "true" : "false",
                Native.Tag.None => "none",
                _ => bits.ToString(CultureInfo.InvariantCulture),
            },
        };
}

using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// Reads a pickle's bytes. Every claim of a length is checked against what is left before memory is taken.
/// </summary>
internal ref struct PickleInput(ReadOnlySpan<byte> data)
{
    private const int MaxInteger = 1 << 16;
    private const int MaxDigits = 4300; // Python's own limit for integers in text
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private readonly ReadOnlySpan<byte> data = data;

    /// <summary>Bytes read so far.</summary>
    public int Position { get; private set; }

    public byte Byte() => Take(1)[0];

    public ushort UInt16() => BinaryPrimitives.ReadUInt16LittleEndian(Take(2));

    public int Int32() => BinaryPrimitives.ReadInt32LittleEndian(Take(4));

    public uint UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(Take(4));

    public ulong UInt64() => BinaryPrimitives.ReadUInt64LittleEndian(Take(8));

    public double Double() => BinaryPrimitives.ReadDoubleBigEndian(Take(8));

    public ReadOnlySpan<byte> Take(ulong count)
    {
        CheckClaim(count);
        var taken = this.data.Slice(Position, (int)count);
        Position += (int)count;
        return taken;
    }

    /// <summary>Refuses a length that is longer than what is left.</summary>
    public readonly void CheckClaim(ulong count)
    {
        if (count > (ulong)(this.data.Length - Position))
        {
            throw new CorruptFileException(
                $"it ends too early ({count} bytes expected, {this.data.Length - Position} left)"
            );
        }
    }

    public ulong SignedLength()
    {
        int length = Int32();
        return length >= 0 ? (ulong)length : throw new CorruptFileException("it claims a negative length");
    }

    public ReadOnlySpan<byte> Line()
    {
        int end = this.data[Position..].IndexOf((byte)'\n');
        if (end < 0)
        {
            throw new CorruptFileException("it ends in the middle of a line");
        }

        var line = Take((ulong)end);
        Position++;
        return line;
    }

    public string Utf8(ulong length) => DecodeUtf8(Take(length));

    public string LineUtf8() => DecodeUtf8(Line());

    public object LongBytes(ulong length)
    {
        CheckClaim(length);
        if (length > MaxInteger)
        {
            throw new CorruptFileException("it has an integer of absurd size");
        }

        return Shrink(new BigInteger(Take(length)));
    }

    public object IntegerLine(bool allowBool)
    {
        string text = Encoding.Latin1.GetString(Line()).Trim();
        if (allowBool && text is "00" or "01")
        {
            return text == "01";
        }

        return ParseInteger(text.EndsWith('L') && !allowBool ? text[..^1] : text);
    }

    public static object ParseInteger(string text)
    {
        if (
            text.Length > MaxDigits
            || !BigInteger.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
        )
        {
            throw new CorruptFileException("it has a malformed integer");
        }

        return Shrink(number);
    }

    public double FloatLine() => ParseFloat(Encoding.Latin1.GetString(Line()));

    public static double ParseFloat(string text) =>
        text.Trim().ToLowerInvariant().TrimStart('+') switch
        {
            "nan" or "-nan" => double.NaN,
            "inf" or "infinity" => double.PositiveInfinity,
            "-inf" or "-infinity" => double.NegativeInfinity,
            var number
                when double.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) =>
                value,
            _ => throw new CorruptFileException("it has a malformed float"),
        };

    public long MemoLine() =>
        IntegerLine(allowBool: false) is long index and >= 0 and <= uint.MaxValue
            ? index
            : throw new CorruptFileException("it has a malformed memo index");

    /// <summary>STRING: a quoted Python literal, decoded as Latin-1 like all strings of Python 2.</summary>
    public string QuotedLine()
    {
        var line = Line().Trim((byte)' ');
        if (line.Length < 2 || line[0] != line[^1] || line[0] is not ((byte)'\'' or (byte)'"'))
        {
            throw new CorruptFileException("it has a malformed string");
        }

        return Unescape(line[1..^1]);
    }

    /// <summary>UNICODE: Python's raw-unicode-escape, in which only \u and \U are escapes.</summary>
    public string RawUnicodeLine()
    {
        var line = Line();
        var text = new StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            // The encoder writes backslashes as \u005c, so a backslash before \u is never an escape of it.
            if (line[i] == '\\' && i + 1 < line.Length && line[i + 1] is (byte)'u' or (byte)'U')
            {
                int digits = line[i + 1] == 'u' ? 4 : 8;
                int point = Hex(line, i + 2, digits);
                if (point > 0x10FFFF)
                {
                    throw new CorruptFileException("it has a malformed string");
                }

                text.Append(point < 0x10000 ? ((char)point).ToString() : char.ConvertFromUtf32(point));
                i += 1 + digits;
            }
            else
            {
                text.Append((char)line[i]);
            }
        }

        return text.ToString();
    }

    private static string Unescape(ReadOnlySpan<byte> text)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] != '\\')
            {
                result.Append((char)text[i]);
                continue;
            }

            if (++i == text.Length)
            {
                throw new CorruptFileException("it has a malformed string");
            }

            switch (text[i])
            {
                case (byte)'\n':
                    break;
                case (byte)'a':
                    result.Append('\a');
                    break;
                case (byte)'b':
                    result.Append('\b');
                    break;
                case (byte)'f':
                    result.Append('\f');
                    break;
                case (byte)'n':
                    result.Append('\n');
                    break;
                case (byte)'r':
                    result.Append('\r');
                    break;
                case (byte)'t':
                    result.Append('\t');
                    break;
                case (byte)'v':
                    result.Append('\v');
                    break;
                case (byte)'x':
                    result.Append((char)Hex(text, i + 1, 2));
                    i += 2;
                    break;
                case >= (byte)'0' and <= (byte)'7':
                    int value = 0;
                    int end = Math.Min(i + 3, text.Length);
                    for (; i < end && text[i] is >= (byte)'0' and <= (byte)'7'; i++)
                    {
                        value = (value * 8) + text[i] - '0';
                    }

                    i--;
                    result.Append((char)(value & 0xFF));
                    break;
                case (byte)'\\' or (byte)'\'' or (byte)'"':
                    result.Append((char)text[i]);
                    break;
                default:
                    result.Append('\\').Append((char)text[i]);
                    break;
            }
        }

        return result.ToString();
    }

    private static int Hex(ReadOnlySpan<byte> text, int start, int digits) =>
        start + digits <= text.Length
        && uint.TryParse(
            text.Slice(start, digits),
            NumberStyles.AllowHexSpecifier,
            CultureInfo.InvariantCulture,
            out uint value
        )
            ? (int)Math.Min(value, int.MaxValue)
            : throw new CorruptFileException("it has a malformed string");

    private static string DecodeUtf8(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return StrictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw new CorruptFileException("it has a text that is not valid UTF-8");
        }
    }

    private static object Shrink(BigInteger number) =>
        number >= long.MinValue && number <= long.MaxValue ? (long)number : number;
}

using Forno.Files;

namespace Forno.Tests.Files;

public class Crc32Tests
{
    [Fact]
    public void TheCheckValueIsThatOfTheStandard() => Assert.Equal(0xCBF43926u, Crc32.Of("123456789"u8));

    [Fact]
    public void AllLengthsAgreeWithTheDefinition()
    {
        byte[] bytes = new byte[5000];
        new Random(1).NextBytes(bytes);
        foreach (int length in Enumerable.Range(0, 600).Append(4096).Append(4999))
        {
            ReadOnlySpan<byte> part = bytes.AsSpan(bytes.Length - length);
            uint right = ByDefinition(part);
            Assert.Equal(right, Crc32.Of(part));
            Assert.Equal(right, ~Crc32.Scalar(uint.MaxValue, part));
            Assert.Equal(right, Crc32.Of(part[(length / 3)..], Crc32.Of(part[..(length / 3)])));
        }
    }

    private static uint ByDefinition(ReadOnlySpan<byte> bytes)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in bytes)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xEDB88320 : crc >> 1;
            }
        }

        return ~crc;
    }
}

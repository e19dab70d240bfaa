using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Forno.Torch;

namespace Forno.Tests.Torch;

public class AbiTests
{
    [Fact]
    public void ValuesLieAsTheBridgeExpects()
    {
        Native.ft_abi(out int size, out int tag, out int len, out int payload);
        Assert.Equal(Unsafe.SizeOf<Native.Value>(), size);
        Assert.Equal((int)Marshal.OffsetOf<Native.Value>(nameof(Native.Value.Tag)), tag);
        Assert.Equal((int)Marshal.OffsetOf<Native.Value>(nameof(Native.Value.Length)), len);
        Assert.Equal((int)Marshal.OffsetOf<Native.Value>(nameof(Native.Value.Int)), payload);
    }
}

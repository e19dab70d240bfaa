using System.Globalization;
using System.Text;
using Forno.TestKit;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Tests.Vision;

public sealed class NcnnTests : IDisposable
{
    private const int Features = 5,
        Scale = 2;
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void APairGivesWhatTheSameWeightsGiveOtherwise(bool half)
    {
        using var scope = new Scope();
        Dictionary<string, long[]> keys = TinyUpscalers.Compact(Scale, Features, 1);
        using var pair = Upscaler.Load(Write(Lines(), half));
        using var plain = Upscaler.Load(TinyUpscalers.Write(folder.File("same.safetensors"), keys));
        Assert.Equal(plain.Info.ToString(), pair.Info.ToString());
        Tensor x = TinyUpscalers.Picture(9, 11);
        float[] a = plain.Forward(x).ToArray<float>(),
            b = pair.Forward(x).ToArray<float>();
        Assert.All(a.Zip(b), p => Assert.Equal(p.First, p.Second, half ? 5e-3f : 1e-6f));
        using var byBin = Upscaler.Load(folder.File("net.bin"));
        Assert.Equal(b, byBin.Forward(x).ToArray<float>());
    }

    [Theory]
    [InlineData("PixelShuffle d 1 1 c2 s0 0=2", "PixelShuffle d 1 1 c2 s0 0=1")]
    [InlineData("Interp u 1 1 in1 s1 0=1 1=2 2=2", "Interp u 1 1 in1 s1 0=2 1=2 2=2")]
    [InlineData("Interp u 1 1 in1 s1 0=1 1=2 2=2", "Interp u 1 1 c2 s1 0=1 1=2 2=2")]
    [InlineData("BinaryOp a 2 1 s0 s1 out", "BinaryOp a 2 1 s0 s1 out 0=1")]
    [InlineData("PReLU p1 1 1 c1 q1 0=5", "ReLU p1 1 1 c1 q1 0=0.1")]
    [InlineData("3=1 4=1", "3=2 4=1")]
    public void OneThingWiredOtherwiseIsRefused(string was, string becomes)
    {
        string text = Lines();
        Assert.Contains(was, text);
        string file = Write(text.Replace(was, becomes), half: false);
        Assert.Contains("net.param", Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
    }

    [Theory]
    [InlineData("7767517", "7767518")]
    [InlineData("\n10 11\n", "\n11 11\n")]
    [InlineData("6=135", "6=136")]
    [InlineData("0=5 1=3", "0=5 1=x")]
    [InlineData("1 1 in0 c0", "9 9 in0 c0")]
    [InlineData("1 1 in0 c0", "1 1 nothing c0")]
    public void ADamagedTextIsRefused(string was, string becomes)
    {
        string text = Lines();
        Assert.Contains(was, text);
        string file = Write(text.Replace(was, becomes), half: false);
        Assert.Contains("net.", Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
    }

    [Fact]
    public void AWeightFileOfAnotherLengthIsRefused()
    {
        string file = Write(Lines(), half: true),
            bin = folder.File("net.bin");
        byte[] bytes = File.ReadAllBytes(bin);
        foreach (byte[] wrong in (byte[][])[bytes[..^4], [.. bytes, 0], [], bytes[4..]])
        {
            File.WriteAllBytes(bin, wrong);
            Assert.Contains(bin, Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
        }
        File.Delete(bin);
        Assert.Contains("net.bin", Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
    }

    private static string Lines() =>
        $"""
            7767517
            10 11
            Input input 0 1 data
            Split split 1 2 data in1 in0
            Convolution k0 1 1 in0 c0 0={Features} 1=3 3=1 4=1 5=1 6={3 * Features * 9}
            PReLU p0 1 1 c0 q0 0={Features}
            Convolution k1 1 1 q0 c1 0={Features} 1=3 3=1 4=1 5=1 6={Features * Features * 9}
            PReLU p1 1 1 c1 q1 0={Features}
            Convolution k2 1 1 q1 c2 0={3 * Scale * Scale} 1=3 3=1 4=1 5=1 6={Features * 3 * Scale * Scale * 9}
            PixelShuffle d 1 1 c2 s0 0={Scale}
            Interp u 1 1 in1 s1 0=1 1={Scale} 2={Scale}
            BinaryOp a 2 1 s0 s1 out

            """;

    private string Write(string text, bool half)
    {
        using var scope = new Scope();
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.ASCII, leaveOpen: true))
        {
            foreach (
                (string key, long[] shape) in TinyUpscalers
                    .Compact(Scale, Features, 1)
                    .OrderBy(k => int.Parse(k.Key.Split('.')[1], CultureInfo.InvariantCulture))
                    .ThenByDescending(k => k.Key)
            )
            {
                float[] values = TinyUpscalers.Random(key, shape).ToArray<float>();
                if (shape.Length == 4)
                {
                    writer.Write(half ? 0x01306B47u : 0u);
                }
                foreach (float value in values)
                {
                    if (half && shape.Length == 4)
                    {
                        writer.Write((Half)value);
                    }
                    else
                    {
                        writer.Write(value);
                    }
                }
                while (stream.Length % 4 != 0)
                {
                    writer.Write((byte)0);
                }
            }
        }
        File.WriteAllBytes(folder.File("net.bin"), stream.ToArray());
        File.WriteAllText(folder.File("net.param"), text);
        return folder.File("net.param");
    }
}

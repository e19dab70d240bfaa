using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.TestKit;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Tests.Vision;

public sealed class UpscalerTests : IDisposable
{
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("netG.")]
    [InlineData("module.netG.")]
    public void PrefixesThatEveryKeyHasAreCutOff(string prefix)
    {
        using var scope = new Scope();
        string plain = TinyUpscalers.Write(folder.File("plain.safetensors"), TinyUpscalers.Compact());
        using var a = Upscaler.Load(plain);
        string prefixed = folder.File("prefixed.safetensors");
        using (var file = SafetensorsFile.Open(plain))
        {
            SafetensorsWriter.Write(
                prefixed,
                [
                    .. file.Tensors.Values.Select(t =>
                        TensorToWrite.From(prefix + t.Name, t.Type, t.Shape, file.ReadBytes(t.Name))
                    ),
                ]
            );
        }
        using var b = Upscaler.Load(prefixed);
        Assert.Equal(a.Info.ToString(), b.Info.ToString());
        Tensor x = TinyUpscalers.Picture(9, 7);
        Assert.Equal(a.Forward(x).ToArray<float>(), b.Forward(x).ToArray<float>());
    }

    [Fact]
    public void APrefixThatOneKeyLacksStays()
    {
        var keys = TinyUpscalers.Compact().ToDictionary(k => "module." + k.Key, k => k.Value);
        keys["extra"] = [1];
        Assert.Contains("not an upscaler", Refused(keys));
    }

    [Theory]
    [InlineData("body.9.rdb1.conv1.weight")]
    [InlineData("conv_up7.weight")]
    [InlineData("body.0.rdb1.conv6.weight")]
    [InlineData("model.5.weight")]
    public void AKeyWithoutAPlaceIsNamed(string key)
    {
        Dictionary<string, long[]> keys = TinyUpscalers.Esrgan();
        keys[key] = [4, 4, 3, 3];
        Assert.Contains(key, Refused(keys));
    }

    [Fact]
    public void AMissingOrMisshapenTensorIsNamed()
    {
        Dictionary<string, long[]> keys = TinyUpscalers.Esrgan();
        keys.Remove("body.0.rdb2.conv3.bias");
        Assert.Contains("body.0.rdb2.conv3.bias is missing", Refused(keys));
        keys = TinyUpscalers.Compact();
        keys["body.2.weight"] = [6, 5, 3, 3];
        Assert.Contains("body.2.weight has shape [6, 5, 3, 3]", Refused(keys));
        keys = TinyUpscalers.Compact();
        keys["body.6.weight"] = [11, 6, 3, 3];
        keys["body.6.bias"] = [11];
        Assert.Contains("11 outputs", Refused(keys));
    }

    [Theory]
    [InlineData("lora_unet_x.lora_up.weight", "LoRA")]
    [InlineData("model.diffusion_model.input_blocks.0.0.weight", "Stable Diffusion")]
    [InlineData("something.else", "something.else")]
    public void OtherKindsAreNamedForWhatTheyAre(string key, string word) =>
        Assert.Contains(word, Refused(new Dictionary<string, long[]> { [key] = [2, 2] }));

    [Fact]
    public void SomethingThatIsNoWeightFileIsRefused()
    {
        string file = folder.File("4x.pth");
        File.WriteAllText(file, "<!doctype html><html>not found</html>");
        Assert.Contains("web page", Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
        File.WriteAllText(file, "some text");
        Assert.Contains(file, Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message);
        Assert.Contains(
            "no such file",
            Assert.Throws<FornoException>(() => Upscaler.Load(folder.File("none.pth"))).Message
        );
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 5)]
    [InlineData(6, 7)]
    [InlineData(8, 4)]
    public void SmallAndOddSizesComeOutAtTheirOwnScale(int height, int width)
    {
        using var scope = new Scope();
        foreach (
            (Dictionary<string, long[]> keys, int scale) in ((Dictionary<string, long[]>, int)[])
                [
                    (TinyUpscalers.Esrgan(2), 4),
                    (TinyUpscalers.Esrgan(0), 1),
                    (TinyUpscalers.Esrgan(2, 2), 2),
                    (TinyUpscalers.Esrgan(2, 4), 1),
                    (TinyUpscalers.Compact(3), 3),
                    (TinyUpscalers.Span(2), 2),
                ]
        )
        {
            using Upscaler model = Load(keys);
            Assert.Equal(scale, model.Info.Scale);
            Tensor y = model.Forward(TinyUpscalers.Picture(height, width));
            Assert.Equal([1, 3, height * scale, width * scale], y.Shape.ToArray());
            Assert.True(y.AllFinite());
        }
    }

    [Fact]
    public void TheFarthestPixelThatCountsIsTheReceptiveRadius()
    {
        using var scope = new Scope();
        foreach (
            Dictionary<string, long[]> keys in (Dictionary<string, long[]>[])
                [
                    TinyUpscalers.Esrgan(2),
                    TinyUpscalers.Esrgan(1),
                    TinyUpscalers.Esrgan(0),
                    TinyUpscalers.Compact(),
                    TinyUpscalers.Span(),
                ]
        )
        {
            using Upscaler model = Load(keys);
            int r = model.Info.ReceptiveRadius!.Value,
                side = (2 * r) + 9,
                at = r + 4;
            Tensor a = Tensor.Full([1, 3, side, side], 0.5),
                b = a.Clone();
            // large, so that its farthest traces are not lost in rounding
            b.Slice(2, at, at + 1).Slice(3, at, at + 1).Fill_(40);
            Tensor change = (model.Forward(a) - model.Forward(b)).Abs();
            float[] rows =
            [
                .. Enumerable
                    .Range(0, side * model.Info.Scale)
                    .Select(y => (float)change.Slice(2, y, y + 1).Max().Item()),
            ];
            int first = Array.FindIndex(rows, v => v > 0) / model.Info.Scale,
                last = Array.FindLastIndex(rows, v => v > 0) / model.Info.Scale;
            Assert.InRange(Math.Max(at - first, last - at), r - 2, r);
        }
    }

    [Fact]
    [Trait("Category", "Long")]
    public void AOneChannelModelSeesThreePictures()
    {
        using var scope = new Scope();
        Dictionary<string, long[]> keys = TinyUpscalers.Esrgan(1);
        keys["conv_first.weight"] = [4, 1, 3, 3];
        keys["conv_last.weight"] = [1, 4, 3, 3];
        keys["conv_last.bias"] = [1];
        using Upscaler model = Load(keys);
        Tensor x = TinyUpscalers.Picture(8, 10),
            y = model.Forward(x);
        Assert.Equal([1, 3, 16, 20], y.Shape.ToArray());
        float[] one = model.Forward(x.Slice(1, 1, 2)).ToArray<float>(),
            same = y.Slice(1, 1, 2).ToArray<float>();
        Assert.All(one.Zip(same), p => Assert.Equal(p.First, p.Second, 1e-5f));
    }

    private Upscaler Load(Dictionary<string, long[]> keys) =>
        Upscaler.Load(TinyUpscalers.Write(folder.File("model.safetensors"), keys));

    private string Refused(Dictionary<string, long[]> keys)
    {
        string file = TinyUpscalers.Write(folder.File("model.safetensors"), keys);
        string message = Assert.Throws<FornoException>(() => Upscaler.Load(file)).Message;
        Assert.StartsWith(file, message, StringComparison.Ordinal);
        return message;
    }
}

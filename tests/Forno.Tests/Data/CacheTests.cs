using Forno.Data;
using Forno.Imaging;
using Forno.Torch;

namespace Forno.Tests.Data;

[Collection(Alone.Name)]
public sealed class CacheTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-cache-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void PicturesBecomeCroppedAndMirroredTensors()
    {
        // 4x2, red rises by 40 a column, green by 100 a row
        byte[] pixels = Enumerable
            .Range(0, 8)
            .SelectMany(i => new[] { (byte)(i % 4 * 40), (byte)(i / 4 * 100), (byte)255 })
            .ToArray();
        string path = Save("a.png", pixels, 4, 2);
        Assert.Equal(new PictureInfo(new Size(4, 2), false), PictureLoader.Measure(path));
        using var scope = new Scope();
        var fit = new BucketFit
        {
            Original = new(4, 2),
            Resized = new(4, 2),
            Bucket = new(2, 2),
        };
        var straight = PictureLoader.Load(path, fit, 1, 0, flip: false);
        Assert.Equal([3, 2, 2], straight.Shape.ToArray());
        float[] Row(params int[] values) => [.. values.Select(v => ((v / 255f) - 0.5f) / 0.5f)];
        Assert.Equal(Row(40, 80, 40, 80, 0, 0, 100, 100, 255, 255, 255, 255), straight.ToArray<float>());
        Assert.Equal(Row(80, 40, 80, 40), PictureLoader.Load(path, fit, 1, 0, flip: true).ToArray<float>()[..4]);
        var changed = fit with { Original = new(5, 2) };
        Assert.Contains(
            "a.png",
            Assert.Throws<FornoException>(() => PictureLoader.Load(path, changed, 0, 0, false)).Message
        );
    }

    [Fact]
    public void PicturesAreResizedBeforeTheCrop()
    {
        string path = Save("wide.png", [.. Enumerable.Range(0, 8 * 2 * 3).Select(i => (byte)(i / 3 % 8 * 30))], 8, 2);
        var fit = new BucketFit
        {
            Original = new(8, 2),
            Resized = new(4, 1),
            Bucket = new(2, 1),
        };
        using var scope = new Scope();
        // columns 0..7 hold 0, 30, ... 210; pairs average to 15, 75, 135, 195, and the crop keeps the middle two
        float[] want = [.. new[] { 75, 135 }.Select(v => ((v / 255f) - 0.5f) / 0.5f)];
        Assert.Equal(
            [.. want, .. want, .. want],
            PictureLoader.Load(path, fit, fit.CropLeft, fit.CropTop, flip: false).ToArray<float>()
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void LatentsAreComputedOnceBothWays(bool disk)
    {
        var data = Scan(flip: true);
        long live = Tensor.LiveCount;
        int calls = 0;
        Tensor Encode(Tensor pictures, IReadOnlyList<string> keys)
        {
            calls += keys.Count;
            return pictures.Slice(1, 0, 1) * 2;
        }

        using (var cache = new LatentCache("vae", disk ? Path.Combine(folder, "cache") : null, Encode))
        {
            cache.Fill(data.Items, batchSize: 2);
            cache.Fill(data.Items, batchSize: 2);
            Assert.Equal(6, calls);
            using var scope = new Scope();
            foreach (var item in data.Items)
            {
                float[] want = (
                    PictureLoader.Load(item.Example.Path, item.Fit, 0, 0, true).Slice(0, 0, 1) * 2
                ).ToArray<float>();
                Assert.Equal(want, cache.Get(item, flip: true).ToArray<float>());
                Assert.NotEqual(want, cache.Get(item, flip: false).ToArray<float>());
            }
        }

        using (var other = new LatentCache("vae", disk ? Path.Combine(folder, "cache") : null, Encode))
        {
            other.Fill(data.Items, batchSize: 4);
            Assert.Equal(disk ? 6 : 12, calls);
        }

        using (var foreign = new LatentCache("another vae", disk ? Path.Combine(folder, "cache") : null, Encode))
        {
            foreign.Fill(data.Items, batchSize: 4);
            Assert.Equal(disk ? 12 : 18, calls);
        }

        Assert.Equal(live, Tensor.LiveCount);
    }

    [Fact]
    public void TornChangedAndForeignFilesAreBuiltAgain()
    {
        string folder = Path.Combine(this.folder, "cache");
        string key = TensorCache.Key("a", "b");
        Assert.NotEqual(key, TensorCache.Key("ab"));
        Assert.NotEqual(key, TensorCache.Key("a", "b", ""));
        using var scope = new Scope();
        var value = new Dictionary<string, Tensor>
        {
            ["x"] = Tensor.From(new float[] { 1, 2, 3 }, 3),
            ["y"] = Tensor.Ones([2, 2]).To(DType.BFloat16),
        };
        void Put()
        {
            using var cache = new TensorCache(folder);
            cache.Put(key, value);
        }

        bool Has()
        {
            using var cache = new TensorCache(folder);
            return cache.Has(key);
        }

        Put();
        Assert.True(Has());
        string path = Path.Combine(folder, key + ".safetensors");
        byte[] good = File.ReadAllBytes(path);
        for (int length = 0; length < good.Length; length += 7)
        {
            File.WriteAllBytes(path, good[..length]);
            Assert.False(Has(), $"cut to {length}");
        }

        byte[] flipped = good.ToArray();
        flipped[^1] ^= 1;
        File.WriteAllBytes(path, flipped);
        Assert.False(Has());
        Put();
        Assert.Equal(good, File.ReadAllBytes(path));
        File.Move(path, Path.Combine(folder, TensorCache.Key("c") + ".safetensors"));
        using (var cache = new TensorCache(folder))
        {
            Assert.False(cache.Has(TensorCache.Key("c"))); // another key's value
            Assert.Throws<FornoException>(() => cache.Get(TensorCache.Key("c")));
        }
    }

    [Fact]
    public void ConditioningIsKeptByCaption()
    {
        int calls = 0;
        using var cache = new ConditioningCache(
            "clip",
            null,
            caption =>
            {
                calls++;
                return new Dictionary<string, Tensor> { ["context"] = Tensor.Full([2, 3], caption.Length) };
            }
        );
        cache.Fill(["a cat", "", "a cat"]);
        Assert.Equal(2, calls);
        using var scope = new Scope();
        Assert.Equal([5f, 5f, 5f, 5f, 5f, 5f], cache.Get("a cat")["context"].ToArray<float>());
        Assert.Throws<FornoException>(() => cache.Get("a dog"));
    }

    private Dataset Scan(bool flip)
    {
        var random = new Random(3);
        for (int i = 0; i < 3; i++)
        {
            byte[] pixels = new byte[16 * 16 * 3];
            random.NextBytes(pixels);
            Save($"{i}.png", pixels, 16, 16);
        }

        return Dataset.Scan(
            new DatasetSettings
            {
                Buckets = new BucketRules { Resolution = new(16, 16) },
                Subsets =
                [
                    new Subset
                    {
                        ImageDir = folder,
                        FlipAug = flip,
                        NumRepeats = 4,
                    },
                ],
            }
        );
    }

    private string Save(string name, byte[] pixels, int width, int height)
    {
        string path = Path.Combine(folder, name);
        using var picture = Picture.FromRgb(pixels, width, height);
        picture.SavePng(path);
        return path;
    }
}

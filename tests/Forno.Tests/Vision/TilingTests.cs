using Forno.Files;
using Forno.Imaging;
using Forno.TestKit;
using Forno.Torch;
using Forno.Vision;
using Forno.Vision.Upscaling;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Vision;

public sealed class TilingTests : IDisposable
{
    private const string RealWeights = "real-esrgan/models/realesrgan-x4plus-anime.param";
    private readonly ScratchFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void TilesCoverEveryPixelOnceWithinThePictureAndTheMemory() =>
        Prop.ForAll(
                Gen.Choose(1, 400)
                    .Four()
                    .Select(t => (Width: t.Item1, Height: t.Item2, Memory: t.Item3 * 20_000L, Radius: t.Item4 % 60))
                    .ToArbitrary(),
                c =>
                {
                    foreach (int step in (int[])[1, 4, 8])
                    {
                        UpscalerInfo info = Info(step, c.Radius);
                        IReadOnlyList<Tile> tiles = TilePlan.Build(
                            info,
                            c.Width,
                            c.Height,
                            new TileSettings { MemoryBytes = c.Memory }
                        );
                        byte[] seen = new byte[c.Width * c.Height];
                        int context = c.Radius;
                        foreach (Tile t in tiles)
                        {
                            Margins m = t.Margins;
                            Assert.Equal(0, (t.Left - m.Left) % step);
                            Assert.Equal(0, (t.Top - m.Top) % step);
                            Assert.True(
                                m.Left >= Math.Min(context, t.Left)
                                    && m.Right >= Math.Min(context, c.Width - t.Left - t.Width)
                            );
                            Assert.True(
                                m.Top >= Math.Min(context, t.Top)
                                    && m.Bottom >= Math.Min(context, c.Height - t.Top - t.Height)
                            );
                            for (int y = t.Top; y < t.Top + t.Height; y++)
                            {
                                for (int x = t.Left; x < t.Left + t.Width; x++)
                                {
                                    seen[(y * c.Width) + x]++;
                                }
                            }
                            // Cores never go below 32 pixels, which with their context may need more than very little
                            // memory.
                            long smallest =
                                (32 + step + (2L * (context + step))) * (32 + step + (2L * (context + step)));
                            Assert.True(
                                (long)t.FullWidth * t.FullHeight
                                    <= Math.Max(c.Memory / info.BytesPerPixel * 1.3, smallest),
                                $"{t}"
                            );
                        }
                        Assert.All(seen, n => Assert.Equal(1, n));
                    }
                }
            )
            .QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("esrgan4")]
    [InlineData("esrgan1")]
    [InlineData("unshuffle2")]
    [InlineData("compact")]
    [InlineData("span")]
    public void TilesGiveWhatTheWholePictureGives(string which)
    {
        using var scope = new Scope();
        using Upscaler model = Load(
            which switch
            {
                "esrgan4" => TinyUpscalers.Esrgan(2),
                "esrgan1" => TinyUpscalers.Esrgan(0),
                "unshuffle2" => TinyUpscalers.Esrgan(2, 2),
                "compact" => TinyUpscalers.Compact(),
                _ => TinyUpscalers.Span(),
            }
        );
        Tensor x = TinyUpscalers.Picture(53, 71),
            whole = model.Forward(x);
        Tensor tiled = TiledUpscale.Run(model, x, new TileSettings { Core = 18, Context = model.Info.ReceptiveRadius });
        Assert.InRange((whole - tiled).Abs().Max().Item(), 0, 1e-4 * whole.Abs().Max().Item());
        Tensor careless = TiledUpscale.Run(model, x, new TileSettings { Core = 18, Context = 0 });
        Assert.True(
            (whole - careless).Abs().Max().Item() > 1e-3,
            "without context there must be seams, or the test sees nothing"
        );
    }

    [Fact]
    public void TallPicturesAreDrawnInStripsWithoutATrace()
    {
        using var scope = new Scope();
        using Upscaler model = Load(TinyUpscalers.Esrgan(2, features: 8));
        // 8 features at 16 times the pixels: strips of some 48 MB are 94 rows of 1000.
        Tensor x = TinyUpscalers.Picture(230, 1000),
            whole = model.Forward(x);
        Tensor part = model.Forward(x.Slice(2, 60, 150).Contiguous(), new Margins(0, 25, 0, 25));
        Assert.InRange((whole.Slice(2, 340, 500) - part).Abs().Max().Item(), 0, 1e-4 * whole.Abs().Max().Item());
    }

    [Fact]
    public void TheDefaultsChooseTheTileFromTheMemoryAndDifferByLessThanOneLevel()
    {
        using Upscaler model = Load(TinyUpscalers.Compact());
        using Picture picture = Smooth(150, 110);
        byte[] whole = Upscaled(model, picture, new TileSettings { MemoryBytes = 1 << 30 });
        byte[] tiled = Upscaled(model, picture, new TileSettings { MemoryBytes = 1 << 20 });
        Assert.All(whole.Zip(tiled), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, 1));
    }

    [Fact]
    public void ProgressEndsAtTheWorkAnnouncedAndCancellingStops()
    {
        using Upscaler first = Load(TinyUpscalers.Compact(1)),
            second = Upscaler.Load(TinyUpscalers.Write(folder.File("b.safetensors"), TinyUpscalers.Compact(2)));
        var upscaler = new PictureUpscaler([second, first, second], new TileSettings { Core = 20 });
        Assert.Equal(4, upscaler.Scale);
        using Picture picture = Smooth(30, 25);
        var told = new Last();
        using Picture result = upscaler.Run(picture, told);
        Assert.Equal((120, 100), (result.Width, result.Height));
        Assert.Equal(upscaler.Work(30, 25), told.Value);
        Assert.Equal((30 * 25) + (60 * 50 * 2), told.Value);
        using var source = new CancellationTokenSource();
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => upscaler.Run(picture, null, source.Token));
    }

    [Fact]
    public void NothingIsLeakedAndTooLargeAResultIsRefusedBeforeAnyWork()
    {
        using Upscaler model = Load(TinyUpscalers.Compact(4));
        string message = Assert
            .Throws<FornoException>(() =>
                TiledUpscale.Run(
                    model,
                    new Pixels([], 20_000, 10_000, 3),
                    new TileSettings(),
                    "big.png",
                    _ => { },
                    default
                )
            )
            .Message;
        Assert.StartsWith("big.png: 80000×40000 pixels", message, StringComparison.Ordinal);
    }

    [FetchedFact("waifu2x", RealWeights)]
    [Trait("Category", "Long")]
    public void WithRealWeightsTheCappedContextStaysBelowOneLevel()
    {
        using var scope = new Scope();
        using var model = Upscaler.Load(Assets.Find("waifu2x", RealWeights));
        int context = model.Info.Context,
            s = model.Info.Scale;
        Assert.True(context < model.Info.ReceptiveRadius);
        const int Core = 24;
        int side = Core + (2 * context) + 40,
            from = (side - Core) / 2;
        Tensor x = TinyUpscalers.Picture(side, side),
            whole = model
                .Forward(x)
                .Clamp(0, 1)
                .Slice(2, from * s, (from + Core) * s)
                .Slice(3, from * s, (from + Core) * s);
        Tensor seen = x.Slice(2, from - context, from + Core + context)
            .Slice(3, from - context, from + Core + context)
            .Contiguous();
        double worst = (model.Forward(seen, new Margins(context, context, context, context)).Clamp(0, 1) - whole)
            .Abs()
            .Max()
            .Item();
        Assert.True(worst < 1 / 255.0, $"{worst}");
    }

    private static UpscalerInfo Info(int step, int radius) =>
        new()
        {
            Architecture = "x",
            Scale = 2,
            InputChannels = 3,
            OutputChannels = 3,
            TileStep = step,
            ReceptiveRadius = radius,
            Context = radius,
            BytesPerPixel = 1000,
            Measures = new Dictionary<string, object?>(),
        };

    private static byte[] Upscaled(Upscaler model, Picture picture, TileSettings settings)
    {
        using Picture result = new PictureUpscaler([model], settings).Run(picture);
        return result.ToArray();
    }

    private static Picture Smooth(int width, int height)
    {
        using var scope = new Scope();
        byte[] bytes = (TinyUpscalers.Picture(height, width).Clamp(0, 1) * 255)
            .Permute(0, 2, 3, 1)
            .To(DType.UInt8)
            .ToArray<byte>();
        return Picture.FromRgb(bytes, width, height);
    }

    private Upscaler Load(Dictionary<string, long[]> keys) =>
        Upscaler.Load(TinyUpscalers.Write(folder.File("a.safetensors"), keys));

    private sealed class Last : IProgress<long>
    {
        public long Value { get; private set; }

        public void Report(long value) => Value = value;
    }
}

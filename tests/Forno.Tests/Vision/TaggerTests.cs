using Forno.Imaging;
using Forno.TestKit;
using Forno.Vision.Onnx;
using Forno.Vision.Tagging;

namespace Forno.Tests.Vision;

/// <summary>
/// Taggers on networks whose answers are known: tags named after colours, their confidence the colour's share.
/// </summary>
public sealed class TaggerTests : IDisposable
{
    private readonly TempTree tree = new();

    public void Dispose() => tree.Dispose();

    [Theory]
    [InlineData(448, false, OnnxType.Float32)]
    [InlineData(32, false, OnnxType.Float32)]
    [InlineData(32, true, OnnxType.Float32)]
    [InlineData(16, true, OnnxType.Float16)]
    [InlineData(24, false, OnnxType.UInt8)]
    public void Wd14TakesBlueFirstOnAWhiteSquareInWhateverLayout(int side, bool channelsFirst, OnnxType type)
    {
        using var tagger = Tagger.Load(
            TinyTagger.Wd14(tree["wd"], side, channelsFirst, type: type),
            new TaggerOptions()
        );
        Assert.Equal(
            (side, side, channelsFirst, true),
            (tagger.Input.Width, tagger.Input.Height, tagger.Input.ChannelsFirst, tagger.Input.Bgr)
        );
        float[] square = Colours(tagger, Picture.Solid(50, 50, new Rgb(255, 51, 0)));
        Near([1, 0.2f, 0], square);
        // 2:1 becomes half white, 1:4 three quarters.
        Near([1, 0.6f, 0.5f], Colours(tagger, Picture.Solid(128, 64, new Rgb(255, 51, 0))));
        Near([0.75f, 0.75f, 1], Colours(tagger, Picture.Solid(40, 160, new Rgb(0, 0, 255))));
        // Transparency shows white.
        using var clear = Picture.FromPixels(new byte[64 * 64 * 4], 64, 64, 4);
        Near([1, 1, 1], Colours(tagger, clear));
    }

    [Theory]
    [InlineData(32)]
    [InlineData(64)]
    public void DeepDanbooruTakesRedFirstFromNoughtToOneAndDrawsEdgesOut(int side)
    {
        using var tagger = Tagger.Load(TinyTagger.DeepDanbooru(tree["dd"], side), new TaggerOptions());
        Assert.Equal("rating", tagger.Tags[^1].Category);
        Assert.Equal("character", tagger.Tags.Single(t => t.Name == "miku").Category);
        Near([1, 0.2f, 0], Colours(tagger, Picture.Solid(50, 50, new Rgb(255, 51, 0))));
        // A white square would make it lighter.
        Near([1, 0.2f, 0], Colours(tagger, Picture.Solid(128, 32, new Rgb(255, 51, 0))));
    }

    [Fact]
    public void AskedOtherwiseItsSamplesMeanSomethingElse()
    {
        TaggerFiles files = TinyTagger.Wd14(tree["wd"], 16, channelsFirst: false);
        using var tagger = Tagger.Load(files, new TaggerOptions { Bgr = false });
        Near([0, 0.2f, 1], Colours(tagger, Picture.Solid(50, 50, new Rgb(255, 51, 0))));
    }

    [Fact]
    public void FreeSizesFixedBatchesAndLogitsAreTaken()
    {
        using (
            var free = Tagger.Load(
                TinyTagger.Wd14(tree["free"], -1, channelsFirst: false),
                new TaggerOptions { Size = 40 }
            )
        )
        {
            Assert.Equal(40, free.Input.Width);
            Near([1, 0.2f, 0], Colours(free, Picture.Solid(50, 50, new Rgb(255, 51, 0))));
        }

        using (var usual = Tagger.Load(TinyTagger.Wd14(tree["free"], -1, channelsFirst: false), new TaggerOptions()))
        {
            Assert.Equal(448, usual.Input.Width);
        }

        using (
            var four = Tagger.Load(
                TinyTagger.Wd14(tree["four"], 16, channelsFirst: false, batch: 4),
                new TaggerOptions()
            )
        )
        {
            float[][] pictures =
            [
                .. Enumerable
                    .Range(0, 6)
                    .Select(i => four.Prepare(Picture.Solid(20, 20, new Rgb((byte)(i * 51), 0, 0)))),
            ];
            IReadOnlyList<float[]> got = four.Run(pictures);
            Assert.Equal([0, 0.2f, 0.4f, 0.6f, 0.8f, 1], got.Select(g => MathF.Round(g[Index(four, "red")], 3)));
        }

        using var logits = Tagger.Load(
            TinyTagger.Wd14(tree["logits"], 16, channelsFirst: false, logits: true),
            new TaggerOptions()
        );
        float red = logits.Run([logits.Prepare(Picture.Solid(20, 20, new Rgb(255, 0, 0)))])[0][Index(logits, "red")];
        Assert.Equal(1 / (1 + MathF.Exp(-10)), red, 4); // 20 · 1 − 10
    }

    [Fact]
    public void FilesThatAreMissingOrOfAnotherKindAreNamed()
    {
        Fails(
            () => TaggerFiles.Find(tree["wd-vit-tagger-v3"]),
            "Download model.onnx and selected_tags.csv of SmilingWolf/wd-vit-tagger-v3"
        );
        Fails(() => TaggerFiles.Find(tree["wd-vit-tager-v3"]), "wd-vit-tagger-v3", "selected_tags.csv", "tags.txt");
        Directory.CreateDirectory(tree["empty"]);
        Fails(() => TaggerFiles.Find(tree["empty"]), "there is no model.onnx in it");
        TaggerFiles files = TinyTagger.Wd14(tree["wd"], 16, channelsFirst: false);
        File.Delete(files.Tags);
        Fails(() => TaggerFiles.Find(tree["wd"]), "selected_tags.csv or tags.txt was looked for");
        tree.Write("wd/selected_tags.csv", "id,tag\n1,x\n");
        Fails(
            () => Tagger.Load(TaggerFiles.Find(tree["wd"]), new TaggerOptions()),
            "the columns name and category were expected"
        );
        tree.Write("wd/selected_tags.csv", "tag_id,name,category,count\n1,one,0,5\n2\n");
        Fails(() => Tagger.Load(TaggerFiles.Find(tree["wd"]), new TaggerOptions()), "row 3");
        tree.Write("wd/selected_tags.csv", "tag_id,name,category,count\n1,one,0,5\n2,\"two, \"\"three\"\"\",4,5\n");
        Assert.Equal(new KnownTag("two, \"three\"", "character"), TaggerTags.Read(tree["wd/selected_tags.csv"])[1]);
        Fails(
            () => Tagger.Load(TaggerFiles.Find(tree["wd"]), new TaggerOptions()),
            "with the 2 tags of",
            "'tags' (float32 [?, 7])"
        );
        tree.Write("wd/selected_tags.csv", "");
        Fails(() => Tagger.Load(TaggerFiles.Find(tree["wd"]), new TaggerOptions()), "it has no tags");
        tree.Write("wd/selected_tags.csv", [0x41, 0xC0, 0x41, 0xFF]);
        Fails(() => Tagger.Load(TaggerFiles.Find(tree["wd"]), new TaggerOptions()), "cannot be read");

        // A model that takes something else than pictures.
        tree.Write("text/tags.txt", "a\nb\n");
        new OnnxFile()
            .Input("ids", OnnxType.Int64, -1, 77)
            .Node("Identity", "ids", "y")
            .Output("y", OnnxType.Int64, -1, 77)
            .Save(tree["text/model.onnx"]);
        Fails(
            () => Tagger.Load(TaggerFiles.Find(tree["text"]), new TaggerOptions()),
            "a tagger was expected",
            "'ids' (int64 [?, 77])"
        );
        tree.Write("text/model.onnx", "<html>");
        Fails(
            () => Tagger.Load(TaggerFiles.Find(tree["text"]), new TaggerOptions()),
            "an ONNX model was expected, found a text"
        );
        tree.Write("text/other.onnx", "x");
        File.Delete(tree["text/model.onnx"]);
        tree.Write("text/third.onnx", "x");
        Fails(() => TaggerFiles.Find(tree["text"]), "it has several models (other.onnx, third.onnx)");

        static void Fails(Action action, params string[] says)
        {
            string message = Assert.Throws<FornoException>(action).Message;
            Assert.All(says, s => Assert.True(message.Contains(s, StringComparison.Ordinal), message));
        }
    }

    private static int Index(Tagger tagger, string name) =>
        Enumerable.Range(0, tagger.Tags.Count).Single(i => tagger.Tags[i].Name == name);

    private static float[] Colours(Tagger tagger, Picture picture)
    {
        using Picture taken = picture;
        float[] all = tagger.Run([tagger.Prepare(taken)])[0];
        return [all[Index(tagger, "red")], all[Index(tagger, "green")], all[Index(tagger, "blue")]];
    }

    private static void Near(float[] expected, float[] got)
    {
        for (int i = 0; i < 3; i++)
        {
            Assert.True(
                MathF.Abs(expected[i] - got[i]) < 0.005f,
                $"expected {string.Join(" ", expected)}, got {string.Join(" ", got)}"
            );
        }
    }
}

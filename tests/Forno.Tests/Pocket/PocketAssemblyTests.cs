using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Pocket.Data;
using Forno.Pocket.Measures;
using Forno.Pocket.Training;
using Forno.TestKit;

namespace Forno.Tests.Pocket;

public sealed class PocketAssemblyTests(PocketTiny tiny) : IClassFixture<PocketTiny>
{
    [Fact]
    public void AssembledPartsLoadAndDraw()
    {
        string folder = tiny.Fake.Run("assembled");
        long bytes = PocketAssembly.Write(tiny.Parts, folder);
        Assert.Equal(
            ["pocket-clip.safetensors", "pocket.safetensors"],
            Directory.GetFiles(folder).Select(Path.GetFileName).Order()
        );
        Assert.Equal(bytes, Directory.GetFiles(folder).Sum(f => new FileInfo(f).Length));

        using var model = BaseModel.Load(Path.Combine(folder, PocketAssembly.CheckpointFile));
        Assert.Equal(ModelFamily.Sd15, model.Family);
        Assert.Equal((2, 8), (model.UNet.Config.Heads, model.UNet.Config.NormGroups));
        Assert.Equal(2, model.Text.Encoders[0].Config.Heads);
        Assert.Equal(8, model.Vae.Config.NormGroups);
        Assert.Equal(PocketData.Side, model.NativeSize);
        Assert.Equal("noto,twemoji,fluent-emoji-flat,fluent-emoji,emojione", model.Metadata[UNetRecipe.StylesKey]);

        using var clip = PocketClip.Load(model.Path, Path.Combine(folder, PocketAssembly.ClipFile));
        var drawn = DrawingMeasure.Of(
            model,
            clip,
            ["noto", "emojione"],
            new GenerateRequest
            {
                Prompt = "",
                Steps = 1,
                Seed = 5,
            },
            rounds: 2
        );
        Assert.Equal(
            (120, 65UL, "red heart"),
            (drawn.Pictures.Count, drawn.Pictures[60].Picture.Seed, drawn.Pictures[60].Concept)
        );
        Assert.Equal(2, drawn.StyleByRound.Count());
        Assert.Equal(drawn.StyleFound, drawn.StyleByRound.Average(), 9);
        Assert.Equal(
            ("red heart", "noto", 5UL),
            (drawn.Pictures[0].Concept, drawn.Pictures[0].Style, drawn.Pictures[0].Picture.Seed)
        );
        Assert.Equal("emojione", drawn.Pictures[1].Style);
        Assert.All(drawn.Pictures, p => Assert.Contains(p.SeenStyle, (string[])["noto", "emojione"]));
        Assert.InRange(drawn.StyleFound, 0, 1);
        Assert.Equal(drawn.Pictures.Count(p => p.SeenConcept == p.Concept) / 120.0, drawn.ConceptFound, 9);
        var judge = JudgeMeasure.Of(clip, model.Vae, tiny.Fake.Data, ["noto", "emojione"]);
        Assert.Equal(3, judge.Pictures); // the made-up data has three of the prompts
        Assert.All(
            (double[])[judge.Style, judge.Concept, judge.ReturnedStyle, judge.ReturnedConcept],
            share => Assert.InRange(share * 3 % 1, 0, 1e-9)
        );
        using Picture sheet = drawn.Sheet();
        Assert.True(
            sheet.Width > 10 * PocketData.Side && sheet.Height is > 6 * PocketData.Side and < 12 * PocketData.Side
        );
    }

    [Fact]
    public void MissingPartsAreNamedAndNothingIsWritten()
    {
        string folder = tiny.Fake.Run("refused");
        FornoException refused = Assert.Throws<FornoException>(() =>
            PocketAssembly.Write(
                tiny.Parts with
                {
                    UNet = tiny.Fake.Run("nounet"),
                    Clip = tiny.Fake.Run("noclip"),
                },
                folder
            )
        );
        Assert.Contains("`forno pocket train unet`", refused.Message);
        Assert.Contains("`forno pocket train clip`", refused.Message);
        Assert.DoesNotContain("`forno pocket train vae`", refused.Message);
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public void PartsInEachOthersPlacesAreRefusedAndTheOldFilesStay()
    {
        string folder = tiny.Fake.Run("kept");
        PocketAssembly.Write(tiny.Parts, folder);
        byte[] before = File.ReadAllBytes(Path.Combine(folder, PocketAssembly.CheckpointFile));
        Assert.Throws<FornoException>(() => PocketAssembly.Write(tiny.Parts with { UNet = tiny.Parts.Vae }, folder));
        Assert.Throws<FornoException>(() => PocketAssembly.Write(tiny.Parts with { Clip = tiny.Parts.Text }, folder));
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(folder, PocketAssembly.CheckpointFile)));
        Assert.Equal(2, Directory.GetFiles(folder).Length);
    }

    [Fact]
    public void MeasuresAreWithinTheirRanges()
    {
        using var clip = PocketClip.Load(tiny.Parts.Text, tiny.Parts.Clip);
        int[] training = tiny.Fake.Data.Indices(PocketSplit.Training);
        var measure = ClipMeasure.Of(clip, tiny.Fake.Data, training, 8);
        Assert.Equal((32, 8), (measure.Pictures, measure.Batch));
        Assert.InRange(measure.CaptionToPicture, 0, 1);
        Assert.Contains(
            "too few",
            Assert.Throws<FornoException>(() => ClipMeasure.Of(clip, tiny.Fake.Data, training)).Message
        );
    }

    [Fact]
    public void PromptsAreSixtyConceptsEvenlyOverTheStyles()
    {
        Assert.Equal(60, PocketPrompts.Concepts.Distinct().Count());
        Assert.Superset(
            new HashSet<string> { "red heart", "green apple", "cat face" },
            PocketPrompts.Concepts.ToHashSet()
        );
        IReadOnlyList<(string Concept, ArtSet Style)> five = PocketPrompts.For(new UNetRecipe().StylesInUse);
        Assert.All(five.GroupBy(p => p.Style), g => Assert.Equal(12, g.Count()));
        Assert.Equal("green apple, twemoji style", PocketPrompts.Prompt(five[1].Concept, five[1].Style));
        Assert.Contains("openmoji", Assert.Throws<FornoException>(() => PocketPrompts.For(["?"])).Message);
        Assert.Empty(
            PocketPrompts.Concepts.Intersect(
                PocketData.ReadHeldOut(Path.Combine(Goldens.RepositoryRoot, "pocket", "held-out.txt"))
            )
        );
    }

    [Fact]
    public void TheRealPocketIsSmallEnoughToShip()
    {
        static long Count(IReadOnlyDictionary<string, long[]> keys) =>
            keys.Values.Sum(s => s.Aggregate(1L, (a, b) => a * b));
        UNetLayout unet = new UNetRecipe().Network.Layout;
        ClipPairRecipe clip = new();
        VaeLayout vae = VaeTraining.Config.Layout;
        var text = new TextLayout
        {
            Naming = TextNaming.HuggingFace,
            Width = clip.Text.Width,
            Layers = clip.Text.Layers,
            MlpWidth = clip.Text.MlpWidth,
        };
        Assert.InRange(Count(unet.Keys("")), 7_000_000, 7_400_000);
        // The image tower is the text tower without its tables, and 0.2 M more.
        long image = Count(text.Keys("")) - (text.Width * (49408L + 77)) + 200_000;
        Assert.True(
            2 * (Count(unet.Keys("")) + Count(vae.Keys("")) + Count(text.Keys("")) + image) < PocketAssembly.MostBytes
        );
        Assert.Equal(unet.ContextDim, clip.Text.Width);
    }
}

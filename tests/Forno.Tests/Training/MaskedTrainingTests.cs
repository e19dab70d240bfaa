using Forno.Imaging;
using Forno.Kohya;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Tests.Training;

[Collection(Alone.Name)]
public class MaskedTrainingTests
{
    private const string Masked = "masked_loss = true\nnetwork_train_unet_only = true";

    [Fact]
    public void WhiteMasksTrainBitForBitAsNone()
    {
        using var bare = new TrainRun("network_train_unet_only = true", pictures: 2);
        bare.Train();
        using var masked = new TrainRun(Masked, pictures: 2);
        WriteMasks(masked, (_, _) => 255);
        masked.Train();
        TrainerTests.AssertSameTensors(bare.Adapter, masked.Adapter);
    }

    [Fact]
    public void BlackMasksLeaveNothingToLearnAndHalfOnesAPart()
    {
        using var black = new TrainRun(Masked, pictures: 1);
        WriteMasks(black, (_, _) => 0);
        Assert.All(Losses(black), l => Assert.Equal(0, l));
        using var half = new TrainRun(Masked, pictures: 1);
        WriteMasks(half, (x, _) => (byte)(x < 32 ? 255 : 0));
        using var whole = new TrainRun("network_train_unet_only = true", pictures: 1);
        double[] some = Losses(half),
            all = Losses(whole);
        Assert.InRange(some[0], all[0] * 0.2, all[0] * 0.8);
    }

    [Fact]
    public void MasksBesideThePicturesOrNamedAreTheSame()
    {
        using var beside = new TrainRun(Masked, pictures: 2);
        WriteMasks(beside, (x, y) => (byte)(x + y));
        double[] want = Losses(beside);
        using var named = new TrainRun(Masked, pictures: 2);
        string masks = WriteMasks(named, (x, y) => (byte)(x + y));
        string elsewhere = Path.Combine(named.Folder, "elsewhere");
        Directory.Move(masks, elsewhere);
        File.AppendAllText(named.ConfigPath, $"\nconditioning_data_dir = \"{elsewhere}\"\n");
        Assert.Equal(want, Losses(named));
    }

    [Fact]
    public void ADatasetConfigNamesMasksOfEachFolder()
    {
        using var run = new TrainRun(Masked, pictures: 2);
        string masks = WriteMasks(run, (_, _) => 0);
        string pictures = Path.GetDirectoryName(masks)!;
        Directory.Move(masks, Path.Combine(run.Folder, "m"));
        string config = File.ReadAllText(run.ConfigPath)
            .Replace($"train_data_dir = \"{Path.Combine(run.Folder, "data")}\"", "dataset_config = \"data.toml\"");
        File.WriteAllText(run.ConfigPath, config);
        File.WriteAllText(
            Path.Combine(run.Folder, "data.toml"),
            $"""
            [[datasets]]
              [[datasets.subsets]]
              image_dir = "{pictures}"
              conditioning_data_dir = "m"
              num_repeats = 2
            """
        );
        Assert.All(Losses(run), l => Assert.Equal(0, l));
        File.WriteAllText(run.ConfigPath, config.Replace("masked_loss = true", ""));
        Assert.Contains(
            "set masked_loss = true",
            Assert.ThrowsAny<FornoException>(() => TrainRecipeReader.Read(run.ConfigPath)).Message
        );
    }

    [Fact]
    public void MaskedLossWithoutAMaskIsRefused()
    {
        using var run = new TrainRun(Masked);
        Assert.Contains(
            "no folder has masks",
            Assert.ThrowsAny<FornoException>(() => TrainRecipeReader.Read(run.ConfigPath)).Message
        );
        string masks = WriteMasks(run, (_, _) => 0);
        File.Delete(Path.Combine(masks, "p3.png"));
        Assert.Contains(
            "no mask for 1 of 5 pictures (p3.png)",
            Assert.Throws<FornoException>(() => run.Train()).Message
        );
        using var off = new TrainRun("conditioning_data_dir = \"somewhere\"");
        Assert.Contains(
            "set masked_loss = true",
            Assert.ThrowsAny<FornoException>(() => TrainRecipeReader.Read(off.ConfigPath)).Message
        );
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void TransparencyIsAMaskWithAlphaMask(bool cached)
    {
        using var run = new TrainRun(
            $"alpha_mask = true\nnetwork_train_unet_only = true\ncache_latents = {(cached ? "true" : "false")}",
            pictures: 1
        );
        byte[] clear = new byte[64 * 64 * 4];
        using (var picture = Picture.FromPixels(clear, 64, 64, 4))
        {
            picture.SavePng(Path.Combine(run.Folder, "data", "2_thing", "p0.png"));
        }

        Assert.All(Losses(run), l => Assert.Equal(0, l));
    }

    private static double[] Losses(TrainRun run)
    {
        var events = new List<TrainEvent>();
        run.Train(events: events);
        double[] losses = [.. events.OfType<TrainEvent.Stepped>().Select(s => s.Loss)];
        Assert.NotEmpty(losses);
        return losses;
    }

    private static string WriteMasks(TrainRun run, Func<int, int, byte> value)
    {
        string data = Path.Combine(run.Folder, "data", "2_thing");
        string masks = Directory.CreateDirectory(Path.Combine(data, "masks")).FullName;
        foreach (string path in Directory.GetFiles(data, "*.png"))
        {
            using var picture = Picture.Load(path);
            int width = picture.Width;
            byte[] rgb =
            [
                .. Enumerable
                    .Range(0, width * picture.Height)
                    .SelectMany(i => Enumerable.Repeat(value(i % width, i / width), 3)),
            ];
            using var mask = Picture.FromRgb(rgb, width, picture.Height);
            mask.SavePng(Path.Combine(masks, Path.GetFileName(path)));
        }

        return masks;
    }
}

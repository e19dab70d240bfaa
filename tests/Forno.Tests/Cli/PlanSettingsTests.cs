using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Kohya;
using Forno.Studio.Training;

namespace Forno.Tests.Cli;

/// <summary>What <c>forno plan</c> takes from a training configuration.</summary>
public sealed class PlanSettingsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-plan-settings-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("", "AdamW")]
    [InlineData("optimizer_type = \"Prodigy\"", "Prodigy")]
    [InlineData("use_8bit_adam = true", "AdamW8bit")]
    [InlineData("use_lion_optimizer = true", "Lion")]
    public void TheOptimizerIsTheOneThatTrains(string line, string optimizer) =>
        Assert.Equal(optimizer, new BakeChoice().Of(Open(line), CaptionSet.Of([])).Optimizer);

    [Fact]
    public void RatesThatDifferContradictAnOptimizerWithOne()
    {
        ConfigEdit config = Open("unet_lr = 1.0\ntext_encoder_lr = 0.5\nlearning_rate = 1.0");
        Assert.DoesNotContain("rates", Kinds("AdamW"));
        Assert.Contains("rates", Kinds("Prodigy"));

        IEnumerable<string> Kinds(string optimizer) => ConfigFindings.Rates(config, optimizer).Select(f => f.Kind.Name);
    }

    private ConfigEdit Open(string text)
    {
        string path = Path.Combine(folder, "train.toml");
        File.WriteAllText(path, text + "\n");
        return ConfigEdit.Open(path);
    }
}

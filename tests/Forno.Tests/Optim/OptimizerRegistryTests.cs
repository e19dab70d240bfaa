using Forno.Optim;
using Forno.Optim.Optimizers;

namespace Forno.Tests.Optim;

public class OptimizerRegistryTests
{
    [Theory]
    [InlineData("adamw", "AdamW")]
    [InlineData("torch.optim.AdamW", "AdamW")]
    [InlineData("torch.optim.adamw.AdamW", "AdamW")]
    [InlineData("prodigyopt.Prodigy", "Prodigy")]
    [InlineData("lion_pytorch.Lion", "Lion")]
    [InlineData("torch.optim.SGD", "SGD")]
    [InlineData("sgdnesterov", "SGDNesterov")]
    [InlineData("AdaFactor", "Adafactor")]
    [InlineData("DAdaptation", "DAdaptAdamPreprint")]
    [InlineData("dadaptation.experimental.DAdaptAdanIP", "DAdaptAdanIP")]
    [InlineData("schedulefree.AdamWScheduleFree", "AdamWScheduleFree")]
    [InlineData("prodigyplus.ProdigyPlusScheduleFree", "ProdigyPlusScheduleFree")]
    public void NamesAsUsersWriteThem(string written, string name) =>
        Assert.Equal(name, OptimizerRegistry.Known(written)?.Name);

    [Fact]
    public void NoNameMeansTwoOptimizers()
    {
        string[] names =
        [
            .. OptimizerRegistry.All.SelectMany(i => i.Names.Select(n => n.ToLowerInvariant()).Distinct()),
        ];
        Assert.Equal(names.Distinct(), names);
    }

    [Fact]
    public void UnknownNamesSayWhatIsNearAndWhatThereIs()
    {
        string typo = Assert
            .Throws<FornoException>(() => OptimizerRegistry.Find("Prodgy", "train.toml line 3"))
            .Message;
        Assert.StartsWith("train.toml line 3: ", typo, StringComparison.Ordinal);
        Assert.Contains("did you mean 'Prodigy'?", typo, StringComparison.Ordinal);
        Assert.EndsWith(
            $"Choose one of: {string.Join(", ", OptimizerRegistry.Names)}.",
            typo,
            StringComparison.Ordinal
        );

        Assert.Contains(
            "AdamW8bit is not yet supported",
            Assert.Throws<FornoException>(() => OptimizerRegistry.Find("adamw8bit")).Message,
            StringComparison.Ordinal
        );
    }

    [Theory]
    [InlineData("prodigy", true)]
    [InlineData("prodigyopt.Prodigy", true)]
    [InlineData("DAdaptLion", true)]
    [InlineData("Lion", false)]
    [InlineData("AdamW", false)]
    [InlineData("my.own.Optimizer", false)]
    public void WhoFindsItsOwnRate(string name, bool own) => Assert.Equal(own, OptimizerRegistry.FindsItsOwnRate(name));

    [Fact]
    public void OnesThatCanBeMadeFindTheirRateAsTheySay()
    {
        using var scope = new Forno.Torch.Scope();
        foreach (OptimizerInfo info in OptimizerRegistry.All.Where(i => i.Make is not null))
        {
            using Optimizer optimizer = info.Create(OptimizerTests.Groups(), new Dictionary<string, object?>());
            Assert.Equal(info.FindsItsOwnRate, optimizer.D is not null);
        }
    }
}

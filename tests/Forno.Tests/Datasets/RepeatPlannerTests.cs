using Forno.Datasets.Repeats;
using Forno.Findings;
using Forno.Tests.Datasets.Triggers;
using Forno.Tests.Findings;

namespace Forno.Tests.Datasets;

public class RepeatPlannerTests
{
    [Fact]
    public void ThreeConceptsOfThreeHundredEach()
    {
        RepeatPlan plan = Plan(new BakeSettings(), "a: 100", "b: 50", "c: 10");
        Assert.Equal([3, 6, 30], plan.Folders.Select(f => f.Repeats));
        Assert.All(plan.Folders, f => Assert.Equal(300, f.ImageSteps));
        Assert.Equal((8, 900, 7200), (plan.Epochs, plan.ImageSteps, plan.TotalImageSteps));
        Assert.Equal([2400, 2400, 2400], plan.Triggers.Select(t => t.Total));
        Assert.Empty(plan.Findings);
    }

    [Fact]
    public void ThreeOutfitsOfTwoHundredEachWithAdamW()
    {
        RepeatPlan plan = Plan(
            new BakeSettings { Optimizer = "AdamW" },
            "a: 20 anna outfit1",
            "b: 10 anna outfit2",
            "c: 5 anna outfit3"
        );
        Assert.Equal([10, 20, 40], plan.Folders.Select(f => f.Repeats));
        Assert.Equal(
            ("anna", true, 600, 4800),
            (plan.Triggers[0].Trigger, plan.Triggers[0].Main, plan.Triggers[0].PerEpoch, plan.Triggers[0].Total)
        );
        Assert.Equal([200, 200, 200], plan.Triggers.Skip(1).Select(t => t.PerEpoch));
        Assert.Equal(["few-pictures"], plan.Findings.Select(f => f.Kind.Name));
    }

    [Fact]
    public void TheSimpleRecipeReaches900And2500()
    {
        RepeatPlan plan = Plan(new BakeSettings { Recipe = RepeatRecipe.Simple, Batch = 2 }, "a: 23");
        Assert.Equal((40, 920, 6), (plan.Folders[0].Repeats, plan.ImageSteps, plan.Epochs));
        Assert.Equal(2760, plan.TotalImageSteps / 2);
        Assert.Equal((460, 2760), (plan.OptimizerSteps, plan.TotalOptimizerSteps));
        Assert.Contains("920 × 6 ÷ 2 = 2760", plan.Reasons[1]);
        RepeatPlan several = Plan(new BakeSettings { Recipe = RepeatRecipe.Simple }, "a: 30", "b: 10", "c: 7");
        Assert.Equal([10, 30, 43], several.Folders.Select(f => f.Repeats));
        Assert.Equal(3, several.Epochs); // 901 × 3 ≥ 2500
    }

    [Theory]
    [InlineData("Prodigy", false, false, false, false, 300, 100)]
    [InlineData("AdamW", false, false, false, false, 600, 200)]
    [InlineData("AdamW8bit", false, false, false, false, 600, 200)]
    [InlineData("DAdaptAdam", false, false, false, false, 300, 100)]
    [InlineData("Prodigy", true, true, false, false, 180, 60)]
    [InlineData("Prodigy", true, false, false, false, 300, 100)]
    [InlineData("Prodigy", false, false, true, false, 150, 50)]
    [InlineData("Prodigy", false, false, false, true, 100, 33)]
    [InlineData("Prodigy", true, true, true, true, 30, 10)]
    [InlineData("AdamW", true, true, true, false, 180, 60)]
    [InlineData("AdamW", true, true, false, true, 120, 40)]
    [InlineData("AdamW", false, false, true, true, 100, 33)]
    public void EveryFactor(string optimizer, bool snr, bool ip, bool sdxl, bool retro, int concept, int sub) =>
        Assert.Equal(
            (concept, sub),
            RepeatPlanner.Targets(
                new BakeSettings
                {
                    Optimizer = optimizer,
                    MinSnrGamma = snr,
                    IpNoiseGamma = ip,
                    Sdxl = sdxl,
                    Retro = retro,
                }
            )
        );

    [Theory]
    [InlineData("Prodigy", false, false, false, 2000, 3000, 3000)]
    [InlineData("Prodigy", true, false, false, 1500, 2500, 3000)]
    [InlineData("AdamW", false, false, false, 4000, 6000, 6000)]
    [InlineData("AdamW", true, false, false, 3000, 5000, 6000)]
    [InlineData("Prodigy", false, true, false, 1200, 1800, 3000)]
    [InlineData("Prodigy", false, false, true, 666, 1000, 3000)]
    public void RangesAndCaps(string optimizer, bool sdxl, bool gammas, bool retro, int low, int high, int cap)
    {
        BakeSettings settings = new()
        {
            Optimizer = optimizer,
            Sdxl = sdxl,
            MinSnrGamma = gammas,
            IpNoiseGamma = gammas,
            Retro = retro,
        };
        Assert.Equal((low, high), RepeatPlanner.Range(settings));
        Assert.Equal(cap, RepeatPlanner.Cap(settings));
    }

    [Fact]
    public void AlwaysRoundedDownAndNeverToNothing()
    {
        RepeatPlan plan = Plan(new BakeSettings(), "a: 7", "b: 299", "c: 301");
        Assert.Equal([42, 1, 1], plan.Folders.Select(f => f.Repeats));
        Assert.Contains(plan.Findings, f => f.Kind == FindingKind.ManyPictures && f.What.StartsWith("c "));
        Assert.Contains(plan.Findings, f => f.Kind == FindingKind.FewPictures && f.What.StartsWith("a has 7"));
    }

    [Fact]
    public void AFolderFeedsEveryTriggerItsCaptionsHold()
    {
        RepeatPlan plan = Plan(new BakeSettings(), "a: 50 anna outfit1", "b: 25 anna outfit2", "misc: 20 anna");
        Assert.Equal([2, 4, 5], plan.Folders.Select(f => f.Repeats));
        Assert.Equal(
            [("anna", 300), ("outfit1", 100), ("outfit2", 100)],
            plan.Triggers.Select(t => (t.Trigger, t.PerEpoch))
        );
        Assert.Contains("of which sub-concepts give 200: 100 ÷ 20", plan.Folders[2].Why);
        // Half of b's captions hold a pose that no folder is for.
        plan = Plan(
            new BakeSettings(),
            "a: 50 anna outfit1",
            "b: 13 anna outfit2",
            "b: 12 anna outfit2 jump",
            "misc: 20 anna"
        );
        Assert.Equal(48, plan.Triggers.Single(t => t.Trigger == "jump").PerEpoch);
    }

    [Fact]
    public void TwoFoldersOfOneOutfitShareItsSteps()
    {
        RepeatPlan plan = Plan(
            new BakeSettings(),
            "close: 10 anna outfit1",
            "far: 30 anna outfit1",
            "b: 20 anna outfit2"
        );
        Assert.Equal([5, 2, 2], plan.Folders.Select(f => f.Repeats)); // b, close, far
        Assert.Equal(100, plan.Folders[0].ImageSteps);
        Assert.Equal(80, plan.Folders[1].ImageSteps + plan.Folders[2].ImageSteps);
    }

    [Fact]
    public void ManyOutfitsPutTheCharacterOverTheCap()
    {
        string[] lines = [.. Enumerable.Range(1, 5).Select(i => $"f{i}: 10 anna outfit{i}")];
        RepeatPlan plan = Plan(new BakeSettings(), lines);
        Assert.Equal(500, plan.Triggers[0].PerEpoch);
        Finding cap = plan.Findings.Single(f => f.Kind == FindingKind.OverCap);
        Assert.Equal("anna: 4000 image steps, more than 3000 for Prodigy", cap.What);
        Assert.Contains("--epochs 6", cap.Fix());
        Assert.DoesNotContain(
            Plan(new BakeSettings { Epochs = 6 }, lines).Findings,
            f => f.Kind == FindingKind.OverCap
        );
        // 6000 for AdamW is reached, not passed.
        Assert.DoesNotContain(
            Plan(new BakeSettings { Optimizer = "AdamW", Epochs = 6 }, lines).Findings,
            f => f.Kind == FindingKind.OverCap
        );
        Assert.Contains(
            Plan(new BakeSettings { Optimizer = "AdamW", Epochs = 7 }, lines).Findings,
            f => f.Kind == FindingKind.OverCap
        );
    }

    [Fact]
    public void OneFolderOverHalfOfAllSteps()
    {
        Assert.Contains(
            Plan(new BakeSettings(), "a: 500", "b: 50").Findings,
            f => f.Kind == FindingKind.Half && f.What.Contains("500 of 800")
        );
        Assert.DoesNotContain(Plan(new BakeSettings(), "a: 500").Findings, f => f.Kind == FindingKind.Half);
    }

    [Fact]
    public void ScaleWeightNormsWithProdigyOnly()
    {
        Assert.Contains(
            Plan(new BakeSettings { ScaleWeightNorms = true }, "a: 50").Findings,
            f => f.Kind == FindingKind.ScaleWeightNorms
        );
        Assert.DoesNotContain(
            Plan(new BakeSettings { ScaleWeightNorms = true, Optimizer = "AdamW" }, "a: 50").Findings,
            f => f.Kind == FindingKind.ScaleWeightNorms
        );
    }

    [Fact]
    public void AnotherAdapterThanTheRecipesIsTold()
    {
        Assert.Empty(
            Plan(
                new BakeSettings
                {
                    Dim = 32,
                    Alpha = 16,
                    Network = "networks.lora",
                },
                "a: 50"
            ).Findings
        );
        Assert.Contains(
            "learns more slowly",
            Assert.Single(Plan(new BakeSettings { Dim = 32, Alpha = 1 }, "a: 50").Findings).Effect
        );
        Assert.Contains("learns faster", Assert.Single(Plan(new BakeSettings { Dim = 8 }, "a: 50").Findings).Effect);
        Assert.Equal(
            "network",
            Assert.Single(Plan(new BakeSettings { Network = "lycoris.kohya" }, "a: 50").Findings).Kind.Name
        );
    }

    [Fact]
    public void TooShortForSdxlIsTold()
    {
        RepeatPlan plan = Plan(new BakeSettings { Sdxl = true }, "a: 50");
        Assert.Equal(1200, plan.TotalImageSteps);
        Assert.Contains("--epochs 10", plan.Findings.Single(f => f.Kind == FindingKind.ShortTraining).Fix());
    }

    [Fact]
    public void OptimizerStepsAfterBatchAndAccumulation()
    {
        RepeatPlan plan = Plan(new BakeSettings { Batch = 4, Accumulation = 2 }, "a: 50");
        Assert.Equal((300, 38, 304), (plan.ImageSteps, plan.OptimizerSteps, plan.TotalOptimizerSteps));
    }

    [Fact]
    public void NonsenseIsRefused()
    {
        Assert.Throws<FornoException>(() => Plan(new BakeSettings { Batch = 0 }, "a: 5"));
        Assert.Throws<FornoException>(() => Plan(new BakeSettings()));
    }

    private static RepeatPlan Plan(BakeSettings settings, params string[] lines)
    {
        RepeatPlan plan = RepeatPlanner.Make(Scenes.Of(lines), settings);
        plan.Findings.Checked();
        return plan;
    }
}

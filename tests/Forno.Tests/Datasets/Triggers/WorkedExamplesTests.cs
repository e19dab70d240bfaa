using Forno.Datasets.Triggers;
using Forno.Tests.Findings;

namespace Forno.Tests.Datasets.Triggers;

/// <summary>The four examples that LoRA makers teach absorption with.</summary>
public class WorkedExamplesTests
{
    [Fact]
    public void OneOutfitOnly_CharacterAndOutfitDoTheSameThing()
    {
        AbsorptionTable table = Scenes.Table("outfit1: 50 anna outfit1 | blue_hair green_eyes red_dress");
        Assert.Equal("anna=outfit1", table.Fate("blue_hair"));
        Assert.Equal("anna=outfit1", table.Fate("green_eyes"));
        Assert.Equal("anna=outfit1", table.Fate("red_dress"));
        Assert.Equal(["same-extent"], table.FindingKinds());
        Assert.Equal("anna, outfit1 have the same 50 pictures", table.What("same-extent"));
        Assert.Contains("anna in other clothes", table.Findings[0].Fix());
    }

    [Fact]
    public void TwoOutfits_EachTakesWhatDiffersAndTheCharacterWhatIsCommon_ButNeverComesAlone()
    {
        AbsorptionTable table = Scenes.Table(
            "outfit1: 50 anna outfit1 | blue_hair green_eyes red_dress",
            "outfit2: 50 anna outfit2 | blue_hair green_eyes black_armor"
        );
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("anna", table.Fate("green_eyes"));
        Assert.Equal("outfit1", table.Fate("red_dress"));
        Assert.Equal("outfit2", table.Fate("black_armor"));
        Assert.Equal("anna is never seen without outfit1 or outfit2", table.What("misc-missing"));
        Assert.Equal("outfit1, outfit2 are never seen without anna", table.What("never-apart"));
        Assert.Equal(["misc-missing", "never-apart"], table.FindingKinds());
    }

    [Fact]
    public void TwoOutfitsAndMisc_TheCharacterIsFreedFromBoth()
    {
        AbsorptionTable table = Scenes.Table(
            "outfit1: 50 anna outfit1 | blue_hair red_dress",
            "outfit2: 50 anna outfit2 | blue_hair black_armor",
            "misc: 20 anna | blue_hair | shirt jeans"
        );
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("outfit1", table.Fate("red_dress"));
        Assert.Equal("outfit2", table.Fate("black_armor"));
        Assert.Equal(["never-apart"], table.FindingKinds());
    }

    [Fact]
    public void ThreeDressesAndASword_InSomePicturesOfEachDressWithATriggerOfItsOwn_TheSwordComesAlone()
    {
        AbsorptionTable table = Scenes.Table(
            "dress1: 30 anna dress1 | blue_hair red_dress",
            "dress1: 10 anna dress1 sword | blue_hair red_dress blade",
            "dress2: 30 anna dress2 | blue_hair green_dress",
            "dress2: 10 anna dress2 sword | blue_hair green_dress blade",
            "dress3: 30 anna dress3 | blue_hair white_dress",
            "dress3: 10 anna dress3 sword | blue_hair white_dress blade"
        );
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("dress1", table.Fate("red_dress"));
        Assert.Equal("dress2", table.Fate("green_dress"));
        Assert.Equal("dress3", table.Fate("white_dress"));
        Assert.Equal("sword", table.Fate("blade"));
        Assert.Equal("anna is never seen without dress1, dress2 or dress3", table.What("misc-missing"));
        Assert.Equal("dress1, dress2, dress3, sword are never seen without anna", table.What("never-apart"));
    }

    [Fact]
    public void ThreeDressesAndASword_InEveryPictureAndWithoutATrigger_TheCharacterTakesIt()
    {
        AbsorptionTable table = Scenes.Table(
            "dress1: 40 anna dress1 | blue_hair red_dress blade",
            "dress2: 40 anna dress2 | blue_hair green_dress blade",
            "dress3: 40 anna dress3 | blue_hair white_dress blade"
        );
        Assert.Equal("anna", table.Fate("blade"));
        Assert.Equal("dress2", table.Fate("green_dress"));
        Assert.Equal("blade: in every outfit (dress1, dress2, dress3), so anna takes it", table.What("every-outfit"));
    }

    [Fact]
    public void ThreeDressesAndASword_OnlyInSomePicturesOfOneDress_TheSwordBringsThatDress()
    {
        AbsorptionTable table = Scenes.Table(
            "dress1: 30 anna dress1 | blue_hair red_dress",
            "dress1: 10 anna dress1 sword | blue_hair red_dress blade",
            "dress2: 40 anna dress2 | blue_hair green_dress",
            "dress3: 40 anna dress3 | blue_hair white_dress"
        );
        Assert.Equal("sword", table.Fate("blade"));
        Assert.Equal("dress1", table.Fate("red_dress"));
        Assert.Equal(
            "dress1, dress2, dress3 are never seen without anna\nsword is never seen without dress1",
            table.What("never-apart")
        );
    }

    [Fact]
    public void ThreeDressesAndASword_InEveryPictureOfOneDress_SwordAndDressDoTheSameThing()
    {
        AbsorptionTable table = Scenes.Table(
            "dress1: 40 anna dress1 sword | blue_hair red_dress blade",
            "dress2: 40 anna dress2 | blue_hair green_dress",
            "dress3: 40 anna dress3 | blue_hair white_dress"
        );
        Assert.Equal("dress1=sword", table.Fate("blade"));
        Assert.Equal("dress1=sword", table.Fate("red_dress"));
        Assert.Equal("dress1, sword have the same 40 pictures", table.What("same-extent"));
    }

    [Fact]
    public void ThreeDressesAndASword_TheSwordAloneInAFolderOfItsOwn_ItIsFreeOfTheCharacter()
    {
        AbsorptionTable table = Scenes.Table(
            "dress1: 30 anna dress1 | blue_hair red_dress",
            "dress1: 10 anna dress1 sword | blue_hair red_dress blade",
            "dress2: 40 anna dress2 | blue_hair green_dress",
            "dress3: 40 anna dress3 | blue_hair white_dress",
            "swords: 20 sword | blade"
        );
        Assert.Equal("sword", table.Fate("blade"));
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.DoesNotContain("sword", table.What("never-apart"));
    }
}

using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;

namespace Forno.Tests.Findings;

public class RemedyTextTests
{
    private static readonly RemedyPlaces Cats = new()
    {
        Folders = ["my cats/"],
        Root = "my cats",
        Config = "conf/my train.toml",
        OptionsFile = "conf/my train.toml",
    };

    public static TheoryData<string, string, Remedy> Remedies =>
        new()
        {
            {
                "forno dataset clean 'my cats' --out NEW --mark",
                "forno dataset clean FOLDER --out NEW --mark",
                Fix.Run("dataset clean").OnDataSet().Changing().With("mark")
            },
            {
                "forno plan 'my cats' --config 'conf/my train.toml' --apply (writes it)",
                "forno plan FOLDER --config FILE --apply (writes it)",
                Fix.Run("plan").OnDataSet().WithConfig().With("apply").Noting("writes it")
            },
            {
                "forno caption trigger 'my cats/10_a' 'my cats' --character 'it'\\''s her'",
                "forno caption trigger FOLDER/10_a FOLDER --character 'it'\\''s her'",
                Fix.Run("caption trigger").OnParts("10_a", "").With("character", "it's her")
            },
            {
                "forno caption edit 'my cats' --replace OLD=NEW",
                "forno caption edit FOLDER --replace OLD=NEW",
                Fix.Run("caption edit").OnDataSet().Asking("replace", "OLD=NEW")
            },
            {
                "learning_rate = 1e-4 in my train.toml",
                "learning_rate = 1e-4 in the training configuration",
                Fix.Set("learning_rate", 1e-4)
            },
            {
                "caption_dropout_rate = 0.05 to 0.2 in my train.toml",
                "caption_dropout_rate = 0.05 to 0.2 in the training configuration",
                Fix.SetWithin("caption_dropout_rate", 0.05, 0.2)
            },
            { "n = 2 or more in my train.toml", "n = 2 or more in the training configuration", Fix.SetWithin("n", 2) },
            {
                "remove a, b and c from my train.toml",
                "remove a, b and c from the training configuration",
                Fix.Remove("a", "b", "c")
            },
            {
                "look, then network_dim = 32 and resolution = \"512,\\\"\" in my train.toml, "
                    + "then remove x from my train.toml",
                "look, then network_dim = 32 and resolution = \"512,\\\"\" in the training configuration, "
                    + "then remove x from the training configuration",
                Fix.All(
                    Fix.ByHand("look"),
                    Fix.Set("network_dim", 32),
                    Fix.Set("resolution", "512,\""),
                    Fix.Remove("x")
                )
            },
            {
                "flip_aug = false in my train.toml (now)",
                "flip_aug = false in the training configuration (now)",
                Fix.Set("flip_aug", false).Noting("now")
            },
        };

    [Theory]
    [MemberData(nameof(Remedies))]
    public void IsWrittenForThePlaceAtHand(string here, string anywhere, Remedy remedy)
    {
        Assert.Equal(here, RemedyText.Plain(remedy, Cats));
        Assert.Equal(anywhere, RemedyText.Plain(remedy, RemedyPlaces.Unknown));
        Assert.Equal($"{here}; or {here}", RemedyText.Line([remedy, remedy], Cats));
    }

    [Fact]
    public void AWorkFolderIsChangedInPlaceAndNothingElse()
    {
        RunCommand flatten = Fix.Run("dataset flatten").OnDataSet().Changing(),
            import = Fix.Run("dataset import").OnDataSet().IntoNew();
        RemedyPlaces work = Cats with { IsWork = true };
        Assert.Equal("forno dataset flatten 'my cats' --out NEW", CommandLineText.Of(flatten, Cats));
        Assert.Equal("forno dataset flatten 'my cats'", CommandLineText.Of(flatten, work));
        Assert.Equal("forno dataset import 'my cats' --out NEW", CommandLineText.Of(import, work));
    }

    [Fact]
    public void FoldersAreTypedAsAShellTakesThem()
    {
        RunCommand check = Fix.Run("dataset check").OnDataSet();
        string Typed(params string[] folders) => CommandLineText.Of(check, new RemedyPlaces { Folders = folders });
        Assert.Equal("forno dataset check a 'b c' ./-d /", Typed("a/", "b c", "-d", "/"));
        RunCommand part = Fix.Run("dataset check").OnParts("10_a");
        Assert.Equal("forno dataset check 10_a", CommandLineText.Of(part, Cats with { Root = "" }));
        Assert.Equal("forno dataset check /10_a", CommandLineText.Of(part, Cats with { Root = "/" }));
    }

    [Fact]
    public void MachinesGetThePartsAndSeeWhatIsToBeChosen()
    {
        Finding finding = new(
            FindingKind.Long,
            FindingLevel.Warning,
            "captions of many tokens",
            "The end is cut off.",
            Fix.All(Fix.Run("caption edit").OnDataSet().Asking("remove", "TAG"), Fix.Set("max_token_length", 225)),
            Fix.SetWithin("caption_dropout_rate", 0.05, 0.2).Noting("as well"),
            Fix.Remove("noise_offset"),
            Fix.ByHand("shorten them")
        );
        JsonElement row = JsonSerializer.SerializeToElement(FindingJson.Row(finding, Cats), JsonOutput.Options);
        Assert.Equal("long", row.GetProperty("kind").GetString());
        Assert.Equal(RemedyText.Line(finding.Remedies, Cats), row.GetProperty("fix").GetString());
        Assert.Equal(
            """
            [{"do":"steps","steps":[{"do":"run","command":"caption edit","arguments":[{"value":"my cats"},
            {"option":"remove","value":"TAG","choose":true}],"line":"forno caption edit 'my cats' --remove TAG"},
            {"do":"set","option":"max_token_length","value":225}]},
            {"do":"set_within","option":"caption_dropout_rate","least":0.05,"most":0.2,"note":"as well"},
            {"do":"remove","option":"noise_offset"},{"do":"by_hand","what":"shorten them"}]
            """.ReplaceLineEndings(""),
            JsonSerializer.Serialize(
                row.GetProperty("remedies"),
                new JsonSerializerOptions { Encoder = JsonOutput.Options.Encoder }
            )
        );
    }

    [Fact]
    public void AFindingHasARemedy() =>
        Assert.Throws<ArgumentException>(() => new Finding(FindingKind.Long, FindingLevel.Note, "long", "cut off"));
}

using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.TestKit;
using Forno.Workspace;

namespace Forno.Tests.Datasets.Triggers;

public class TriggerPlansTests
{
    private static readonly TriggerName Anna = new("anna", TriggerKind.Character),
        Armor = new("anna armor", TriggerKind.Outfit),
        Ink = new("ink", TriggerKind.Style);

    [Theory]
    [InlineData("1girl, red dress", "anna ||| 1girl, red dress")]
    [InlineData("1girl,red_dress", "anna ||| 1girl,red_dress")]
    [InlineData("", "anna |||")]
    [InlineData("1girl, anna, hat", "anna ||| 1girl, hat")]
    [InlineData("1girl, Anna, hat", "anna ||| 1girl, hat")]
    [InlineData("anna, hat", "anna ||| hat")]
    [InlineData("score_9 ||| hat", "score_9, anna ||| hat")]
    [InlineData("anna ||| hat", "anna ||| hat")]
    [InlineData("hat ||| bow ||| good", "hat, anna ||| bow ||| good")]
    [InlineData("A woman in a red dress.", "anna ||| A woman in a red dress.")]
    [InlineData("1girl\nsolo, hat\r\n", "anna ||| 1girl\nanna ||| solo, hat\r\n")]
    public void InFrontBehindABarrier(string before, string after) => Assert.Equal(after, Edited(before, Anna));

    [Fact]
    public void KindsHaveAnOrderWhateverComesFirst()
    {
        Assert.Equal("anna, anna armor, ink ||| hat", Edited("hat", Ink, Armor, Anna));
        Assert.Equal("anna, anna armor, ink ||| hat", Edited(Edited(Edited("hat", Ink), Armor), Anna));
        // what stands there stays
        Assert.Equal("masterpiece, anna, ink ||| hat", Edited("masterpiece, ink ||| hat", Anna));
    }

    [Fact]
    public void ForKeepTokensThereIsNoBarrier()
    {
        Assert.Equal("anna, hat", Edited(new TriggerSettings { Add = [Anna], Separator = false }, "hat"));
        Assert.Equal(
            "anna, anna armor, hat",
            Edited(new TriggerSettings { Add = [Anna, Armor], Separator = false }, "anna ||| hat, anna_armor")
        );
        Assert.Equal(
            "anna, anna armor, hat",
            Edited(new TriggerSettings { Add = [Armor], Separator = false }, "anna, hat")
        );
        TriggerOutcome outcome = TriggerPlans.Make(
            Set("anna, hat", "hat"),
            new TriggerSettings { Add = [Armor], Separator = false },
            [Anna]
        );
        Assert.Equal((1, 2), (outcome.Least, outcome.Most));
    }

    [Fact]
    public void OnlyWhereAnExpressionHolds()
    {
        TriggerOutcome outcome = TriggerPlans.Make(
            Set("1girl, sword", "1girl", "2girls, sword"),
            new TriggerSettings { Add = [Anna], Where = TagExpression.Parse("sword & 1girl") },
            []
        );
        Assert.Equal("0.png", Assert.Single(outcome.Plan.Steps).Subject);
        Assert.Equal(
            (0, 0),
            TriggerPlans.Make(
                Set("hat"),
                new TriggerSettings { Add = [Anna], Where = TagExpression.Parse("sword") },
                []
            )
                is var none
                ? (none.Least, none.Most)
                : default
        );
    }

    [Theory]
    [InlineData("")]
    [InlineData("a, b")]
    [InlineData("a ||| b")]
    [InlineData("a\nb")]
    [InlineData("{a|b}")]
    public void WhatCannotBeATriggerIsRefused(string name) =>
        Assert.Throws<FornoException>(() => TriggerPlans.Check(name));

    [Fact]
    public void TheTrainersShuffleNeverReachesATrigger()
    {
        // As Forno's trainer processes captions on every draw: by ||| and by keep_tokens.
        string barred = Edited("a, b, c, d, e, f", Anna, Armor),
            counted = Edited(new TriggerSettings { Add = [Anna, Armor], Separator = false }, "a, b, c, d, e, f");
        var first = new HashSet<string>();
        for (int draw = 0; draw < 50; draw++)
        {
            string one = Caption.Process(
                barred,
                new CaptionRules
                {
                    Shuffle = true,
                    TagDropoutRate = 0.5,
                    KeepTokensSeparator = "|||",
                },
                new CaptionState(1, 0, 1),
                KeyedRandom.For(1, "caption", draw, 0)
            );
            string two = Caption.Process(
                counted,
                new CaptionRules
                {
                    Shuffle = true,
                    TagDropoutRate = 0.5,
                    KeepTokens = 2,
                },
                new CaptionState(1, 0, 1),
                KeyedRandom.For(1, "caption", draw, 0)
            );
            Assert.StartsWith("anna, anna armor", one);
            Assert.StartsWith("anna, anna armor", two);
            Assert.DoesNotContain("|", one);
            first.Add(one);
        }

        Assert.True(first.Count > 10);
    }

    [Fact]
    public void TheFileOfTriggersKeepsWhatAUserWrote()
    {
        string text = TriggerFile.With(null, [Anna, Armor]);
        Assert.Contains("anna = \"character\"\n\"anna armor\" = \"outfit\"\n", text);
        string mine = text.Replace("anna =", "# the heroine\nanna  =");
        Assert.Equal(mine + "ink = \"style\"\n", TriggerFile.With(mine, [Anna, Ink]));
        Assert.Equal(
            mine.Replace("\"outfit\"", "\"object\""),
            TriggerFile.With(mine, [Armor with { Kind = TriggerKind.Object }])
        );
        using TempTree tree = new();
        Assert.Empty(TriggerFile.Read(tree["triggers.toml"]));
        tree.Write("triggers.toml", mine);
        Assert.Equal([Anna, Armor], TriggerFile.Read(tree["triggers.toml"]));
        tree.Write("triggers.toml", "[triggers]\na = \"hero\"\n");
        Assert.Contains(
            "line 2: 'a' must be one of",
            Assert.Throws<FornoException>(() => TriggerFile.Read(tree["triggers.toml"])).Message
        );
    }

    [Fact]
    public void WithoutAFileWhatStandsInFrontIsATrigger()
    {
        var traits = TraitLists.Read();
        Assert.Equal(
            ["anna", "armor9"],
            TriggerScenes
                .Names(Set("score_9, anna, armor9 ||| hat", "1girl, anna ||| blue hair", "other, hat"), [], traits)
                .Select(t => t.Name)
        );
        Assert.Equal(
            ["anna"],
            TriggerScenes.Names(Set("anna, hat", "anna, bow"), [], traits, keepTokens: 1).Select(t => t.Name)
        );
        Assert.Empty(TriggerScenes.Names(Set("anna, hat"), [], traits));
        Assert.Equal([Ink], TriggerScenes.Names(Set("anna ||| hat"), [Ink], traits));
    }

    internal static CaptionSet Set(params string?[] captions) =>
        CaptionSet.Of([
            .. captions.Select(
                (c, i) =>
                    new CaptionedPicture(
                        new PictureItem { Path = $"{i}.png", File = $"/none/{i}.png" },
                        c is null ? null : CaptionText.Parse(c)
                    )
                    {
                        File = c is null ? null : new Companion($"{i}.txt", $"/none/{i}.txt"),
                    }
            ),
        ]);

    private static string Edited(string before, params TriggerName[] add) =>
        Edited(new TriggerSettings { Add = add }, before);

    private static string Edited(TriggerSettings settings, string before)
    {
        PlanStep? step = TriggerPlans.Make(Set(before), settings, [Anna, Armor, Ink]).Plan.Steps.SingleOrDefault();
        return step?.Text?.After ?? before;
    }
}

using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Tests.Findings;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Datasets.Triggers;

/// <summary>Further situations, and the algebra.</summary>
public class AbsorptionTests
{
    [Fact]
    public void ABowOnAllOutfitsGoesToTheCharacter()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 20 anna outfit1 | blue_hair bow red_dress",
            "b: 20 anna outfit2 | blue_hair bow black_armor"
        );
        Assert.Equal("anna", table.Fate("bow"));
        // and not blue hair, which is hers
        Assert.Equal("bow: in every outfit (outfit1, outfit2), so anna takes it", table.What("every-outfit"));
    }

    [Fact]
    public void ABowOnAllOutfitsIsFreedByMiscWithoutIt_YetLeaks()
    {
        AbsorptionTable table = Scenes.Table("a: 20 anna outfit1 | bow", "b: 20 anna outfit2 | bow", "misc: 20 anna |");
        Assert.Equal("outfit1+outfit2; leaks anna", table.Fate("bow"));
        Assert.Contains("so anna takes it", table.What("every-outfit"));
        Assert.Equal(
            "outfit1+outfit2",
            Scenes.Table("a: 20 anna outfit1 | bow", "b: 20 anna outfit2 | bow", "misc: 40 anna |").Fate("bow")
        );
    }

    [Fact]
    public void ABowOnTwoOfThreeOutfitsIsSplit()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 20 anna outfit1 | bow",
            "b: 20 anna outfit2 | bow",
            "c: 40 anna outfit3 | cape"
        );
        Assert.Equal("outfit1+outfit2", table.Fate("bow"));
        Assert.Equal("bow: split between outfit1, outfit2", table.What("split"));
        Assert.DoesNotContain("every-outfit", table.FindingKinds());
    }

    [Fact]
    public void AnOutfitThatIsMostOfTheCharacterLeaksIntoIt()
    {
        AbsorptionTable table = Scenes.Table("a: 80 anna outfit1 | red_dress", "misc: 40 anna |");
        Assert.Equal("outfit1; leaks anna", table.Fate("red_dress"));
        Assert.Equal("red_dress: will turn up with anna, too", table.What("leak"));
        Assert.Equal("outfit1", Scenes.Table("a: 40 anna outfit1 | red_dress", "misc: 40 anna |").Fate("red_dress"));
    }

    [Fact]
    public void AFeatureThatComesAndGoesIsHeldInPart()
    {
        AbsorptionTable table = Scenes.Table("a: 12 anna | blue_hair hat", "a: 8 anna | blue_hair");
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("partly anna", table.Fate("hat"));
        Assert.Equal("hat: in some pictures of anna only", table.What("comes-and-goes"));
    }

    [Fact]
    public void WhatOneOutfitAlwaysShowsAndOthersSometimes()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 20 anna outfit1 | blush",
            "b: 10 anna outfit2 | blush",
            "b: 20 anna outfit2 |"
        );
        Assert.Equal("mostly outfit1; leaks anna,outfit2", table.Fate("blush")); // 30 of anna's 50 pictures
        Assert.Equal(2.0 / 3, table.Rows[0].Cells.Single(c => c.Trigger.Name == "outfit1").Share, 12);
        Assert.Equal(1.0 / 3, table.Rows[0].Cells.Single(c => c.Trigger.Name == "outfit2").Grip, 12);
    }

    [Fact]
    public void ATaggersMissesChangeNothing()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 19 anna outfit1 | blue_hair red_dress",
            "a: 1 anna outfit1 |",
            "b: 19 anna outfit2 | blue_hair black_armor",
            "b: 1 anna outfit2 | red_dress"
        );
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("outfit1", table.Fate("red_dress"));
        Assert.Equal("outfit2", table.Fate("black_armor"));
    }

    [Fact]
    public void TwoCharactersWithoutAPictureOfBothNeedAFolderForThem()
    {
        AbsorptionTable apart = Scenes.Table("a: 20 anna | blue_hair", "b: 20 bea | red_hair");
        Assert.Equal("anna", apart.Fate("blue_hair"));
        Assert.Equal("bea", apart.Fate("red_hair"));
        Assert.Equal("anna and bea are never in one picture", apart.What("pair"));
        Assert.Contains("anna+bea", apart.Findings.Single(f => f.Kind == FindingKind.Pair).Fix());
        AbsorptionTable together = Scenes.Table(
            "a: 20 anna | blue_hair",
            "b: 20 bea | red_hair",
            "both: 8 anna bea | blue_hair red_hair"
        );
        Assert.Empty(together.FindingKinds());
        Assert.Equal("anna", together.Fate("blue_hair"));
    }

    [Fact]
    public void ACharacterThatIsOnlySeenBesideAnotherIsAWarning()
    {
        AbsorptionTable table = Scenes.Table("a: 20 anna | blue_hair", "both: 10 anna bea | blue_hair red_hair");
        Assert.Equal("bea", table.Fate("red_hair"));
        Assert.Equal(FindingLevel.Warning, table.Findings.Single(f => f.Kind == FindingKind.NeverApart).Level);
        Assert.Equal("bea is never seen without anna", table.What("never-apart"));
    }

    [Fact]
    public void TwoCharactersThatAreOnlySeenTogetherAreOne()
    {
        AbsorptionTable table = Scenes.Table("both: 20 anna bea | blue_hair red_hair");
        Assert.Equal("anna=bea", table.Fate("blue_hair"));
        Assert.Equal("anna, bea have the same 20 pictures", table.What("same-extent"));
    }

    [Fact]
    public void AFolderWithNeitherTellsTwinsApart()
    {
        AbsorptionTable table = Scenes.Table("a: 20 anna outfit1 | blue_hair", "street: 12 | | jeans");
        Assert.Contains("street (12)", table.Findings.Single(f => f.Kind == FindingKind.SameExtent).Fix());
        Assert.Equal("12 pictures have no trigger: street (12)", table.What("without-trigger"));
    }

    [Fact]
    public void NearlyTheSameIsNearlyAsBad()
    {
        AbsorptionTable table = Scenes.Table("a: 48 anna outfit1 | blue_hair red_dress", "misc: 2 anna | blue_hair");
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal("outfit1; leaks anna", table.Fate("red_dress"));
        Assert.Equal("only 2 pictures of 50 distinguish anna and outfit1", table.What("nearly-same"));
        Assert.Equal("only 2 pictures of 50 show anna without outfit1", table.What("misc-missing"));
    }

    [Fact]
    public void AStyleTakesWhatAllPicturesHave()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 20 ink anna | monochrome blue_hair",
            "b: 20 ink bea | monochrome red_hair",
            "c: 20 ink | monochrome"
        );
        Assert.Equal("ink", table.Fate("monochrome"));
        Assert.Equal("anna", table.Fate("blue_hair"));
        Assert.Equal(["pair"], table.FindingKinds()); // to be within a style is no fault
    }

    [Fact]
    public void APoseAcrossOutfitsTakesOnlyItself()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 15 anna outfit1 | red_dress",
            "a: 5 anna outfit1 jump | red_dress midair",
            "b: 15 anna outfit2 | cape",
            "b: 5 anna outfit2 jump | cape midair",
            "misc: 10 anna |"
        );
        Assert.Equal("jump", table.Fate("midair"));
        Assert.Equal("outfit1", table.Fate("red_dress"));
        Assert.DoesNotContain("misc-missing", table.FindingKinds());
    }

    [Fact]
    public void PrunedWithoutATriggerGoesEverywhere()
    {
        AbsorptionTable table = Scenes.Table("a: 20 anna | blue_hair", "b: 10 | blue_hair");
        Assert.Equal("mostly anna", table.Fate("blue_hair"));
        Assert.Equal(10, table.Rows[0].Unclaimed);
        Assert.Equal("blue_hair: pruned in pictures without a trigger", table.What("unclaimed"));
        Assert.Equal(["no-trigger"], Scenes.Table("b: 10 | blue_hair").FindingKinds());
    }

    [Fact]
    public void PrunedInHalfOfAFolder()
    {
        AbsorptionTable table = Scenes.Table("a: 10 anna | blue_hair", "a: 10 anna | | blue_hair");
        Assert.Equal("partly anna", table.Fate("blue_hair"));
        Assert.Equal("blue_hair: pruned from some captions of a folder and left in others", table.What("half-pruned"));
    }

    [Fact]
    public void AForgottenTriggerIsTold()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 18 anna outfit1 | blue_hair",
            "a: 2 outfit1 | blue_hair",
            "misc: 20 anna | blue_hair"
        );
        Assert.Equal("captions lack anna, and others of their folder have it: a (2 of 20)", table.What("forgotten"));
        Assert.Equal("anna", table.Fate("blue_hair"));
    }

    [Fact]
    public void ATriggerThatIsAKnownTagIsContaminated()
    {
        TriggerScene scene = Scenes.Of("a: 20 red_dress | blue_hair") with
        {
            KnownTags = new HashSet<string> { "red dress" },
        };
        Assert.Contains("known-tag", AbsorptionTable.Make(scene).FindingKinds());
        Assert.DoesNotContain("known-tag", Scenes.Table("a: 20 annaX | blue_hair").FindingKinds());
    }

    [Fact]
    public void ATriggerThatTakesNothingIsTold()
    {
        AbsorptionTable table = Scenes.Table("a: 20 anna outfit1 | blue_hair", "misc: 20 anna | blue_hair | red_dress");
        Assert.Equal("no pruned feature goes to outfit1", table.What("takes-nothing"));
    }

    [Fact]
    public void KindsShowInTheSetsWhereNobodyTellsThem()
    {
        string[] lines = ["a: 20 anna outfit1 | blue_hair bow", "b: 20 anna outfit2 | blue_hair bow"];
        var table = AbsorptionTable.Make(Scenes.Of(_ => TriggerKind.Unknown, lines));
        Assert.Equal("anna", table.Fate("bow"));
        Assert.Contains("misc-missing", table.FindingKinds());
        Assert.Contains("bow", table.What("every-outfit"));
    }

    [Fact]
    public void RegionsPartThePictures()
    {
        AbsorptionTable table = Scenes.Table(
            "a: 20 anna outfit1 |",
            "b: 30 anna outfit2 |",
            "misc: 10 anna |",
            "c: 5 |"
        );
        Assert.Equal(
            ["30 anna outfit2", "20 anna outfit1", "10 anna", "5 "],
            table.Regions().Select(r => $"{r.Extent.Count} {string.Join(' ', r.Triggers.Select(t => t.Name))}")
        );
    }

    [Fact]
    public void ExtentsAreSets()
    {
        Gen<(int[], int[])> pairs = Gen.Choose(0, 149).ArrayOf().Two().Select(p => (p.Item1, p.Item2));
        Prop.ForAll(
                Arb.From(pairs),
                p =>
                {
                    var (a, b) = (p.Item1.ToHashSet(), p.Item2.ToHashSet());
                    Extent x = new(150, p.Item1),
                        y = new(150, p.Item2);
                    return x.Count == a.Count
                        && x.Members.SequenceEqual(a.Order())
                        && x.Overlap(y) == a.Intersect(b).Count()
                        && x.Or(y).Members.SequenceEqual(a.Union(b).Order())
                        && x.And(y).Members.SequenceEqual(a.Intersect(b).Order())
                        && x.Minus(y).Members.SequenceEqual(a.Except(b).Order())
                        && x.IsWithin(y) == a.IsSubsetOf(b)
                        && x.Equals(y) == a.SetEquals(b)
                        && (!x.Equals(y) || x.GetHashCode() == y.GetHashCode())
                        && Extent.All(150).Minus(x).Count == 150 - a.Count;
                }
            )
            .QuickCheckThrowOnFailure();
    }

    [Fact]
    public void NeitherOrderNorNamesDecide() =>
        Prop.ForAll(
                Arb.From(Random()),
                lines =>
                {
                    string expected = Verdicts(Scenes.Of(lines));
                    string[] turned = [.. lines.Reverse()];
                    TriggerScene scene = Scenes.Of(turned);
                    TriggerScene mixed = scene with
                    {
                        Triggers = [.. scene.Triggers.Reverse()],
                        Features = [.. scene.Features.OrderBy(f => f.Tag.GetHashCode())],
                        Groups = [.. scene.Groups.Reverse()],
                    };
                    // Other names in another alphabetical order, the same sets.
                    string renamed = Verdicts(
                        Scenes.Of([.. lines.Select(l => l.Replace("t1", "tZ").Replace("t2", "t1").Replace("tZ", "t2"))])
                    );
                    return Verdicts(mixed) == expected && Rename(renamed) == expected;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void MoreOfTheSameChangesNoVerdict() =>
        Prop.ForAll(
                Arb.From(Random()),
                lines => Verdicts(Scenes.Of(lines)) == Verdicts(Scenes.Of([.. lines, .. lines, .. lines]))
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void AnExtentOfFoldersTogetherIsTheUnionOfTheirs() =>
        Prop.ForAll(
                Arb.From(Random()),
                Arb.From(Random()),
                (first, second) =>
                {
                    string[] apart = [.. second.Select(l => "x" + l)]; // other folders
                    TriggerScene a = Scenes.Of(first),
                        b = Scenes.Of(apart),
                        both = Scenes.Of([.. first, .. apart]);
                    return both.Triggers.All(t =>
                            t.Extent.Members.SequenceEqual([
                                .. MembersOf(a, t.Name),
                                .. MembersOf(b, t.Name).Select(m => m + a.Pictures),
                            ])
                        )
                        && both.Triggers.All(t =>
                            t.Extent.Equals(
                                Extent.Union(both.Pictures, both.Groups.Select(g => g.Extent.And(t.Extent)))
                            )
                        )
                        && AbsorptionTable.Make(both).Regions().Sum(r => r.Extent.Count) == both.Pictures;
                }
            )
            .QuickCheckThrowOnFailure();

    [Fact]
    public void EveryFeatureHasATakerOrAReasonWhyNot() =>
        Prop.ForAll(
                Arb.From(Random()),
                lines =>
                    AbsorptionTable
                        .Make(Scenes.Of(lines))
                        .Rows.All(row =>
                            (
                                row.Cells.Any(c => c.Takes)
                                || row.Cells.Any(c => c.Verdict == AbsorptionVerdict.Partly)
                                || row.Unclaimed == row.Feature.Hidden.Count
                            )
                            && row.Takers.All(c => c.Pictures * 10 >= c.Trigger.Extent.Count * 9)
                            && row.Cells.All(c => c.Grip is > 0 and <= 1 && c.Share is > 0 and <= 1)
                        )
            )
            .QuickCheckThrowOnFailure();

    private static IEnumerable<int> MembersOf(TriggerScene scene, string trigger) =>
        scene.Triggers.FirstOrDefault(t => t.Name == trigger)?.Extent.Members ?? [];

    // Up to eight lines over four folders, four triggers and four features.
    private static Gen<string[]> Random()
    {
        Gen<string> words(string letter) =>
            Gen.SubListOf(Enumerable.Range(1, 4).Select(i => $"{letter}{i}")).Select(l => string.Join(' ', l));
        Gen<string> line =
            from folder in Gen.Choose(1, 4)
            from count in Gen.Choose(1, 30)
            from triggers in words("t")
            from hidden in words("f")
            select $"folder{folder}: {count} {triggers} | {hidden}";
        return line.NonEmptyListOf().Select(l => l.Take(8).ToArray());
    }

    private static string Verdicts(TriggerScene scene)
    {
        var table = AbsorptionTable.Make(scene);
        return string.Join(
            '\n',
            table
                .Rows.SelectMany(r =>
                    r.Cells.Select(c => $"{r.Feature.Tag} {c.Trigger.Name} {c.Verdict} {c.Grip:0.000} {c.Share:0.000}")
                )
                .Order(StringComparer.Ordinal)
        );
    }

    private static string Rename(string verdicts) =>
        string.Join(
            '\n',
            verdicts
                .Split('\n')
                .Select(l => l.Replace("t1", "tZ").Replace("t2", "t1").Replace("tZ", "t2"))
                .Order(StringComparer.Ordinal)
        );
}

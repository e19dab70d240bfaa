using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;

namespace Forno.Tests.Datasets.Captions;

/// <summary>The lists that ship do not contradict themselves or one another.</summary>
public class WordListTests
{
    private static readonly CleanLists Lists = new(null);
    private static readonly TraitLists Traits = TraitLists.Read();

    [Theory]
    [InlineData("traits", 2500)]
    [InlineData("synonyms", 250)]
    [InlineData("redundancy", 300)]
    [InlineData("useless", 80)]
    [InlineData("consolidation", 200)]
    [InlineData("split", 25)]
    public void NothingStandsTwice(string name, int least)
    {
        // "monochrome" is a style, and has a rule of its own; a word may be taken in at the left of several entries.
        string[] words =
        [
            .. WordLists.Read(name).Where(e => e.Section != TraitLists.Monochrome).SelectMany(e => Entries(name, e)),
        ];
        Assert.Empty(words.GroupBy(w => w).Where(g => g.Count() > 1).Select(g => g.Key));
        Assert.True(words.Length >= least, $"{words.Length}");
    }

    [Fact]
    public void ATagIsATraitOfOneCategoryOnly()
    {
        var sections = WordLists
            .Read("traits")
            .Where(e => e.Section != TraitLists.Monochrome)
            .SelectMany(e => e.Words.Select(w => (Word: TagExpression.Normal(w), e.Section)));
        Assert.Empty(
            sections.GroupBy(w => w.Word).Where(g => g.Select(w => w.Section).Distinct().Count() > 1).Select(g => g.Key)
        );
        Assert.All(
            WordLists.Read("traits").Where(e => e.Section == TraitLists.Monochrome).SelectMany(e => e.Words),
            w => Assert.Equal(TraitLists.Style, Traits.Of(TagExpression.Normal(w)))
        );
    }

    [Fact]
    public void AChosenWordIsNoneOfTheOthersAndOfTheSameCategory()
    {
        foreach (var (other, (chosen, entry)) in Lists.Synonyms)
        {
            Assert.False(Lists.Synonyms.ContainsKey(chosen), $"{entry.Source}: {chosen} is another's synonym");
            Assert.True(other != chosen, entry.Source);
            Assert.True(
                Written(other) is not { } a || Written(chosen) is not { } b || a == b,
                $"{entry.Source}: {other} is {Written(other)}, {chosen} is {Written(chosen)}"
            );
            Assert.True(
                Lists.Useless(chosen, chosen) is null && Lists.Useless(other, other) is null,
                $"{entry.Source}: {chosen} or {other} is useless"
            );
        }
    }

    // Of two tags the one that says more stays.
    [Fact]
    public void NothingIsTakenOutForALessTellingTag()
    {
        foreach (var (tag, implied) in Lists.Implied)
        {
            foreach (var (less, entry) in implied)
            {
                Assert.False(
                    Lists.Implied.TryGetValue(less, out var back) && back.ContainsKey(tag),
                    $"{entry.Source}: {tag} and {less} would take each other out"
                );
                Assert.False(
                    Lists.WordsOf(less) is { } longer && Lists.WordsOf(tag) is { } shorter && longer.Includes(shorter),
                    $"{entry.Source}: {less} says more than {tag}"
                );
                Assert.True(
                    Lists.Synonyms.GetValueOrDefault(less).Chosen is null,
                    $"{entry.Source}: {less} is written {Lists.Synonyms.GetValueOrDefault(less).Chosen}"
                );
                Assert.True(Lists.Useless(less, less) is null, $"{entry.Source}: {less} is useless");
            }

            Assert.True(
                Lists.Synonyms.GetValueOrDefault(tag).Chosen is null,
                $"{tag} is written {Lists.Synonyms.GetValueOrDefault(tag).Chosen}"
            );
        }
    }

    [Fact]
    public void TagsThatTheListsNameAreNotUseless()
    {
        Assert.DoesNotContain(Traits.Tags, t => Lists.Useless(t, t) is not null);
        Assert.DoesNotContain(
            Lists.Splits.SelectMany(s => s.Value.Words).Select(TagExpression.Normal),
            p => Lists.Useless(p, p) is not null || Lists.Synonyms.ContainsKey(p)
        );
    }

    [Fact]
    public void CleaningACleanCaptionChangesNothingWhateverTagMeetsAnother()
    {
        var cleaner = new CaptionCleaner(new CleanSettings());
        string[] tags =
        [
            .. Lists
                .Implied.Keys.Concat(Lists.Implied.Values.SelectMany(i => i.Keys))
                .Concat(Lists.Synonyms.Keys)
                .Distinct()
                .Where(t => !t.Contains(','))
                .Order(StringComparer.Ordinal),
        ];
        for (int i = 0; i + 7 < tags.Length; i += 3)
        {
            CaptionText once = cleaner.Clean(CaptionText.Of(tags[i..(i + 7)]));
            Assert.Equal(once.ToString(), cleaner.Clean(once).ToString());
            Assert.NotEmpty(once.Tags);
        }
    }

    [Theory]
    [InlineData("pigtails, twintails", "twintails")]
    [InlineData("gradient_hair, multicolored_hair", "gradient_hair")]
    [InlineData("white background, simple background", "white background")]
    [InlineData("red nail polish, nail polish", "red nail polish")]
    [InlineData("kitsunemimi, animal ears, fox tail, tail", "fox ears, fox tail")]
    [InlineData("alice band, gray skirt, denim, jeans", "hairband, grey skirt, jeans")]
    [InlineData("signature, watermark, 1girl", "signature, watermark, 1girl")]
    [InlineData("highres, original, alternate hairstyle, name connection, solo", "solo")]
    [InlineData("ripped jeans, denim pants", "ripped jeans")]
    public void WhatADanbooruHandExpects(string before, string after) =>
        Assert.Equal(after, new CaptionCleaner(new CleanSettings()).Clean(CaptionText.Parse(before)).ToString());

    [Theory]
    [InlineData("ombre hair", "hair-colour")]
    [InlineData("long blonde hair", "hair-colour")]
    [InlineData("space buns", "hair-style")]
    [InlineData("waist-length hair", "hair-style")]
    [InlineData("hand in another's hair", null)]
    [InlineData("teary eyes", null)]
    [InlineData("round eyes", "eyes")]
    [InlineData("oversized shirt", "garment-top")]
    [InlineData("heart-shaped eyewear", "ornaments")]
    [InlineData("bandaid on elbow", "ornaments")]
    [InlineData("thighhigh boots", "footwear")]
    [InlineData("kitten heels", "footwear")]
    [InlineData("tatami", "background")]
    [InlineData("living room", "background")]
    [InlineData("watercolor (medium)", "style")]
    [InlineData("wide shoulders", "body-size")]
    [InlineData("raccoon tail", "body")]
    [InlineData("smile", null)]
    [InlineData("holding sword", null)]
    [InlineData("torn shirt", null)]
    public void TraitsAsTheyAreUsed(string tag, string? category) => Assert.Equal(category, Traits.Of(tag));

    private static IEnumerable<string> Entries(string name, WordEntry entry) =>
        name switch
        {
            "redundancy" when entry.Left is { } left => [$"{entry.Section}: {TagExpression.Normal(left)}"],
            "split" => [TagExpression.Normal(entry.Left!)],
            // A word may be of one class of consolidation only.
            "consolidation" when entry.Section is not ("noun" or "several") => entry.Words.Select(TagExpression.Normal),
            "synonyms" => entry.Words.Select(TagExpression.Normal),
            "traits" => entry.Words.Select(w => $"{entry.Section}: {TagExpression.Normal(w)}"),
            _ => entry.Words.Select(w => $"{entry.Section}: {TagExpression.Normal(w)}"),
        };

    private static string? Written(string tag) => Traits.Tags.Contains(tag) ? Traits.Of(tag) : null;
}

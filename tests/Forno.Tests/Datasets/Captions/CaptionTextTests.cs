using Forno.Datasets.Captions;
using FsCheck;
using FsCheck.Fluent;

namespace Forno.Tests.Datasets.Captions;

public class CaptionTextTests
{
    [Theory]
    [InlineData("1girl, red dress,  solo ", "1girl|red dress|solo", 0, 0)]
    [InlineData(",a,,b\r\nc, d", "a|b", 0, 0)]
    [InlineData("sks, cat ||| solo, red", "sks|cat|solo|red", 2, 0)]
    [InlineData("sks|||solo ||| best, end", "sks|solo|best|end", 1, 2)]
    [InlineData("||| solo", "solo", 0, 0)]
    [InlineData("sks |||", "sks", 1, 0)]
    [InlineData("a {red, blue|green} b, c", "a {red, blue|green} b|c", 0, 0)]
    [InlineData(":{, c", ":{|c", 0, 0)]
    [InlineData("{a, b}, c", "{a|b}|c", 0, 0)]
    [InlineData("a | b, c || d", "a | b|c || d", 0, 0)]
    [InlineData("", "", 0, 0)]
    [InlineData(" , ,\n", "", 0, 0)]
    [InlineData("\na, b", "", 0, 0)] // the trainer reads the first line
    public void TagsStandBetweenCommas(string text, string tags, int kept, int ending)
    {
        var caption = CaptionText.Parse(text);
        Assert.Equal(tags, string.Join('|', caption.Tags));
        Assert.Equal((kept, ending), (caption.Kept, caption.Ending));
        Assert.Equal(text, caption.ToString());
        Assert.Equal(caption.Tags.Select(TagExpression.Normal), caption.Normal);
    }

    [Theory]
    [InlineData("a, b", "x|y", null, "x, y")]
    [InlineData("a,b\r\nmore, lines\r\n", "x|b", null, "x,b\r\nmore, lines\r\n")]
    [InlineData("a, b\n", "", null, "\n")]
    [InlineData("", "x|y", null, "x, y")]
    [InlineData("k ||| a, b", "k|b", null, "k ||| b")]
    [InlineData("k, ||| , a, b", "k|b", null, "k, ||| , b")]
    [InlineData("k|||a", "k|l|a", 2, "k, l|||a")]
    [InlineData("k ||| a", "k|a", 0, "k, a")]
    [InlineData("a, b", "sks|a|b", 1, "sks ||| a, b")]
    [InlineData("||| a, b", "b", null, "||| b")]
    [InlineData("||| a, b", "sks|b", 1, "sks ||| b")]
    [InlineData("k ||| a ||| e", "k|b|c|e", null, "k ||| b, c ||| e")]
    [InlineData("k ||| a ||| e", "k|e", null, "k ||| ||| e")]
    [InlineData("k ||| a", "k", null, "k |||")]
    [InlineData("a, b", " |x| ", null, "x")]
    [InlineData("  a,  b , ", "a|b", null, "  a,  b , ")] // nothing changed
    public void ChangedTagsKeepTheForm(string text, string tags, int? kept, string changed) =>
        Assert.Equal(changed, CaptionText.Parse(text).With(tags.Length == 0 ? [] : tags.Split('|'), kept).ToString());

    [Theory]
    [InlineData(
        "1girl, A woman stands in the rain, holding an umbrella. She smiles, red dress.",
        "1girl|A woman stands in the rain, holding an umbrella. She smiles, red dress."
    )]
    [InlineData("1girl, solo, A red, shiny car is parked., street", "1girl|solo|A red, shiny car is parked.|street")]
    [InlineData("1girl, Hatsune Miku, she sings, loudly.", "1girl|Hatsune Miku, she sings, loudly.")]
    [InlineData("k-on!, solo, :o, !?, ..., dr. stone", "k-on!|solo|:o|!?|...|dr. stone")]
    [InlineData("Love Live!, solo", "Love Live!|solo")]
    public void ASentenceIsAUnit(string text, string units)
    {
        var caption = CaptionText.Parse(text);
        Assert.Equal(units, string.Join('|', caption.Tags));
    }

    [Theory]
    [InlineData("a photo of a cat", true)]
    [InlineData("A woman with long hair is standing in front of a building, smiling.", true)]
    [InlineData("a woman with long hair standing in front of a building, holding a big cup of tea", true)]
    [InlineData("sks ||| A woman stands.", true)]
    [InlineData("sks, A woman stands.", false)]
    [InlineData("1girl, solo, looking at viewer, hand on own hip, the legend of zelda", false)]
    [InlineData("the legend of zelda: breath of the wild", false)]
    [InlineData("ganyu (twilight blossom) (genshin impact)", false)]
    [InlineData("face with tears of joy", false)]
    [InlineData("that_time_i_got_reincarnated_as_a_slime_and_was_happy", false)]
    [InlineData("", false)]
    [InlineData("sks", false)]
    public void NaturalLanguageIsKnown(string text, bool prose) => Assert.Equal(prose, CaptionText.Parse(text).IsProse);

    [Fact]
    public void AMegabyteIsReadInNoTime()
    {
        string text = string.Join(", ", Enumerable.Range(0, 100_000).Select(i => $"tag {i}"));
        var caption = CaptionText.Parse(text);
        Assert.Equal(100_000, caption.Tags.Count);
        Assert.Equal(99_999, caption.With([.. caption.Tags.Skip(1)]).Tags.Count);
        string braces = new('{', 500_000);
        Assert.Equal(braces, CaptionText.Parse(braces).Tags.Single());
        string prose = string.Concat(Enumerable.Repeat("A cat is here, yes. ", 20_000));
        Assert.Single(CaptionText.Parse(prose).Tags);
    }

    [Fact]
    public void AnyTextIsKeptAndAnyEditIsReadBackAsWritten()
    {
        string[] bits =
        [
            "a",
            "cat",
            ",",
            ", ",
            " ",
            "|||",
            "|",
            "{",
            "}",
            "\n",
            "\r\n",
            ".",
            "A dog is here",
            "é",
            "\\(",
            "_",
        ];
        Gen<string> texts = Gen.Elements(bits).ListOf().Select(b => string.Concat(b));
        Gen<string[]> tags = Gen.Elements("x", "y z", "red_dress", ":3").ListOf().Select(t => t.ToArray());
        Prop.ForAll(
                texts.ToArbitrary(),
                tags.ToArbitrary(),
                (text, given) =>
                {
                    var caption = CaptionText.Parse(text);
                    Assert.Equal(text, caption.ToString());
                    Assert.Same(caption, caption.With(caption.Tags));
                    CaptionText changed = caption.With(given);
                    Assert.Equal(given, changed.Tags);
                    Assert.Equal(Math.Min(caption.Kept, given.Length), changed.Kept);
                    int end = text.IndexOfAny(['\r', '\n']);
                    Assert.EndsWith(end < 0 ? "" : text[end..], changed.ToString(), StringComparison.Ordinal);
                    Assert.Equal(
                        end < 0 ? -1 : changed.ToString().Length - (text.Length - end),
                        changed.ToString().IndexOfAny(['\r', '\n'])
                    );
                    CaptionText kept = caption.With(given, Math.Min(2, given.Length));
                    Assert.Equal(Math.Min(2, given.Length), kept.Kept);
                    foreach (CaptionText made in (CaptionText[])[changed, kept])
                    {
                        var read = CaptionText.Parse(made.ToString());
                        Assert.Equal(
                            (read.Kept, read.Ending, read.HasSeparator, read.PartedByBlanks),
                            (made.Kept, made.Ending, made.HasSeparator, made.PartedByBlanks)
                        );
                        Assert.Equal(read.Tags, made.Tags);
                        Assert.Equal(read.Normal, made.Normal);
                        Assert.Equal(
                            read.With(["n", "m", "o"], 1).ToString(),
                            made.With(["n", "m", "o"], 1).ToString()
                        );
                        Assert.Equal(read.With(["n", "m"]).ToString(), made.With(["n", "m"]).ToString());
                    }
                }
            )
            .QuickCheckThrowOnFailure();
    }
}

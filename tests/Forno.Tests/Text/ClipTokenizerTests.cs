using Forno.Text;

namespace Forno.Tests.Text;

public class ClipTokenizerTests
{
    private static readonly ClipTokenizer Tokenizer = ClipTokenizer.Default;

    [Fact]
    public void AKnownSentence() => Assert.Equal([320, 1125, 539, 320, 2368], Tokenizer.Encode("A photo of  a CAT"));

    [Theory]
    [InlineData("1girl, long_hair")]
    [InlineData("don't stop: it's 'the end' 2024!?")]
    [InlineData("初音ミク 🧙‍♀️ naïve")]
    public void DecodingGivesTheSameIdsAgain(string text)
    {
        List<int> ids = Tokenizer.Encode(text);
        string decoded = Tokenizer.Decode([.. ids]);
        Assert.Equal(text.Where(c => c != ' '), decoded.Where(c => c != ' '));
    }

    [Fact]
    public void TheTailIsCutAndTheRestPadded()
    {
        int[] row = Tokenizer.EncodePadded(string.Concat(Enumerable.Repeat("cat ", 100)), pad: 0);
        Assert.Equal(77, row.Length);
        Assert.Equal((49406, 49407), (row[0], row[76]));
        Assert.All(row[1..76], id => Assert.Equal(2368, id));
        Assert.Equal([49406, 2368, 49407, 0, 0], Tokenizer.EncodePadded("cat", pad: 0, length: 5));
        Assert.Equal([49406, 49407, 49407, 49407, 49407], Tokenizer.EncodePadded(" ", pad: 49407, length: 5));
    }

    [Fact]
    public void RowsWantAMultipleOf75() => Assert.Throws<FornoException>(() => Tokenizer.EncodeRows("cat", 0, 100));

    [Fact]
    public void AWordOfManyLettersIsQuick()
    {
        string word = new('a', 20_000);
        DateTime start = DateTime.UtcNow;
        Assert.NotEmpty(Tokenizer.Encode(word));
        Assert.True(DateTime.UtcNow - start < TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("ΟΔΟΣ", "οδος")]
    [InlineData("ΣΑΣ.Σ Σ", "σασ.ς σ")]
    [InlineData("Σ", "σ")]
    [InlineData("İI", "i\u0307i")]
    [InlineData("\U00010400", "\U00010428")]
    public void LowerCaseFollowsUnicode(string text, string lower) => Assert.Equal(lower, TextCleaner.Lower(text));

    [Theory]
    [InlineData("a\u0301", "á")]
    [InlineData("ﾊﾞ　Ａ", "バ A")]
    [InlineData("x\u001b[31;1my\u001bz", "xyz")]
    [InlineData("x\u001b[\u00001m", "x[1m")]
    [InlineData("a\r\nb\rc\u2028d\u0085", "a\nb\nc\nd…")]
    [InlineData("\ufeff“q” ‘s’ ŉ", "\"q\" 's' 'n")]
    [InlineData("&amp;amp;lt;", "<")]
    [InlineData("&lt;&amp;\n<&amp;\n&amp;", "<&\n<&amp;\n&amp;")]
    [InlineData("&NTILDE;&SZLIG;&LTIMES;&#59;&#1a;&amp", "ÑSS&LTIMES;&#59;&#1a;&amp")]
    public void RepairsAreFtfys(string text, string repaired) => Assert.Equal(repaired, TextCleaner.Fix(text));

    [Theory]
    [InlineData("&ampx &notit; &notin; &lt &LT;", "&x ¬it; ∉ < <")]
    [InlineData("&#0;&#x80;&#xD800;&#1;&#99999999999;&#x41z&#;", "\ufffd€\ufffd\ufffdAz&#;")]
    [InlineData("&bne; & &; &&gt;&nope;", "=\u20e5 & &; &>&nope;")]
    public void HtmlIsUnescapedByHtml5sRules(string text, string unescaped) =>
        Assert.Equal(unescaped, HtmlEntities.Unescape(text));

    [Fact]
    public void AFileThatIsNotTheVocabularyIsNamed()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, "#version\ni n\nzz top\n");
        Assert.Contains(path, Assert.Throws<FornoException>(() => ClipTokenizer.Load(path)).Message);
        File.WriteAllText(path, "let obj = {\"text\": 3}; export default obj;");
        Assert.Contains(path, Assert.Throws<FornoException>(() => ClipTokenizer.Load(path)).Message);
        File.Delete(path);
        Assert.Contains(path, Assert.Throws<FornoException>(() => ClipTokenizer.Load(path)).Message);
    }
}

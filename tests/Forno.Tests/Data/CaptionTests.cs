using System.Text;
using Forno.Data;
using Forno.Imaging;

namespace Forno.Tests.Data;

public sealed class CaptionTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-test-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void ReadsUtf8AndUtf16WithAnyLineEnd()
    {
        const string text = "  1girl, café 日本 \r\nsecond";
        foreach (
            var encoding in new Encoding[]
            {
                new UTF8Encoding(false),
                new UTF8Encoding(true),
                new UnicodeEncoding(false, true),
                new UnicodeEncoding(true, true),
            }
        )
        {
            File.WriteAllBytes(Path.Combine(folder, "a.txt"), [.. encoding.GetPreamble(), .. encoding.GetBytes(text)]);
            Assert.Equal("1girl, café 日本", Caption.Read(Path.Combine(folder, "a.png"), ".txt", wildcard: false));
            Assert.Equal(
                "1girl, café 日本\nsecond",
                Caption.Read(Path.Combine(folder, "a.png"), ".txt", wildcard: true)
            );
        }
    }

    [Fact]
    public void EmptyAndForeignFilesAreRefusedByName()
    {
        File.WriteAllText(Path.Combine(folder, "a.txt"), "");
        Assert.Contains(
            "a.txt",
            Assert.Throws<FornoException>(() => Caption.Read(Path.Combine(folder, "a.png"), ".txt", false)).Message
        );
        File.WriteAllBytes(Path.Combine(folder, "b.txt"), [0x63, 0x61, 0x66, 0xe9]);
        Assert.Contains(
            "UTF-8",
            Assert.Throws<FornoException>(() => Caption.Read(Path.Combine(folder, "b.png"), ".txt", false)).Message
        );
        Assert.Null(Caption.Read(Path.Combine(folder, "c.png"), ".txt", false));
    }

    [Fact]
    public void DropoutHappensAtItsRate()
    {
        var rules = new CaptionRules { DropoutRate = 0.25, TagDropoutRate = 0.5 };
        string[] captions = Enumerable
            .Range(0, 4000)
            .Select(i => Caption.Process("a, b, c, d", rules, new(1, 0, 100), KeyedRandom.For(3, "caption", 1, i)))
            .ToArray();
        // a quarter, and 1/16 of the rest lose all four tags
        Assert.InRange(captions.Count(c => c.Length == 0), 1000, 1350);
        Assert.InRange(captions.Sum(c => c.Split(", ", StringSplitOptions.RemoveEmptyEntries).Length), 5700, 6300);
    }

    [Fact]
    public void ScansFoldersAndTellsWhatIsMissing()
    {
        File.WriteAllText(Path.Combine(folder, "b.png"), "");
        File.WriteAllText(Path.Combine(folder, "A.JPG"), "");
        File.WriteAllText(Path.Combine(folder, "A.txt"), "tagged");
        File.WriteAllText(Path.Combine(folder, "notes.gif"), "");
        var settings = new DatasetSettings
        {
            Buckets = new BucketRules { Resolution = new(64, 64) },
            Subsets =
            [
                new Subset
                {
                    ImageDir = folder,
                    CaptionExtension = ".txt",
                    ClassTokens = "cat",
                },
            ],
        };
        var notices = new List<string>();
        var data = Dataset.Scan(settings, _ => new PictureInfo(new Size(80, 64), false), notices.Add);
        Assert.Equal(["tagged", "cat"], data.Items.Select(i => i.Example.Caption));
        Assert.Contains("1 of 2 pictures have no .txt file", Assert.Single(notices));
        var absent = settings with { Subsets = [new Subset { ImageDir = "/nowhere" }] };
        Assert.Contains("/nowhere", Assert.Throws<FornoException>(() => Dataset.Scan(absent, _ => default)).Message);
    }
}

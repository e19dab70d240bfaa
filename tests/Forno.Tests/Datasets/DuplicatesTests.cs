using System.Globalization;
using System.Text;
using Forno.Datasets.Duplicates;
using Forno.Imaging;
using Forno.Imaging.Measures;
using Forno.Workspace;

namespace Forno.Tests.Datasets;

public class DuplicatesTests
{
    // Faces that differ in mouth, eyes or hat only, in a scene of their own.
    private static readonly string[] Faces =
    [
        Face("M40 62 Q50 70 60 62"),
        Face("M40 66 Q50 58 60 66"),
        Face("M40 64 L60 64"),
        Face("M40 62 Q50 70 60 62", eye: "#2a6"),
        Face("M40 62 Q50 70 60 62", hat: "#c33"),
        Face("M40 62 Q50 70 60 62", wink: true),
        Face("M44 60 Q50 74 56 60 Z"),
    ];

    [Fact]
    public void PicturesThatDifferInMouthEyesOrHatStayApart()
    {
        using var set = new TestSet();
        foreach (string face in Faces)
        {
            set.Add(Draw(face, 512));
        }

        Assert.Empty(set.Find());
        Assert.Empty(set.Find(mirror: true));
    }

    [Fact]
    public void CopiesFindTheirOriginal()
    {
        using var set = new TestSet();
        List<int> originals = [];
        for (int i = 0; i < Faces.Length; i++)
        {
            using Picture face = Draw(Faces[i], 640);
            originals.Add(set.Add(face.Crop(0, 0, 640, 640)));
            set.Add(
                face.Resize(300, 300),
                face.Crop(16, 10, 600, 610),
                Jpeg(face, 25),
                Lit(face, v => v * 0.75),
                Lit(face, v => 255 * Math.Pow(v / 255, 0.8))
            );
        }

        IReadOnlyList<DuplicateGroup> groups = set.Find();
        Assert.Equal(originals, groups.Select(g => g.Kept));
        Assert.All(groups, g => Assert.Equal(Enumerable.Range(g.Kept + 1, 5), g.Others.Select(o => o.Id)));
        Assert.All(groups.SelectMany(g => g.Others), o => Assert.InRange(o.Similarity, 85, 100));
    }

    [Fact]
    public void MirroredCopiesCountOnlyWhenAsked()
    {
        using var set = new TestSet();
        using Picture face = Draw(Faces[5], 400);
        set.Add(face.Crop(0, 0, 400, 400), face.FlipHorizontal());
        Assert.Empty(set.Find());
        DuplicateGroup group = Assert.Single(set.Find(mirror: true));
        Assert.True(Assert.Single(group.Others).Mirrored);
    }

    [Fact]
    public void TheBestHasMostPixelsThenSharpnessThenFormat()
    {
        using var set = new TestSet();
        using Picture face = Draw(Faces[0], 512);
        using Picture small = face.Resize(128, 128);
        set.Add(face.Resize(300, 300), small.Resize(512, 512), face.Crop(0, 0, 512, 512));
        set.Add(".jpg", Jpeg(face, 80)); // sharper, but only by its own noise
        DuplicateGroup group = Assert.Single(set.Find());
        Assert.Equal(2, group.Kept);

        using var equal = new TestSet();
        equal.Add(".jpg", face.Crop(0, 0, 512, 512));
        equal.Add(".webp", face.Crop(0, 0, 512, 512));
        equal.Add(".png", face.Crop(0, 0, 512, 512));
        group = Assert.Single(equal.Find());
        Assert.Equal(2, group.Kept);
    }

    [Fact]
    public void EqualFilesAndPlainPicturesAreGroupedWithoutPairs()
    {
        using var set = new TestSet();
        for (int i = 0; i < 40; i++)
        {
            set.Add(Picture.Solid(64, 64, i % 2 == 0 ? Rgb.White : Rgb.Black));
        }

        IReadOnlyList<DuplicateGroup> groups = set.Find();
        Assert.Equal([19, 19], groups.Select(g => g.Others.Count));
        Assert.All(groups.SelectMany(g => g.Others), o => Assert.True(o.Exact));
    }

    [Theory]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(11)]
    public void TheIndexFindsExactlyWhatAllPairsFind(int radius)
    {
        var random = new Random(3);
        ulong[] hashes = new ulong[3000];
        for (int i = 0; i < hashes.Length; i++)
        {
            hashes[i] = i % 3 == 0 ? (ulong)random.NextInt64() : hashes[random.Next(i)];
            for (int flips = i % 3 == 0 ? 0 : random.Next(14); flips > 0; flips--)
            {
                hashes[i] ^= 1UL << random.Next(64);
            }
        }

        var index = new HashIndex(hashes);
        var found = new List<int>();
        int pairs = 0;
        for (int i = 0; i < hashes.Length; i += 7)
        {
            found.Clear();
            index.Near(hashes[i], radius, found);
            int[] want =
            [
                .. Enumerable.Range(0, hashes.Length).Where(j => PictureHash.Distance(hashes[i], hashes[j]) <= radius),
            ];
            Assert.Equal(want, found.Order());
            pairs += want.Length;
        }

        Assert.True(pairs > (hashes.Length / 7) + 50);
    }

    [Fact]
    public void TheSearchAndThePlainTestAgree()
    {
        using var set = new TestSet();
        foreach (string face in Faces)
        {
            using Picture drawn = Draw(face, 200);
            set.Add(drawn.Crop(0, 0, 200, 200), drawn.Crop(9, 3, 185, 190), drawn.FlipHorizontal());
        }

        PictureHash[] hashes = [.. set.Pictures.Select(p => p.Measures.Hash)];
        var search = new LookAlikes(hashes, mirror: true);
        List<Candidate> found = [];
        for (int i = 0; i < hashes.Length; i++)
        {
            search.Near(i, found);
            search.Announce();
            Candidate[] want =
            [
                .. new[] { false, true }.SelectMany(m =>
                    Enumerable
                        .Range(0, i)
                        .Where(j => LookAlikes.AreNear(hashes[i], hashes[j], m))
                        .Select(j => new Candidate(j, m))
                ),
            ];
            Assert.Equal(want, found);
        }
    }

    private static string Face(string mouth, string eye = "#333", string hat = "#36c", bool wink = false) =>
        Invariant.Text(
            $"""
            <svg xmlns="http://www.w3.org/2000/svg" width="100" height="100" viewBox="0 0 100 100">
              <rect width="100" height="100" fill="#cde"/><rect y="70" width="100" height="30" fill="#7a4"/>
              <rect x="70" y="30" width="20" height="45" fill="#a65"/>
              <circle cx="50" cy="52" r="24" fill="#fc6"/><circle cx="42" cy="47" r="3" fill="{eye}"/>
              {(
                wink
                    ? "<path d='M55 47 L62 47' stroke='#333' stroke-width='2'/>"
                    : $"<circle cx='59' cy='47' r='3' fill='{eye}'/>"
            )}
              <path d="M28 36 L50 14 L72 36 Z" fill="{hat}"/>
              <path d="{mouth}" stroke="#622" stroke-width="2.5" fill="none"/></svg>
            """
        );

    private static Picture Draw(string svg, int size)
    {
        using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), size, "face");
        return drawn.Flatten(Rgb.White);
    }

    private static Picture Jpeg(Picture picture, int quality) => Picture.Decode(picture.EncodeJpeg(quality), "jpeg");

    private static Picture Lit(Picture picture, Func<double, double> light)
    {
        byte[] pixels = [.. picture.ToArray().Select(v => (byte)Math.Clamp(light(v), 0, 255))];
        return Picture.FromRgb(pixels, picture.Width, picture.Height);
    }

    /// <summary>Pictures in memory, each of which counts as a file.</summary>
    private sealed class TestSet : IDisposable
    {
        private readonly List<Picture> held = [];
        private readonly PictureScanner scanner = new();

        public List<DuplicateInput> Pictures { get; } = [];

        public int Add(params Picture[] pictures) => Add(".png", pictures);

        public int Add(string extension, params Picture[] pictures)
        {
            int first = Pictures.Count;
            foreach (Picture picture in pictures)
            {
                held.Add(picture);
                byte[] hash = System.Security.Cryptography.SHA256.HashData([
                    .. picture.ToArray(),
                    .. Encoding.UTF8.GetBytes(extension),
                ]);
                string path = Invariant.Text($"{Pictures.Count:000}{extension}");
                Pictures.Add(
                    new DuplicateInput
                    {
                        Path = path,
                        Content = ContentKey.From(hash),
                        Measures = scanner.Scan(picture),
                        FormatRank = DuplicateInput.RankOf(path),
                    }
                );
            }

            return first;
        }

        public IReadOnlyList<DuplicateGroup> Find(bool mirror = false) =>
            DuplicateSearch.Find(Pictures, new DuplicateOptions { Mirror = mirror }, (i, side) => Close(held[i], side));

        public void Dispose() => held.ForEach(p => p.Dispose());

        private SmallPicture Close(Picture picture, int side)
        {
            scanner.Scan(picture);
            return scanner.Small(side);
        }
    }
}

using Forno.Imaging;
using Forno.TestKit;

namespace Forno.Tests.Datasets;

/// <summary>
/// The messy set itself. With FORNO_MESSY_SET the folder that it names is filled and left there, with pictures of
/// FORNO_MESSY_SIDE pixels (640): the set of the walk in docs/datasets.md.
/// </summary>
public class MessySetTests
{
    [Fact]
    [Trait("Category", "Long")]
    public void MoreThanThreeHundredPicturesWithEverythingThatGoesWrong()
    {
        if (Environment.GetEnvironmentVariable("FORNO_MESSY_SET") is { Length: > 0 } wanted)
        {
            string? side = Environment.GetEnvironmentVariable("FORNO_MESSY_SIDE");
            MessySet.Make(
                Path.GetFullPath(wanted),
                side is null ? 640 : int.Parse(side, System.Globalization.CultureInfo.InvariantCulture)
            );
        }

        using TempTree tree = new();
        var set = MessySet.Make(tree["set"], 96);
        Assert.True(set.Stills.Count - set.Duplicates.Count > 300, $"{set.Stills.Count} pictures");
        Assert.Equal(set.Stills.Count, set.Stills.Distinct().Count());
        Assert.True(set.Duplicates.Count >= 50 && set.Broken.Count >= 12);
        string[] files = Directory.GetFiles(tree["set"], "*", SearchOption.AllDirectories);
        HashSet<string?> formats =
        [
            .. files.Where(f => new FileInfo(f).LinkTarget is null).Select(PictureFormat.Detect),
        ];
        Assert.Superset(new HashSet<string?> { "png", "jpeg", "webp", "bmp", "tiff", "gif", "avif" }, formats);
        Assert.Contains(files, f => f.EndsWith(".jpg", StringComparison.Ordinal) && PictureFormat.Detect(f) == "png");
        MessySet.Make(tree["again"], 96);
        // Films and archives carry the time of their making.
        Assert.Equal(Stable(tree["set"]), Stable(tree["again"]));
    }

    private static string Stable(string root) =>
        string.Join('\n', TempTree.Picture(root).Split('\n').Where(l => !l.Contains(".zip ") && !l.Contains(".mp4 ")));
}

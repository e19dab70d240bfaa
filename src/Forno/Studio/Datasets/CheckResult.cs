using System.Text.Json.Serialization;
using Forno.Data;
using Forno.Datasets.Checks;
using Forno.Findings;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>A data set, checked.</summary>
/// <param name="Report">The same as the library has it.</param>
/// <param name="Rules">How the trainer will sort it.</param>
public sealed record CheckResult([property: JsonIgnore] SetReport Report, [property: JsonIgnore] BucketRules Rules)
{
    /// <summary>The training resolution, <c>512x512</c>.</summary>
    public string Resolution => Rules.Resolution.ToString();

    /// <summary>Findings about the set as a whole.</summary>
    public IReadOnlyList<Finding> Findings => Report.Findings;

    /// <summary>Buckets in use, ascending.</summary>
    public IEnumerable<BucketCount> Buckets =>
        Report.Buckets.Select(b => new BucketCount(b.Bucket.ToString(), b.Count));

    /// <summary>Pictures that show the same.</summary>
    public IEnumerable<DuplicateRow> Duplicates =>
        Report.Duplicates.Select(g => new DuplicateRow(
            PathOf(g.Kept),
            [.. g.Others.Select(o => new OtherRow(PathOf(o.Id), Math.Round(o.Similarity, 1), o.Mirrored, o.Exact))]
        ));

    /// <summary>The pictures that can be read, in order of path.</summary>
    public IEnumerable<CheckRow> Pictures => Report.Pictures.Select(p => new CheckRow(p));

    /// <summary>Files that cannot be read, and why.</summary>
    public IReadOnlyList<Problem> Problems => Report.Problems;

    private string PathOf(int picture) => Report.Pictures[picture].Picture.Item.Path;
}

/// <summary>A bucket in use.</summary>
/// <param name="Bucket">Its size, <c>512x768</c>.</param>
/// <param name="Pictures">How many pictures it has.</param>
public sealed record BucketCount(string Bucket, int Pictures);

/// <summary>Pictures that show the same.</summary>
/// <param name="Kept">The best of them.</param>
/// <param name="Others">The others.</param>
public sealed record DuplicateRow(string Kept, IReadOnlyList<OtherRow> Others);

/// <summary>A picture that shows the same as a better one.</summary>
/// <param name="Path">Its path within the data set.</param>
/// <param name="Similarity">How much alike they are, in percent.</param>
/// <param name="Mirrored">Whether it is mirrored.</param>
/// <param name="Exact">Whether the pixels are the same.</param>
public sealed record OtherRow(string Path, double Similarity, bool Mirrored, bool Exact);

/// <summary>A picture, checked.</summary>
/// <param name="Of">The same as the library has it.</param>
public sealed record CheckRow([property: JsonIgnore] CheckedPicture Of)
{
    /// <summary>Its path within the data set.</summary>
    public string Path => Of.Picture.Item.Path;

    /// <summary>Pixels across.</summary>
    public int Width => Of.Picture.Size.Width;

    /// <summary>Pixels down.</summary>
    public int Height => Of.Picture.Size.Height;

    /// <summary>The file's format.</summary>
    public string Format => Of.Picture.File.Format;

    /// <summary>The bucket that it is trained in, or null.</summary>
    public string? Bucket => Of.Fit?.Bucket.ToString();

    /// <summary>Its size after resizing for the bucket, or null.</summary>
    public string? Resized => Of.Fit?.Resized.ToString();

    /// <summary>How much it is enlarged (above 1) or made smaller, or null.</summary>
    public double? Scale => Of.Fit is { } fit ? Math.Round(PictureCheck.Scale(fit), 4) : null;

    /// <summary>The share of it that the bucket cuts off, 0 to 1, or null.</summary>
    public double? Cropped => Of.Fit is { } fit ? Math.Round(PictureCheck.CroppedShare(fit), 4) : null;

    /// <summary>How sharp it is.</summary>
    public double Sharpness => Math.Round(Of.Picture.Measures.Sharpness, 2);

    /// <summary>How much light and dark differ.</summary>
    public double Contrast => Math.Round(Of.Picture.Measures.Contrast, 2);

    /// <summary>How much its JPEG blocks show.</summary>
    public double Blockiness => Math.Round(Of.Picture.Measures.Blockiness, 3);

    /// <summary>Whether it has no colours.</summary>
    public bool Monochrome => Of.Picture.Measures.IsMonochrome;

    /// <summary>The share of its pixels that are transparent, 0 to 1.</summary>
    public double Transparent => Math.Round(Of.Picture.Measures.TransparentShare, 4);

    /// <summary>What is left of it without borders: left, top, width and height in pixels.</summary>
    public IReadOnlyList<int> Content =>
        Of.Picture.Measures.Content is var box ? [box.Left, box.Top, box.Width, box.Height] : [];

    /// <summary>How many texts are in it; null where none were looked for.</summary>
    public int? Texts => Of.Picture.Texts?.Texts.Count;

    /// <summary>The share of it that texts cover, 0 to 1; null where none were looked for.</summary>
    public double? TextCoverage => Of.Picture.Texts is { } texts ? Math.Round(texts.Coverage, 5) : null;

    /// <summary>Whether it has a caption.</summary>
    public bool HasCaption => Of.Picture.Caption is not null;

    /// <summary>What is wrong with it.</summary>
    public IReadOnlyList<Finding> Findings => Of.Findings;
}

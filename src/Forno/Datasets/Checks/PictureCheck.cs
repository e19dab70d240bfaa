using System.Globalization;
using Forno.Data;
using Forno.Datasets.Surveys;
using Forno.Findings;
using Forno.Imaging;
using Forno.Imaging.Measures;

namespace Forno.Datasets.Checks;

/// <summary>A picture with its place in training and what was found.</summary>
/// <param name="Picture">The picture.</param>
/// <param name="Fit">Its bucket; null where it is too small for any.</param>
/// <param name="Findings">Findings about it alone.</param>
public sealed record CheckedPicture(SurveyedPicture Picture, BucketFit? Fit, IReadOnlyList<Finding> Findings);

/// <summary>Rules about single pictures. Pure.</summary>
public static class PictureCheck
{
    /// <summary>Sharpness below which a picture that is not much reduced for training looks blurred.</summary>
    public const double SoftBelow = 40;

    /// <summary>
    /// … and as a share of its contrast squared: a drawing with few lines on a plain ground measures little and is
    /// sharp.
    /// </summary>
    public const double SoftShare = 0.012;

    /// <summary>Compression damage from which on it is visible; see <see cref="Blockiness"/>.</summary>
    public const double BlockyFrom = 0.5;

    /// <summary>Share of a picture in text boxes that is reported, and that is a warning.</summary>
    public const double TextFrom = 0.002,
        MuchText = 0.03;

    private const double MuchBlocky = 1.5,
        CropShare = 0.08,
        BorderShare = 0.02,
        MuchUpscaled = 1.5,
        LeastBucket = 0.75;
    private static readonly string[] TrainerFormats = ["png", "jpeg", "webp", "bmp"];
    private static readonly string[] TrainerExtensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    private static readonly string[] RetroTags =
    [
        "retro",
        "retro artstyle",
        "retro style",
        "1980s",
        "1980s (style)",
        "1980s style",
        "1990s",
        "1990s (style)",
        "1990s style",
        "80s",
        "90s",
    ];

    /// <summary>Whether a tag says that a picture is from the animation of the 1980s or 1990s.</summary>
    public static bool IsRetro(string tag) => RetroTags.Contains(tag);

    /// <summary>Looks at one picture.</summary>
    /// <param name="picture">The picture.</param>
    /// <param name="rules">How the trainer will sort it.</param>
    /// <param name="buckets">The buckets of these rules.</param>
    public static CheckedPicture Check(SurveyedPicture picture, BucketRules rules, Buckets buckets)
    {
        var found = new List<Finding>();
        BucketFit? fit = FitOf(picture, buckets, found);
        Trained(picture, found);
        if (fit is not null)
        {
            Sizes(picture, rules, fit, found);
        }

        Pixels(picture, fit, found);
        Text(picture, found);
        if (picture.Caption is null || picture.Caption.Trim().Length == 0)
        {
            found.Add(
                new Finding(
                    FindingKind.NoCaption,
                    FindingLevel.Note,
                    "no caption",
                    "Only the folder's class tokens teach it: whatever it shows sticks to the trigger.",
                    Fix.Run("caption tag").OnDataSet().Changing(),
                    Fix.ByHand("write its .txt")
                )
            );
        }

        return new CheckedPicture(picture, fit, found);
    }

    /// <summary>
    /// The tags of a caption: parts between commas, without blanks around, lower case, underscores as blanks.
    /// </summary>
    public static IEnumerable<string> Tags(string? caption) =>
        (caption ?? "")
            .Split([',', '\n'], StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
            .Select(t => t.Replace('_', ' ').ToLowerInvariant());

    /// <summary>The share of the picture that its bucket's crop takes away, 0 to 1.</summary>
    public static double CroppedShare(BucketFit fit) =>
        1 - ((double)fit.Bucket.Width * fit.Bucket.Height / ((double)fit.Resized.Width * fit.Resized.Height));

    /// <summary>How much the picture is enlarged (above 1) or reduced (below 1) for its bucket.</summary>
    public static double Scale(BucketFit fit) => (double)fit.Resized.Width / fit.Original.Width;

    private static BucketFit? FitOf(SurveyedPicture picture, Buckets buckets, List<Finding> found)
    {
        try
        {
            return buckets.Fit(picture.Size);
        }
        catch (FornoException)
        {
            found.Add(
                new Finding(
                    FindingKind.NoBucket,
                    FindingLevel.Bad,
                    $"{picture.Size} is less than one bucket step",
                    "With bucket_no_upscale the trainer stops at it.",
                    Fix.ByHand("remove it"),
                    Fix.Set("bucket_no_upscale", false)
                )
            );
            return null;
        }
    }

    private static void Trained(SurveyedPicture picture, List<Finding> found)
    {
        string extension = Path.GetExtension(picture.Item.Path),
            format = picture.File.Format;
        if (
            !TrainerFormats.Contains(format)
            || !TrainerExtensions.Contains(extension.ToLowerInvariant())
            || picture.File.Frames > 1
        )
        {
            string what =
                picture.File.Frames > 1
                    ? Invariant.Text(
                        $"{(format == "tiff" ? "a TIFF" : "an animation")} of {picture.File.Frames} "
                            + $"{(format == "tiff" ? "pages" : "frames")}"
                    )
                : TrainerFormats.Contains(format)
                    ? $"{format} called {(extension.Length > 0 ? extension : "by no extension")}"
                : $"a file of kind {format}";
            found.Add(
                new Finding(
                    FindingKind.Format,
                    FindingLevel.Bad,
                    what,
                    "Trainers skip what is not png, jpg, webp or bmp, and read one frame of an animation.",
                    Fix.Run("dataset import").OnDataSet().IntoNew()
                )
            );
        }
        else if (
            extension.ToLowerInvariant() != "." + format
            && !(format == "jpeg" && extension.ToLowerInvariant() == ".jpg")
        )
        {
            found.Add(
                new Finding(
                    FindingKind.Disguised,
                    FindingLevel.Note,
                    $"{format} that is called {extension}",
                    "Some tools trust the name and fail.",
                    Fix.Run("dataset import").OnDataSet().IntoNew()
                )
            );
        }

        if (Tags(picture.Caption).FirstOrDefault(IsRetro) is { } retro)
        {
            found.Add(
                new Finding(
                    FindingKind.Retro,
                    FindingLevel.Note,
                    $"tagged {retro}",
                    "Screenshots of that era train about three times faster: they burn in first.",
                    Fix.ByHand("give its folder fewer repeats")
                )
            );
        }
    }

    private static void Sizes(SurveyedPicture picture, BucketRules rules, BucketFit fit, List<Finding> found)
    {
        (Size size, Size wanted) = (picture.Size, rules.Resolution);
        double scale = Scale(fit),
            cropped = CroppedShare(fit);
        // Buckets that are not square have up to a quarter fewer pixels than the resolution: what fills one is not
        // small.
        double area = (double)size.Width * size.Height,
            all = (double)wanted.Width * wanted.Height;
        double enlarged = rules.NoUpscale ? Math.Sqrt(LeastBucket * all / area) : scale;
        if (enlarged >= MuchUpscaled || (enlarged > 1 && area < all))
        {
            string what =
                rules.NoUpscale ? $"{size} is less than {wanted}"
                : area < all ? Invariant.Text($"{size} is less than {wanted}: enlarged ×{scale:0.00}")
                : Invariant.Text($"{size} is enlarged ×{scale:0.00} for bucket {fit.Bucket}");
            found.Add(
                new Finding(
                    FindingKind.Small,
                    scale >= MuchUpscaled ? FindingLevel.Warning : FindingLevel.Note,
                    what,
                    rules.NoUpscale
                        ? "It is trained small, in a bucket of its own size."
                        : "The trainer enlarges it by plain resampling: the LoRA learns the blur.",
                    Fix.Run("upscale")
                        .OnDataSet()
                        .Changing()
                        .With("needed")
                        .With("resolution", Side(wanted))
                        .With("model", "yandereneo-4x")
                )
            );
        }

        if (cropped >= CropShare)
        {
            found.Add(
                new Finding(
                    FindingKind.Cropped,
                    FindingLevel.Warning,
                    Invariant.Text($"{cropped:0 %} is cut off for bucket {fit.Bucket}"),
                    "Heads and feet at the edges are cut: the LoRA learns them cut.",
                    Fix.Run("dataset buckets")
                        .OnDataSet()
                        .With("html", "sheet.html")
                        .Noting("shows it; then crop it, or pad it square")
                )
            );
        }
    }

    private static void Pixels(SurveyedPicture picture, BucketFit? fit, List<Finding> found)
    {
        PictureMeasures m = picture.Measures;
        if (
            m.Sharpness < SoftBelow
            && m.Sharpness < SoftShare * m.Contrast * m.Contrast
            && (fit is null || Scale(fit) > 0.5)
            && (m.Content.Area > 0 && !IsPlain(m))
        )
        {
            found.Add(
                new Finding(
                    FindingKind.Soft,
                    FindingLevel.Warning,
                    Invariant.Text($"blurred (sharpness {m.Sharpness:0.0})"),
                    "The LoRA learns the blur as part of the subject.",
                    Fix.ByHand("find a better copy"),
                    Fix.ByHand("take it out")
                )
            );
        }

        if (m.Blockiness >= BlockyFrom)
        {
            found.Add(
                new Finding(
                    FindingKind.Compressed,
                    m.Blockiness >= MuchBlocky ? FindingLevel.Warning : FindingLevel.Note,
                    Invariant.Text($"compression damage ({m.Blockiness:0.0} levels at block edges)"),
                    "Blocks and ringing are learnt as texture.",
                    Fix.ByHand("find a better copy"),
                    Fix.Run("upscale").OnDataSet().Changing().Asking("model", "MODEL").Noting("a 1x clean-up model")
                )
            );
        }

        if (m.IsMonochrome)
        {
            found.Add(
                new Finding(
                    FindingKind.Monochrome,
                    FindingLevel.Note,
                    "no colour",
                    "Many of them make the LoRA forget colours.",
                    Fix.ByHand("tag it monochrome"),
                    Fix.ByHand("sort it into a folder with fewer repeats")
                )
            );
        }

        if (m.UsesAlpha)
        {
            found.Add(
                new Finding(
                    FindingKind.Transparent,
                    FindingLevel.Warning,
                    Invariant.Text($"{m.TransparentShare:0 %} of it is transparent"),
                    "Trainers drop alpha: whatever colour is under it is trained, often black with ragged edges.",
                    Fix.Run("dataset flatten").OnDataSet().Changing()
                )
            );
        }

        double border = 1 - ((double)m.Content.Area / ((double)m.Width * m.Height));
        if (border >= BorderShare)
        {
            found.Add(
                new Finding(
                    FindingKind.Borders,
                    FindingLevel.Note,
                    Invariant.Text($"{border:0 %} of it is border of one colour ({m.Content} remains)"),
                    "Empty pixels take the place of the subject's, and bars are learnt as part of the picture.",
                    Fix.Run("dataset trim").OnDataSet().Changing()
                )
            );
        }
    }

    private static void Text(SurveyedPicture picture, List<Finding> found)
    {
        if (picture.Texts is { Coverage: >= TextFrom and var share } texts)
        {
            found.Add(
                new Finding(
                    FindingKind.Text,
                    share >= MuchText ? FindingLevel.Warning : FindingLevel.Note,
                    Invariant.Text($"text on {share:0.0 %} of it ({texts.Texts.Count} lines)"),
                    "Letters are learnt as shapes: the LoRA draws gibberish and watermarks where it finds room.",
                    Fix.Run("dataset clean").OnDataSet().With("review", "text.html").Noting("shows it"),
                    Fix.Run("dataset clean").OnDataSet().Changing().With("mark").Noting("keeps it out of the loss")
                )
            );
        }
    }

    // A picture of one colour is not blurred.
    private static bool IsPlain(PictureMeasures m) => m.Small.Luma.Max() - m.Small.Luma.Min() < 8;

    // As the option takes it: one number for a square.
    private static string Side(Size size) => size.Width == size.Height ? Invariant.Text($"{size.Width}") : $"{size}";
}

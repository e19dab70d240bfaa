using System.Globalization;
using Forno.Data;
using Forno.Imaging;

namespace Forno.Datasets.Crops;

/// <summary>A shot of a picture: where it is, or why there is none.</summary>
/// <param name="Shot">The shot.</param>
/// <param name="Box">What of the picture it shows; null if it is not to be had.</param>
/// <param name="Why">Why not; empty if it is.</param>
/// <param name="Tagged">Whether it is known to be this shot, so that the caption may say so; else the caption stays as
/// it is.</param>
public sealed record ShotBox(Shot Shot, Box? Box, string Why = "", bool Tagged = true);

/// <summary>
/// Where the shots of a figure lie. Pure. Heights count from the top of the head in heads H, for a figure of n heads:
/// shoulders end at 1.7 H, the waist lies at 1 + (n − 1)/3, the middle of the thighs at 1 + 0.55 (n − 1). That is a
/// drawing manual's figure at n = 7.5 (waist 3.2, thighs 4.6) and also holds for small round ones (n = 3: 1.7 and 2.1).
/// <list type="bullet">
/// <item>A head box gives H; a face box (chin to hairline) is taken as 5/7 of the head's height. n is the figure's
/// height in H, or 7 where the picture cuts the figure off at its bottom edge.</item>
/// <item>Without either, only a standing figure tells: its box is at least twice as tall as wide and touches neither
/// the top nor the bottom edge of the picture. Then n = 6.5; and where the outline is known, its top H must look like a
/// head: between 0.4 and 1.6 H wide on the average. Raised arms and things held aloft fail that, and there is only the
/// full body.</item>
/// <item>The full body is the figure's box with a margin; there is none of a figure that is cut off at top or bottom.
/// It is called full body only of a standing figure, or of one at least four heads high: a sitting figure or a bust
/// that ends in the air looks the same to a mask.</item>
/// </list>
/// </summary>
public static class ShotRules
{
    /// <summary>A box at least so many times as tall as wide is taken for a standing figure.</summary>
    public const double Standing = 2;

    /// <summary>Heads of a standing figure of which nothing else is known.</summary>
    public const double UsualHeads = 6.5;

    private const double CutFigureHeads = 7,
        FullHeads = 4,
        FaceOfHead = 5.0 / 7,
        Shoulders = 1.7,
        TopMargin = 0.2,
        FullMargin = 0.04,
        EdgeShare = 0.01;
    private const double MostWidth = 1.25,
        SameShare = 0.9;

    /// <summary>Lays out shots.</summary>
    /// <param name="picture">The picture's size.</param>
    /// <param name="subject">Its figure, inside of the picture.</param>
    /// <param name="shots">The shots that are asked for.</param>
    /// <returns>One answer a shot, in their order.</returns>
    public static IReadOnlyList<ShotBox> Lay(Size picture, Subject subject, IReadOnlyList<Shot> shots)
    {
        int edge = (int)(EdgeShare * picture.Height),
            bottom = subject.Box.Top + subject.Box.Height;
        bool whole = subject.Box.Top > edge && bottom < picture.Height - edge;
        (Head? head, string why) = HeadOf(subject, whole, bottom < picture.Height - edge);
        var laid = new List<ShotBox>();
        foreach (Shot shot in shots)
        {
            (Box? box, string reason) =
                shot == Shot.Full
                    ? whole
                        ? (Full(picture, subject.Box), "")
                        : (null, "the figure is cut off at the picture's edge")
                    : head is { } h
                        ? Closer(picture, subject, h, shot)
                        : (null, why);
            bool told =
                shot != Shot.Full
                || subject.Box.Height >= Standing * subject.Box.Width
                || head is { Heads: >= FullHeads };
            laid.Add(
                box is { } b && laid.FirstOrDefault(l => l.Box is { } other && Alike(other, b)) is { } same
                    ? new ShotBox(shot, null, $"nearly the same as {same.Shot.Name}")
                    : new ShotBox(shot, box, reason, told)
            );
        }

        return laid;
    }

    /// <summary>
    /// Whether a crop keeps enough pixels: those of it that are left after the bucket's crop must be at least as many
    /// as the resolution has (width × height). Such a crop is never enlarged in training.
    /// </summary>
    /// <param name="crop">The crop's size.</param>
    /// <param name="buckets">The buckets.</param>
    /// <param name="resolution">The training resolution.</param>
    /// <returns>Why not, or null.</returns>
    public static string? TooSmall(Size crop, Buckets buckets, Size resolution)
    {
        long wanted = (long)resolution.Width * resolution.Height;
        if ((long)crop.Width * crop.Height >= wanted)
        {
            BucketFit fit = buckets.Fit(crop);
            double scale = Math.Max((double)fit.Resized.Width / crop.Width, (double)fit.Resized.Height / crop.Height);
            double kept = fit.Bucket.Width * (double)fit.Bucket.Height / (scale * scale);
            if (kept >= wanted)
            {
                return null;
            }
        }

        return Invariant.Text($"{crop.Width}×{crop.Height} is less than the training resolution");
    }

    /// <summary>Whether two boxes show nearly the same: their common part is nine tenths of both together.</summary>
    public static bool Alike(Box a, Box b)
    {
        long width = Math.Min(a.Left + a.Width, b.Left + b.Width) - Math.Max(a.Left, b.Left);
        long height = Math.Min(a.Top + a.Height, b.Top + b.Height) - Math.Max(a.Top, b.Top);
        long common = Math.Max(0, width) * Math.Max(0, height);
        return common >= SameShare * (a.Area + b.Area - common);
    }

    // Top and height in pixels, middle column, heads of the figure, whether it shows its feet.
    private sealed record Head(double Top, double Height, double Middle, double Heads, double Bottom);

    private static (Head? Head, string Why) HeadOf(Subject subject, bool whole, bool feet)
    {
        Box box = subject.Box;
        double bottom = box.Top + box.Height;
        if (subject.Head is { } head)
        {
            return (From(head.Top, head.Height, head.Left + (head.Width / 2.0)), "");
        }

        if (subject.Face is { } face)
        {
            double height = face.Height / FaceOfHead;
            return (From(face.Top + face.Height - height, height, face.Left + (face.Width / 2.0)), "");
        }

        if (!whole || box.Height < Standing * box.Width)
        {
            return (
                null,
                whole
                    ? "the figure is not standing (not twice as tall as wide); give its head box"
                    : "the figure is cut off at the picture's edge; give its head box"
            );
        }

        double usual = box.Height / UsualHeads;
        (double Width, double Middle)? seen = subject.Outline?.Mean(box.Top, (int)(box.Top + usual));
        return seen is { } s && (s.Width < 0.4 * usual || s.Width > 1.6 * usual)
            ? (null, "its top does not look like a head; give its head box")
            : (new Head(box.Top, usual, seen?.Middle ?? box.Left + (box.Width / 2.0), UsualHeads, bottom), "");

        Head From(double top, double height, double middle) =>
            new(Math.Max(0, top), height, middle, feet ? Math.Max(2, (bottom - top) / height) : CutFigureHeads, bottom);
    }

    private static Box Full(Size picture, Box subject)
    {
        double margin = FullMargin * subject.Height;
        double top = Math.Max(0, subject.Top - margin),
            bottom = Math.Min(picture.Height, subject.Top + subject.Height + margin);
        double width = Math.Max((bottom - top) * Shot.Full.Aspect, subject.Width + (2 * margin));
        return Place(picture, subject.Left + (subject.Width / 2.0), width, top, bottom);
    }

    private static (Box? Box, string Why) Closer(Size picture, Subject subject, Head head, Shot shot)
    {
        if (shot == Shot.Face && subject.Outline is null && subject.Head is null && subject.Face is null)
        {
            return (null, "a subject box alone does not show where the face is; give its head or face box");
        }

        double heads = shot == Shot.Face ? Shoulders : 1 + ((head.Heads - 1) * (shot == Shot.Bust ? 1.0 / 3 : 0.55));
        double bottom = head.Top + (heads * head.Height);
        if (bottom > head.Bottom + (0.1 * head.Height))
        {
            return (null, "the picture shows less than that of the figure");
        }

        double top = Math.Max(0, head.Top - (TopMargin * head.Height));
        bottom = Math.Min(bottom, picture.Height);
        double height = bottom - top,
            width = height * shot.Aspect,
            middle = head.Middle;
        // Arms and hair to the sides belong to it, unless they make it wider than its shape bears.
        if (shot != Shot.Face && subject.Outline?.Extent((int)top, (int)bottom) is { } extent)
        {
            double reach = Math.Min(height * MostWidth, extent.Right - extent.Left + (TopMargin * head.Height));
            if (reach > width)
            {
                middle = reach < height * MostWidth ? (extent.Left + extent.Right) / 2.0 : middle;
                width = reach;
            }
        }

        return (Place(picture, middle, width, top, bottom), "");
    }

    private static Box Place(Size picture, double middle, double width, double top, double bottom)
    {
        int columns = (int)Math.Min(picture.Width, Math.Round(width));
        int left = (int)Math.Clamp(Math.Round(middle - (columns / 2.0)), 0, picture.Width - columns);
        int first = (int)Math.Round(top),
            last = (int)Math.Min(picture.Height, Math.Round(bottom));
        return new Box(left, first, columns, Math.Max(1, last - first));
    }
}

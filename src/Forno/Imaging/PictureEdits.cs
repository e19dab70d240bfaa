using System.Net;
using Forno.Files;
using Forno.Imaging.Vips;

namespace Forno.Imaging;

public sealed partial class Picture
{
    /// <summary>A text as a picture: its colour everywhere, its shape as alpha, cut to the ink.</summary>
    /// <param name="text">Plain text; line breaks count.</param>
    /// <param name="pixels">Height of a line of capitals and descenders, about.</param>
    /// <param name="colour">The ink.</param>
    /// <param name="font">A fontconfig name without size.</param>
    /// <param name="maxWidth">Where lines wrap, in pixels; 0: never.</param>
    public static Picture Text(string text, int pixels, Rgb colour, string font = "sans", int maxWidth = 0)
    {
        using var draw = new VipsOperation("text", "text");
        // The text is read as Pango markup, hence the escapes; at 72 dpi a point is a pixel.
        draw.Set("text", WebUtility.HtmlEncode(text.Length == 0 ? " " : text))
            .Set("font", Invariant.Text($"{font} {pixels}"))
            .Set("dpi", 72);
        if (maxWidth > 0)
        {
            draw.Set("width", maxWidth);
        }

        using Picture mask = draw.Picture();
        using Picture ink = Solid(mask.Width, mask.Height, colour);
        using var join = new VipsOperation("bandjoin", "text");
        return join.Set("in", [ink, mask]).Picture();
    }

    /// <summary>A picture of one colour.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="colour">Its colour.</param>
    public static Picture Solid(int width, int height, Rgb colour)
    {
        using Picture pixel = FromRgb([colour.R, colour.G, colour.B], 1, 1);
        using var grow = new VipsOperation("embed", "solid");
        return grow.Set("in", pixel)
            .Set("x", 0)
            .Set("y", 0)
            .Set("width", width)
            .Set("height", height)
            .Set("extend", "copy")
            .Picture();
    }

    /// <summary>
    /// 8-bit sRGB with or without alpha, upright: EXIF orientation applied, an embedded profile (also CMYK's)
    /// converted, grey and palettes spread to three channels, 16-bit samples rounded (v / 257).
    /// </summary>
    /// <param name="useProfile">Off: embedded colour profiles are ignored, as kohya's trainer does.</param>
    public Picture ToSrgb8(bool useProfile = true)
    {
        using Picture upright = Autorotate();
        using Picture coloured =
            useProfile && With(image => VipsApi.FieldType(image, "icc-profile-data")) != 0
                ? upright.ByProfile()
                : upright.Copy();
        using Picture bytes = coloured.SixteenToEight();
        if (bytes.Is8Bit && bytes.Bands >= 3 && bytes.With(VipsApi.Interpretation) == SRgb)
        {
            return bytes.Copy();
        }

        using var convert = new VipsOperation("colourspace", Source);
        return convert.Set("in", bytes).Set("space", "srgb").Picture();
    }

    /// <summary>The picture turned and mirrored as its EXIF orientation says; unchanged without one.</summary>
    public Picture Autorotate()
    {
        using var rotate = new VipsOperation("autorot", Source);
        return rotate.Set("in", this).Picture();
    }

    /// <summary>
    /// Resamples to an exact size. Alpha is respected: colour under transparent pixels does not bleed in. The kernel is
    /// widened when shrinking, so nothing aliases.
    /// </summary>
    /// <param name="width">New pixels in a row.</param>
    /// <param name="height">New rows.</param>
    /// <param name="kernel">How to weigh the neighbours.</param>
    public Picture Resize(int width, int height, Kernel kernel = Kernel.Lanczos3)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (HasAlpha)
        {
            int bandsFormat = With(VipsApi.Format);
            using var premultiply = new VipsOperation("premultiply", Source);
            using Picture premultiplied = premultiply.Set("in", this).Picture();
            using Picture small = premultiplied.ResizePlain(width, height, kernel);
            using var unpremultiply = new VipsOperation("unpremultiply", Source);
            using Picture straight = unpremultiply.Set("in", small).Picture();
            using var cast = new VipsOperation("cast", Source);
            return cast.Set("in", straight).Set("format", bandsFormat).Picture();
        }

        return ResizePlain(width, height, kernel);
    }

    /// <summary>A part of the picture.</summary>
    /// <param name="left">First column.</param>
    /// <param name="top">First row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <exception cref="FornoException">The part is not inside the picture.</exception>
    public Picture Crop(int left, int top, int width, int height)
    {
        using var extract = new VipsOperation("extract_area", Source);
        return extract
            .Set("input", this)
            .Set("left", left)
            .Set("top", top)
            .Set("width", width)
            .Set("height", height)
            .Picture();
    }

    /// <summary>The picture on a larger sheet of one colour; opaque there, also if the picture has alpha.</summary>
    /// <param name="left">Columns added at the left.</param>
    /// <param name="top">Rows added at the top.</param>
    /// <param name="width">Columns of the sheet.</param>
    /// <param name="height">Rows of the sheet.</param>
    /// <param name="background">Its colour.</param>
    public Picture Pad(int left, int top, int width, int height, Rgb background)
    {
        using var pad = new VipsOperation("embed", Source);
        double[] colour = [background.R, background.G, background.B, 255];
        return pad.Set("in", this)
            .Set("x", left)
            .Set("y", top)
            .Set("width", width)
            .Set("height", height)
            .Set("extend", "background")
            .Set("background", colour.AsSpan(0, Bands))
            .Picture();
    }

    /// <summary>Some of the channels.</summary>
    /// <param name="first">The first channel, from 0.</param>
    /// <param name="count">How many.</param>
    public Picture Extract(int first, int count = 1)
    {
        using var extract = new VipsOperation("extract_band", Source);
        return extract.Set("in", this).Set("band", first).Set("n", count).Picture();
    }

    /// <summary>The picture laid on a colour, without alpha; unchanged if it has none.</summary>
    /// <param name="background">The colour behind.</param>
    public Picture Flatten(Rgb background)
    {
        if (!HasAlpha)
        {
            return Copy();
        }

        using var flatten = new VipsOperation("flatten", Source);
        flatten.Set("in", this);
        double grey = Math.Round((0.299 * background.R) + (0.587 * background.G) + (0.114 * background.B));
        return (
            Bands == 2
                ? flatten.Set("background", [grey])
                : flatten.Set("background", [background.R, background.G, background.B])
        ).Picture();
    }

    /// <summary>The picture mirrored left to right.</summary>
    public Picture FlipHorizontal()
    {
        using var flip = new VipsOperation("flip", Source);
        return flip.Set("in", this).Set("direction", "horizontal").Picture();
    }

    /// <summary>The picture with another laid over it; what reaches over the edge is cut off.</summary>
    /// <param name="overlay">8-bit; its alpha, if any, decides how much shows.</param>
    /// <param name="left">Column of the overlay's first pixel; may be negative.</param>
    /// <param name="top">Row of the overlay's first pixel; may be negative.</param>
    public Picture Composite(Picture overlay, int left, int top)
    {
        using var composite = new VipsOperation("composite2", Source);
        bool opaque = !HasAlpha;
        using Picture drawn = composite
            .Set("base", this)
            .Set("overlay", overlay)
            .Set("mode", "over")
            .Set("x", left)
            .Set("y", top)
            .Picture();
        using Picture colours = opaque ? drawn.Extract(0, drawn.Bands - 1) : drawn.Copy();
        using var cast = new VipsOperation("cast", Source);
        return cast.Set("in", colours).Set("format", UChar).Picture();
    }

    /// <summary>The file's bytes as PNG, without metadata.</summary>
    /// <param name="compression">zlib's 0–9.</param>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public byte[] EncodePng(int compression = 6)
    {
        using var save = new VipsOperation("pngsave_buffer", Source);
        return save.Set("in", this).Set("compression", compression).Set("strip", true).Bytes();
    }

    /// <summary>The file's bytes as WebP, without metadata.</summary>
    /// <param name="quality">0–100; 100 is lossless.</param>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public byte[] EncodeWebp(int quality)
    {
        using var save = new VipsOperation("webpsave_buffer", Source);
        save.Set("in", this).Set("strip", true);
        return (quality >= 100 ? save.Set("lossless", true) : save.Set("Q", quality)).Bytes();
    }

    /// <summary>The file's bytes as baseline JPEG, without metadata.</summary>
    /// <param name="quality">1–100.</param>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public byte[] EncodeJpeg(int quality)
    {
        using var save = new VipsOperation("jpegsave_buffer", Source);
        return save.Set("in", this).Set("Q", quality).Set("strip", true).Bytes();
    }

    /// <summary>Saves as PNG; the file is complete or absent.</summary>
    /// <param name="path">The file to write; replaced if it exists.</param>
    /// <exception cref="FornoException">The picture cannot be read or the file not written.</exception>
    public void SavePng(string path) => AtomicFile.WriteBytes(path, EncodePng());

    private Picture ResizePlain(int width, int height, Kernel kernel)
    {
        using var resize = new VipsOperation("resize", Source);
        // A gap of 2: beyond a factor of 4 a whole-pixel average comes first. libvips' 8-bit weights are too coarse for
        // a kernel over hundreds of pixels (1001 → 7 columns of one colour came out 7 levels darker).
        Picture resized = resize
            .Set("in", this)
            .Set("scale", (double)width / Width)
            .Set("vscale", (double)height / Height)
            .Set("kernel", kernel.ToString().ToLowerInvariant())
            .Set("gap", 2.0)
            .Picture();
        return resized.Width == width && resized.Height == height
            ? resized
            : throw new InvalidOperationException(
                $"{Source}: resized to {resized.Width}×{resized.Height}, not {width}×{height}"
            );
    }

    private Picture ByProfile()
    {
        using var transform = new VipsOperation("icc_transform", Source);
        try
        {
            return transform
                .Set("in", this)
                .Set("output-profile", "srgb")
                .Set("embedded", true)
                .Set("depth", 8)
                .Picture();
        }
        catch (FornoException)
        {
            // A profile that does not fit the picture (common in the wild) says nothing about it: its samples do.
            return Copy();
        }
    }

    private Picture SixteenToEight()
    {
        if (With(VipsApi.Format) != UShort || With(VipsApi.Interpretation) == Cmyk)
        {
            return Copy();
        }

        bool colour = Bands >= 3;
        using var scale = new VipsOperation("linear", Source);
        using Picture scaled = scale.Set("in", this).Set("a", [1 / 257.0]).Set("b", [0.0]).Picture();
        using var round = new VipsOperation("round", Source);
        using Picture rounded = round.Set("in", scaled).Set("round", "rint").Picture();
        using var cast = new VipsOperation("cast", Source);
        using Picture bytes = cast.Set("in", rounded).Set("format", UChar).Picture();
        using var copy = new VipsOperation("copy", Source);
        return copy.Set("in", bytes).Set("interpretation", colour ? "srgb" : "b-w").Picture();
    }
}

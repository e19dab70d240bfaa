using System.Runtime.InteropServices;
using Forno.Imaging.Vips;

namespace Forno.Imaging;

/// <summary>The kernels of <see cref="Picture.Resize"/>.</summary>
public enum Kernel
{
    /// <summary>The nearest pixel.</summary>
    Nearest,

    /// <summary>Linear (a triangle, widened when shrinking).</summary>
    Linear,

    /// <summary>Catmull-Rom cubic.</summary>
    Cubic,

    /// <summary>Mitchell-Netravali cubic.</summary>
    Mitchell,

    /// <summary>Lanczos, two lobes.</summary>
    Lanczos2,

    /// <summary>Lanczos, three lobes.</summary>
    Lanczos3,
}

/// <summary>
/// A picture: a thin owner of a libvips image. Every operation gives a new picture and leaves this one as it was;
/// pixels are computed when they are asked for, so damage in a file shows at <see cref="CopyTo"/> or when saving, not
/// at loading. Safe to read from several threads. Failures are <see cref="FornoException"/>s that name
/// <see cref="Source"/>.
/// </summary>
public sealed partial class Picture : IDisposable
{
    private const int UChar = 0;
    private const int UShort = 2;
    private const int SRgb = 22;
    private const int Cmyk = 15;
    private const int BlackAndWhite = 1;

    internal Picture(VipsImageHandle handle, string source)
    {
        Handle = handle;
        Source = source;
    }

    /// <summary>The file that the picture came from, or a word for what it is; error messages begin with it.</summary>
    public string Source { get; }

    /// <summary>Pixels in a row.</summary>
    public int Width => With(VipsApi.Width);

    /// <summary>Rows.</summary>
    public int Height => With(VipsApi.Height);

    /// <summary>Channels: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha (or CMYK).</summary>
    public int Bands => With(VipsApi.Bands);

    /// <summary>Whether the last channel is alpha.</summary>
    public bool HasAlpha => With(VipsApi.HasAlpha) != 0;

    /// <summary>Whether each sample is one byte, as <see cref="CopyTo"/> wants.</summary>
    public bool Is8Bit => With(VipsApi.Format) == UChar;

    /// <summary>Frames or pages in the file; 1 for stills. Only the first is loaded.</summary>
    public int Frames => With(VipsApi.Pages);

    /// <summary>Whether it carries a colour profile.</summary>
    public bool HasProfile => With(image => VipsApi.FieldType(image, "icc-profile-data")) != 0;

    /// <summary>EXIF's orientation, 1–8; 1 is upright.</summary>
    public int Orientation => With(VipsApi.Orientation);

    /// <summary>Whether its samples are grey or sRGB (not CMYK, Lab, …).</summary>
    public bool IsGreyOrRgb => With(VipsApi.Interpretation) is SRgb or BlackAndWhite;

    internal VipsImageHandle Handle { get; }

    /// <summary>
    /// Opens a picture file by its content, whatever its extension. The header is read now, the pixels later.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPixels">Most pixels that the picture or its canvas may claim.</param>
    /// <exception cref="FornoException">There is no such file, it is no picture that libvips reads, or it claims too
    /// much.</exception>
    public static Picture Load(string path, long maxPixels = PictureFile.DefaultMaxPixels) =>
        Load(path, sequential: false, maxPixels);

    /// <summary>Opens a picture from the bytes of a file.</summary>
    /// <param name="file">The file's content; copied.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="FornoException">The bytes are no picture that libvips reads.</exception>
    public static unsafe Picture Decode(ReadOnlySpan<byte> file, string source)
    {
        VipsApi.EnsureStarted();
        nint loader;
        fixed (byte* data = file)
        {
            loader = VipsApi.FindLoadBuffer(data, (nuint)file.Length);
        }

        if (loader == 0)
        {
            throw VipsApi.Refused(source, "not a picture that can be read");
        }

        using var load = new VipsOperation(Marshal.PtrToStringUTF8(loader)!, source);
        return load.SetBlob("buffer", file).Set("fail-on", "error").Picture();
    }

    /// <summary>Draws an SVG so that its longer side has <paramref name="size"/> pixels; RGB and alpha.</summary>
    /// <param name="svg">The SVG file's bytes, UTF-8.</param>
    /// <param name="size">Pixels of the longer side.</param>
    /// <param name="source">What error messages call it.</param>
    /// <exception cref="FornoException">The SVG cannot be read.</exception>
    public static Picture LoadSvg(ReadOnlySpan<byte> svg, int size, string source)
    {
        double natural;
        using (var probe = new VipsOperation("svgload_buffer", source))
        using (Picture header = probe.SetBlob("buffer", svg).Picture())
        {
            natural = Math.Max(header.Width, header.Height);
            if (natural == size)
            {
                return header.Copy();
            }
        }

        using var load = new VipsOperation("svgload_buffer", source);
        return load.SetBlob("buffer", svg).Set("scale", size / natural).Set("fail-on", "error").Picture();
    }

    /// <summary>A picture of given 8-bit samples.</summary>
    /// <param name="pixels">[height, width, bands], row by row; copied.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="bands">1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha.</param>
    /// <param name="source">What error messages call it.</param>
    public static unsafe Picture FromPixels(
        ReadOnlySpan<byte> pixels,
        int width,
        int height,
        int bands,
        string source = "picture"
    )
    {
        VipsApi.EnsureStarted();
        if (width < 1 || height < 1 || bands is < 1 or > 4 || pixels.Length != (long)width * height * bands)
        {
            throw new ArgumentException(
                $"{pixels.Length} samples do not make {width}×{height} pixels of {bands} bands",
                nameof(pixels)
            );
        }

        nint image;
        fixed (byte* data = pixels)
        {
            image = VipsApi.NewFromMemoryCopy(data, (nuint)pixels.Length, width, height, bands, UChar);
        }

        if (image == 0)
        {
            throw new FornoException($"{source}: {VipsApi.TakeError(source)}");
        }

        using var raw = new Picture(new VipsImageHandle(image), source);
        using var copy = new VipsOperation("copy", source);
        return copy.Set("in", raw).Set("interpretation", bands < 3 ? "b-w" : "srgb").Picture();
    }

    /// <summary>A picture of given RGB bytes, [height, width, 3].</summary>
    /// <param name="pixels">The samples, row by row; copied.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    public static Picture FromRgb(ReadOnlySpan<byte> pixels, int width, int height) =>
        FromPixels(pixels, width, height, 3);

    /// <summary>
    /// Copies the samples out: [height, width, bands], row by row, one byte each.
    /// </summary>
    /// <param name="destination">At least height × width × bands bytes.</param>
    /// <exception cref="InvalidOperationException">The samples are not bytes: call <see cref="ToSrgb8"/>
    /// first.</exception>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public unsafe void CopyTo(Span<byte> destination)
    {
        if (!Is8Bit)
        {
            throw new InvalidOperationException($"{Source}: its samples are not bytes; ToSrgb8 makes them so");
        }

        nint data = With(VipsApi.WriteToMemory, out nuint size);
        if (data == 0)
        {
            throw VipsApi.Refused(Source, "its pixels cannot be read");
        }

        try
        {
            new ReadOnlySpan<byte>((void*)data, checked((int)size)).CopyTo(destination);
        }
        finally
        {
            VipsApi.Free(data);
        }
    }

    /// <summary>The samples in a new array; see <see cref="CopyTo"/>.</summary>
    public byte[] ToArray()
    {
        byte[] samples = GC.AllocateUninitializedArray<byte>(checked(Width * Height * Bands));
        CopyTo(samples);
        return samples;
    }

    /// <summary>
    /// The same picture with its pixels computed and held in memory; what is behind it is no longer needed.
    /// </summary>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public Picture InMemory()
    {
        nint image = With(VipsApi.CopyMemory);
        return image != 0
            ? new Picture(new VipsImageHandle(image), Source)
            : throw VipsApi.Refused(Source, "its pixels cannot be read");
    }

    /// <summary>Lets go of the picture. Pictures made from it stay whole.</summary>
    public void Dispose() => Handle.Dispose();

    private Picture Copy() => new(new VipsImageHandle(Handle.NewReference()), Source);

    private T With<T>(Func<nint, T> read)
    {
        nint image = Handle.NewReference();
        try
        {
            return read(image);
        }
        finally
        {
            VipsApi.Unref(image);
        }
    }

    private delegate nint Writer(nint image, out nuint size);

    private nint With(Writer write, out nuint size)
    {
        nint image = Handle.NewReference();
        try
        {
            return write(image, out size);
        }
        finally
        {
            VipsApi.Unref(image);
        }
    }
}

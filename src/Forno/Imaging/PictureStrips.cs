using System.Runtime.InteropServices;
using Forno.Imaging.Frames;
using Forno.Imaging.Png;
using Forno.Imaging.Vips;

namespace Forno.Imaging;

/// <summary>Takes some rows of a picture.</summary>
/// <param name="rows">[count, width, bands], row by row; valid during the call only.</param>
/// <param name="top">The first of them, from 0.</param>
/// <param name="count">How many.</param>
public delegate void StripReader(ReadOnlySpan<byte> rows, int top, int count);

public sealed partial class Picture
{
    private const int StripBytes = 1 << 19;

    /// <summary>
    /// Opens a picture to be read once from top to bottom: an upright one is decoded as its rows are asked for, and is
    /// never whole in memory. 8-bit sRGB, upright, profiles ignored unless asked as the trainer ignores them; RGB or
    /// RGB and alpha.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="useProfile">Whether an embedded colour profile is converted.</param>
    /// <param name="maxPixels">Most pixels that the picture or its canvas may claim.</param>
    /// <exception cref="FornoException">There is no such file, it is no picture that libvips reads, or it claims too
    /// much.</exception>
    public static Picture LoadStreaming(
        string path,
        bool useProfile = false,
        long maxPixels = PictureFile.DefaultMaxPixels
    )
    {
        using Picture header = Load(path, sequential: true, maxPixels);
        if (header.Orientation is < 2 or > 8)
        {
            return header.ToSrgb8(useProfile);
        }

        // Turning needs rows in another order.
        using Picture turned = Load(path, maxPixels);
        return turned.ToSrgb8(useProfile);
    }

    /// <summary>
    /// The picture as a PNG file without metadata: many times as fast as <see cref="EncodePng"/>, and about as small.
    /// </summary>
    /// <returns>Writes the file.</returns>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public Action<Stream> PackPng()
    {
        if (Bands is not (3 or 4) || !Is8Bit)
        {
            byte[] file = EncodePng(1);
            return output => output.Write(file);
        }

        var writer = new PngWriter(Width, Height, Bands);
        ReadStrips((rows, _, _) => writer.Add(rows));
        return writer.Finish();
    }

    /// <summary>Reads the samples from top to bottom in strips.</summary>
    /// <param name="read">Takes each strip.</param>
    /// <exception cref="InvalidOperationException">The samples are not bytes: call <see cref="ToSrgb8"/>
    /// first.</exception>
    /// <exception cref="FornoException">The file behind the picture is damaged.</exception>
    public unsafe void ReadStrips(StripReader read)
    {
        if (!Is8Bit)
        {
            throw new InvalidOperationException($"{Source}: its samples are not bytes; ToSrgb8 makes them so");
        }

        (int width, int height, int bands) = (Width, Height, Bands);
        int rows = (int)Math.Clamp(StripBytes / Math.Max(1, (long)width * bands), 1, 256);
        nint image = Handle.NewReference(),
            region = VipsApi.NewRegion(image);
        try
        {
            for (int top = 0; top < height; top += rows)
            {
                int count = Math.Min(rows, height - top);
                nint data = VipsApi.FetchRegion(region, 0, top, width, count, out nuint size);
                if (data == 0)
                {
                    throw VipsApi.Refused(Source, "its pixels cannot be read");
                }

                try
                {
                    read(new ReadOnlySpan<byte>((void*)data, checked((int)size)), top, count);
                }
                finally
                {
                    VipsApi.Free(data);
                }
            }
        }
        finally
        {
            VipsApi.Unref(region);
            VipsApi.Unref(image);
        }
    }

    /// <summary>
    /// A small version, upright sRGB, its longer side at most as given; files that allow it are decoded small.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Pixels of the longer side.</param>
    /// <exception cref="FornoException">The file cannot be read, or claims more than
    /// <see cref="PictureFile.DefaultMaxPixels"/>.</exception>
    public static Picture Thumbnail(string path, int side)
    {
        Load(path, sequential: true, PictureFile.DefaultMaxPixels).Dispose(); // its size alone
        using var thumbnail = new VipsOperation("thumbnail", path);
        return thumbnail.Set("filename", path).Set("width", side).Set("height", side).Set("size", "down").Picture();
    }

    private static Picture Load(string path, bool sequential, long maxPixels)
    {
        VipsApi.EnsureStarted();
        if (!File.Exists(path))
        {
            throw new FornoException($"{path}: there is no such file");
        }

        ClaimedSize.Check(path, maxPixels);
        nint loader = VipsApi.FindLoad(path);
        if (loader == 0)
        {
            throw VipsApi.Refused(path, "not a picture that can be read");
        }

        using var load = new VipsOperation(Marshal.PtrToStringUTF8(loader)!, path);
        return load.Set("filename", path)
            .Set("fail-on", "error")
            .Set("access", sequential ? "sequential" : "random")
            .Picture()
            .Within(maxPixels);
    }

    /// <summary>This picture; disposed of and refused if it has more pixels.</summary>
    internal Picture Within(long maxPixels)
    {
        try
        {
            ClaimedSize.Check(Source, Width, Height, maxPixels);
            return this;
        }
        catch
        {
            Dispose();
            throw;
        }
    }
}

using System.Runtime.InteropServices;
using Forno.Imaging.Vips;

namespace Forno.Imaging.Frames;

/// <summary>Reads the frames of an animated GIF or WebP one after another; only one is in memory at a time.</summary>
public static class FrameReader
{
    /// <summary>The frames, composed as a viewer shows them, 8-bit sRGB; the caller disposes each.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maxPixels">Most pixels that a frame or the canvas may claim.</param>
    /// <exception cref="FornoException">While reading: the file is damaged, or claims too much.</exception>
    public static IEnumerable<Picture> Read(string path, long maxPixels = PictureFile.DefaultMaxPixels)
    {
        ClaimedSize.Check(path, maxPixels);
        using var all = Open(path);
        using var strip = new Strip(all);
        int height = all.Height / all.Frames;
        ClaimedSize.Check(path, all.Width, height, maxPixels);
        for (int frame = 0; frame < all.Frames; frame++)
        {
            yield return strip.Frame(frame, height);
        }
    }

    // All frames below one another, decoded as they are asked for.
    private static Picture Open(string path)
    {
        VipsApi.EnsureStarted();
        nint loader = VipsApi.FindLoad(path);
        if (loader == 0)
        {
            throw VipsApi.Refused(path, "not a picture that can be read");
        }

        using var load = new VipsOperation(Marshal.PtrToStringUTF8(loader)!, path);
        using var frames = load.Set("filename", path)
            .Set("n", -1)
            .Set("access", "sequential")
            .Set("fail-on", "error")
            .Picture();
        return frames.ToSrgb8();
    }

    private sealed class Strip(Picture all) : IDisposable
    {
        private readonly nint image = all.Handle.NewReference();
        private nint region;

        public unsafe Picture Frame(int index, int height)
        {
            region = region == 0 ? VipsApi.NewRegion(image) : region;
            nint data = VipsApi.FetchRegion(region, 0, index * height, all.Width, height, out nuint size);
            if (data == 0)
            {
                throw VipsApi.Refused(all.Source, $"frame {index + 1} cannot be read");
            }

            try
            {
                return Picture.FromPixels(
                    new ReadOnlySpan<byte>((void*)data, checked((int)size)),
                    all.Width,
                    height,
                    all.Bands,
                    all.Source
                );
            }
            finally
            {
                VipsApi.Free(data);
            }
        }

        public void Dispose()
        {
            if (region != 0)
            {
                VipsApi.Unref(region);
            }

            VipsApi.Unref(image);
        }
    }
}

using System.Buffers;
using System.Runtime.InteropServices;

namespace Forno.Files;

/// <summary>
/// Reads small files, of which a data set has a hundred thousand: on Linux without the locks and looks at each that
/// .NET's way takes.
/// </summary>
internal static partial class SmallFile
{
    private const int Usual = 1 << 14,
        ReadOnlyClosedOnExec = 0x80000;

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="most">Longer files are not read.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <returns>An array of the shared pool that begins with the bytes; an empty one if the file is too long.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It must not be read.</exception>
    public static byte[] Read(string path, int most, out long length)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Usual);
        length = OperatingSystem.IsLinux() ? Quickly(path, buffer) : -1;
        if (length >= 0)
        {
            return buffer;
        }

        // Long, or something is wrong: .NET says what.
        ArrayPool<byte>.Shared.Return(buffer);
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        length = RandomAccess.GetLength(handle);
        if (length > most)
        {
            return [];
        }

        buffer = ArrayPool<byte>.Shared.Rent((int)length + 1);
        int read = 0;
        for (int more; read < length && (more = RandomAccess.Read(handle, buffer.AsSpan(read), read)) > 0; )
        {
            read += more;
        }

        length = read;
        return buffer;
    }

    private static unsafe int Quickly(string path, Span<byte> buffer)
    {
        int descriptor = Open(path, ReadOnlyClosedOnExec);
        if (descriptor < 0)
        {
            return -1;
        }

        nint read = 0,
            more = 0;
        fixed (byte* to = buffer)
        {
            while (read < buffer.Length && (more = Read(descriptor, to + read, buffer.Length - (nint)read)) > 0)
            {
                read += more;
            }
        }

        _ = Close(descriptor);
        return more == 0 ? (int)read : -1;
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "read")]
    private static unsafe partial nint Read(int descriptor, byte* buffer, nint count);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}

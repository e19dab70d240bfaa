using System.Runtime.InteropServices;
using System.Text;

namespace Forno.Files;

/// <summary>
/// Writes files that are whole or absent: to a temporary name in the same folder, flushed to disk, then renamed, and
/// the folder flushed. Whatever fails on the way, the old file stays as it was.
/// </summary>
public static partial class AtomicFile
{
    /// <summary>Writes a file through a stream.</summary>
    /// <param name="path">The file's final name; its folder must exist. A link is followed, not replaced.</param>
    /// <param name="write">Writes the whole content. If it throws, nothing is left behind and the exception goes
    /// on.</param>
    /// <param name="flush">Off: the file is whole or absent for every other process, but a power cut may still take it
    /// until <see cref="FlushAll"/>.</param>
    /// <exception cref="FornoException">The disk refused.</exception>
    public static void Write(string path, Action<Stream> write, bool flush = true)
    {
        string target = Resolve(path);
        string folder = Path.GetDirectoryName(target)!;
        string temporary = Path.Combine(folder, $".forno-{Guid.NewGuid():N}.tmp");
        try
        {
            FileStream stream;
            try
            {
                stream = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw FornoException.ForFile(
                    path,
                    $"cannot be written ({e.Message})",
                    "Check that its folder exists and may be written to.",
                    e
                );
            }

            using (stream)
            {
                var guarded = new DiskStream(stream, path);
                write(guarded);
                guarded.Finish(flush);
            }

            Replace(path, target, temporary);
            if (flush)
            {
                FlushFolder(folder);
            }
        }
        finally
        {
            // Gone already when the rename succeeded; Delete would throw if the folder is missing, and hide why.
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }
        }
    }

    /// <summary>Writes a text file as UTF-8 without a byte order mark.</summary>
    public static void WriteText(string path, string text) =>
        Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(text)));

    /// <summary>Writes a file of the given bytes.</summary>
    public static void WriteBytes(string path, ReadOnlyMemory<byte> bytes) =>
        Write(path, stream => stream.Write(bytes.Span));

    /// <summary>
    /// Brings everything that was written to a folder's disk so far onto it: one wait instead of one for each file.
    /// </summary>
    /// <param name="folder">A folder on that disk.</param>
    /// <exception cref="FornoException">The disk refused.</exception>
    public static void FlushAll(string folder)
    {
        if (!OperatingSystem.IsLinux())
        {
            if (OperatingSystem.IsMacOS())
            {
                SyncEverything();
            }

            return;
        }

        int descriptor = Open(folder, 0, 0);
        bool refused = descriptor < 0 || SyncDisk(descriptor) != 0;
        if (descriptor >= 0)
        {
            _ = Close(descriptor);
        }

        if (refused)
        {
            throw FornoException.ForFile(
                folder,
                "its disk could not take all that was written",
                "Free some space or check the disk."
            );
        }
    }

    private static string Resolve(string path)
    {
        string full = Path.GetFullPath(path);
        // Asking a file that is not there throws; a link that leads nowhere is still a link.
        return new FileInfo(full) is { LinkTarget: not null } link
            ? link.ResolveLinkTarget(returnFinalTarget: true)!.FullName
            : full;
    }

    private static void Replace(string path, string target, string temporary)
    {
        try
        {
            if (!OperatingSystem.IsWindows() && File.Exists(target))
            {
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(target));
            }

            File.Move(temporary, target, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                path,
                $"cannot be replaced ({e.Message})",
                "Check the permissions of the file and its folder.",
                e
            );
        }
    }

    /// <summary>Makes the rename itself survive a power cut. Some file systems cannot; that is no error.</summary>
    private static void FlushFolder(string folder)
    {
        if (!OperatingSystem.IsLinux() && !OperatingSystem.IsMacOS())
        {
            return;
        }

        int descriptor = Open(folder, 0, 0);
        if (descriptor >= 0)
        {
            _ = Sync(descriptor);
            _ = Close(descriptor);
        }
    }

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "fsync")]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "syncfs")]
    private static partial int SyncDisk(int descriptor);

    [LibraryImport("libc", EntryPoint = "sync")]
    private static partial void SyncEverything();

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);

    /// <summary>Turns the disk's refusals (full, gone) into messages that name the file.</summary>
    private sealed class DiskStream(FileStream inner, string path) : Stream
    {
        public override bool CanRead => false;
        public override bool CanSeek => false;
        public override bool CanWrite => true;
        public override long Length => inner.Length;

        public override long Position
        {
            get => inner.Position;
            set => throw new NotSupportedException();
        }

        public void Finish(bool flush) => Guard(() => inner.Flush(flush));

        public override void Flush() => Guard(inner.Flush);

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                inner.Write(buffer);
            }
            catch (IOException e)
            {
                throw Refused(e);
            }
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        private void Guard(Action action)
        {
            try
            {
                action();
            }
            catch (IOException e)
            {
                throw Refused(e);
            }
        }

        private FornoException Refused(IOException e) =>
            FornoException.ForFile(
                path,
                $"could not be written ({e.Message})",
                "Free some space or choose another folder; what was there before is untouched.",
                e
            );
    }
}

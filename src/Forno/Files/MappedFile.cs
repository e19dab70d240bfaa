using System.IO.MemoryMappedFiles;

namespace Forno.Files;

/// <summary>
/// A whole file mapped privately into memory: nothing is read until it is touched, nothing written back.
/// </summary>
internal sealed unsafe class MappedFile : IDisposable
{
    private readonly MemoryMappedFile? file;
    private readonly MemoryMappedViewAccessor? view;
    private byte* address;
    private bool lent;

    private MappedFile(MemoryMappedFile? file, MemoryMappedViewAccessor? view, byte* address, long length)
    {
        (this.file, this.view, Length) = (file, view, length);
        this.address = address;
    }

    /// <summary>Bytes in the file when it was opened.</summary>
    public long Length { get; }

    /// <summary>First byte; throws once disposed, so that no stale address is handed out.</summary>
    public byte* Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(Length > 0 && address == null, this);
            return address;
        }
    }

    /// <summary>Maps a file.</summary>
    /// <exception cref="FornoException">The file is absent, a folder, or cannot be read.</exception>
    public static MappedFile Open(string path)
    {
        try
        {
            if (Directory.Exists(path))
            {
                throw FornoException.ForFile(path, "this is a folder", "Name the weight file inside it.");
            }

            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            long length = stream.Length;
            if (length == 0)
            {
                return new MappedFile(null, null, null, 0); // an empty file cannot be mapped
            }

            var file = MemoryMappedFile.CreateFromFile(
                stream.SafeFileHandle,
                null,
                0,
                MemoryMappedFileAccess.CopyOnWrite,
                HandleInheritability.None,
                leaveOpen: true
            );
            var view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.CopyOnWrite);
            byte* address = null;
            view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
            return new MappedFile(file, view, address + view.PointerOffset, length);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw FornoException.ForFile(path, "no such file", "Check the path.", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw FornoException.ForFile(path, "no permission to read it", "Change its permissions or copy it.", e);
        }
        catch (IOException e)
        {
            throw FornoException.ForFile(path, e.Message, "Check the disk, then try again.", e);
        }
    }

    /// <summary>A window of the file; its bounds are checked.</summary>
    public ReadOnlySpan<byte> Span(long offset, int count)
    {
        if (offset < 0 || count < 0 || offset > Length - count)
        {
            throw new ArgumentOutOfRangeException(
                nameof(offset),
                offset,
                $"{count} bytes there are outside of the file's {Length}"
            );
        }

        return new ReadOnlySpan<byte>(Address + offset, count);
    }

    /// <summary>
    /// Notes that addresses are handed out: from now on the file stays mapped until the garbage collector finds that
    /// nobody holds this object, however early <see cref="Dispose"/> comes.
    /// </summary>
    public MappedFile Lend()
    {
        lent = true;
        return this;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!lent)
        {
            Unmap();
            GC.SuppressFinalize(this);
        }
    }

    /// <summary>Unmaps a file whose addresses were lent.</summary>
    ~MappedFile() => Unmap();

    private void Unmap()
    {
        if (address != null)
        {
            address = null;
            view!.SafeMemoryMappedViewHandle.ReleasePointer();
        }

        view?.Dispose();
        file?.Dispose();
    }
}

namespace Forno.Workspace;

/// <summary>
/// What a new file is to hold. <see cref="Prepare"/> does the work and may fail for this file alone; what it returns
/// writes.
/// </summary>
public sealed class FileContent
{
    private readonly Func<Action<Stream>> prepare;

    private FileContent(string what, Func<Action<Stream>> prepare)
    {
        What = what;
        this.prepare = prepare;
    }

    /// <summary>What it is, in a few words.</summary>
    public string What { get; }

    /// <summary>The bytes of another file, read when they are written.</summary>
    /// <param name="file">Its full path.</param>
    public static FileContent CopyOf(string file) => new($"copy of {file}", () => Copying(file));

    /// <summary>A text, as UTF-8.</summary>
    public static FileContent Text(string text) => Bytes("text", () => System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Bytes that are made when they are needed, such as an encoded picture.</summary>
    /// <param name="what">What they are, in a few words.</param>
    /// <param name="make">Makes them; a <see cref="FornoException"/> means that this file cannot be made, and the rest
    /// goes on.</param>
    public static FileContent Bytes(string what, Func<byte[]> make) =>
        new(
            what,
            () =>
            {
                byte[] bytes = make();
                return output => output.Write(bytes);
            }
        );

    /// <summary>Content whose making ends in something that writes.</summary>
    internal static FileContent Made(string what, Func<Action<Stream>> prepare) => new(what, prepare);

    /// <summary>Writes the bytes of a file.</summary>
    internal static Action<Stream> Copying(string file) => output => Copy(file, output);

    /// <summary>Makes the content ready.</summary>
    /// <returns>Writes it to a stream.</returns>
    /// <exception cref="FornoException">It cannot be made.</exception>
    internal Action<Stream> Prepare() => prepare();

    private static void Copy(string file, Stream output)
    {
        byte[] buffer = new byte[1 << 18];
        using var input = Reading(file, () => new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, 0));
        while (Reading(file, () => input.Read(buffer)) is > 0 and var count)
        {
            output.Write(buffer, 0, count);
        }
    }

    private static T Reading<T>(string file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreadableException($"{file}: cannot be read ({e.Message})", e);
        }
    }
}

/// <summary>A source cannot be read: the fault of one file, not of the disk that is written to.</summary>
internal sealed class UnreadableException(string message, Exception inner) : FornoException(message, inner);

/// <summary>A change of one file of a work folder. Within one plan every path may appear only once.</summary>
/// <param name="Path">The file, within the work folder.</param>
public abstract record FileChange(string Path)
{
    /// <summary>Its name in the journal and in JSON.</summary>
    public abstract string Kind { get; }
}

/// <summary>A new file where there is none.</summary>
/// <param name="Path">The file, within the work folder.</param>
/// <param name="Content">What it is to hold.</param>
public sealed record AddFile(string Path, FileContent Content) : FileChange(Path)
{
    /// <inheritdoc/>
    public override string Kind => "add";
}

/// <summary>New content for a file that is there; the old one is kept for undo.</summary>
/// <param name="Path">The file, within the work folder.</param>
/// <param name="Content">What it is to hold.</param>
public sealed record ReplaceFile(string Path, FileContent Content) : FileChange(Path)
{
    /// <inheritdoc/>
    public override string Kind => "replace";
}

/// <summary>Another name or folder for a file.</summary>
/// <param name="Path">The file, within the work folder.</param>
/// <param name="To">Where it goes; nothing may be there.</param>
public sealed record MoveFile(string Path, string To) : FileChange(Path)
{
    /// <inheritdoc/>
    public override string Kind => "move";
}

/// <summary>A file out of the way; it is kept for undo.</summary>
/// <param name="Path">The file, within the work folder.</param>
public sealed record RemoveFile(string Path) : FileChange(Path)
{
    /// <inheritdoc/>
    public override string Kind => "remove";
}

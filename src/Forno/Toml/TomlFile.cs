using System.Text;

namespace Forno.Toml;

/// <summary>TOML 1.0 files: reading with positions in errors, and writing.</summary>
public static class TomlFile
{
    /// <summary>The largest file that is read, in bytes.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Arrays, inline tables and table names may nest this deep.</summary>
    public const int MaxDepth = 100;

    private static readonly UTF8Encoding Strict = new(
        encoderShouldEmitUTF8Identifier: false,
        throwOnInvalidBytes: true
    );

    /// <summary>Reads a file.</summary>
    /// <exception cref="FornoException">Absent, too large, not UTF-8 or not TOML; the message starts with file, line
    /// and column.</exception>
    public static TomlTable Read(string path)
    {
        try
        {
            long length = new FileInfo(path).Length;
            if (length > MaxBytes)
            {
                throw new FornoException(
                    $"{path}: {length} bytes is too large for a configuration file (the limit is {MaxBytes})"
                );
            }

            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read: {e.Message}");
        }
    }

    /// <summary>Parses UTF-8 text, with or without byte order mark.</summary>
    /// <param name="utf8">The bytes of the document.</param>
    /// <param name="name">What errors call the document.</param>
    /// <exception cref="FornoException">Not UTF-8 or not TOML.</exception>
    public static TomlTable Parse(ReadOnlySpan<byte> utf8, string name)
    {
        if (utf8.StartsWith("\uFEFF"u8))
        {
            utf8 = utf8[3..];
        }

        try
        {
            return Parse(Strict.GetString(utf8), name);
        }
        catch (DecoderFallbackException)
        {
            throw new FornoException($"{name}: not UTF-8 text; save the file as UTF-8");
        }
    }

    /// <summary>Parses a text.</summary>
    /// <param name="text">The document.</param>
    /// <param name="name">What errors call the document.</param>
    /// <exception cref="FornoException">Not TOML.</exception>
    public static TomlTable Parse(string text, string name = "text") => new TomlReader(text, name).Document();

    /// <summary>Writes a table as a TOML document that <see cref="Parse(string, string)"/> reads back equal.</summary>
    public static string Write(TomlTable table) => TomlWriter.Write(table);
}

using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Forno.Imaging;

namespace Forno.Datasets.Import;

/// <summary>Frames of films, through the program ffmpeg; one frame is in memory at a time.</summary>
public static partial class VideoFrames
{
    /// <summary>Extensions of films, lower case.</summary>
    public static IReadOnlyList<string> Extensions { get; } =
    [".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".wmv", ".flv", ".mpg", ".mpeg", ".ts"];

    /// <summary>Whether a file has a film's extension.</summary>
    public static bool IsVideoName(string file) =>
        Extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    /// <summary>Where ffmpeg is on the PATH, or null.</summary>
    public static string? FindProgram() =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Join(folder, OperatingSystem.IsWindows() ? "ffmpeg.exe" : "ffmpeg"))
            .FirstOrDefault(File.Exists);

    /// <summary>Reads frames; the caller disposes each.</summary>
    /// <param name="file">The film.</param>
    /// <param name="every">Every n-th frame; null = the first frame after each change of scene.</param>
    /// <param name="maxPixels">Larger frames are refused.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="FornoException">ffmpeg is missing, or cannot read the film.</exception>
    public static IEnumerable<Picture> Read(string file, int? every, long maxPixels, CancellationToken cancel)
    {
        string program =
            FindProgram()
            ?? throw new FornoException(
                $"{file}: films are read by ffmpeg, which is missing; on Debian: apt-get install ffmpeg"
            );
        string select = every is { } n ? Invariant.Text($"not(mod(n\\,{n}))") : "eq(n\\,0)+gt(scene\\,0.3)";
        var start = new ProcessStartInfo(program)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // "file:" keeps a name such as "concat:…" from being more than a name.
        // Its decoders refuse larger frames before they make room for one.
        string most = Math.Min(maxPixels, int.MaxValue / 3).ToString(CultureInfo.InvariantCulture);
        foreach (
            string argument in (string[])
                [
                    "-v",
                    "error",
                    "-nostdin",
                    "-max_pixels",
                    most,
                    "-i",
                    "file:" + file,
                    "-an",
                    "-vf",
                    $"select={select}",
                    "-vsync",
                    "vfr",
                    "-f",
                    "image2pipe",
                    "-c:v",
                    "ppm",
                    "-pix_fmt",
                    "rgb24",
                    "-",
                ]
        )
        {
            start.ArgumentList.Add(argument);
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(cancel);
        try
        {
            var output = process.StandardOutput.BaseStream;
            while (Frame(output, file, maxPixels) is { } frame)
            {
                cancel.ThrowIfCancellationRequested();
                yield return frame;
            }

            process.WaitForExit();
            if (process.ExitCode != 0)
            {
                string said = errors.GetAwaiter().GetResult();
                if (TooLarge().Match(said) is { Success: true } size)
                {
                    throw TooMany(file, size.Groups[1].Value, size.Groups[2].Value);
                }

                string why = string.Join(
                    "; ",
                    said.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                        .Select(l => Origin().Replace(l, "").Replace($"file:{file}: ", "", StringComparison.Ordinal))
                        .Take(3)
                );
                throw new FornoException($"{file}: ffmpeg cannot read it ({why})");
            }
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
                process.WaitForExit();
            }
        }
    }

    // Binary PPM: "P6 width height 255" and one white space, then the samples.
    private static Picture? Frame(Stream input, string file, long maxPixels)
    {
        string[] words = new string[4];
        for (int i = 0; i < 4; i++)
        {
            if (Word(input) is not { } word)
            {
                return i == 0 ? null : throw Broken(file);
            }

            words[i] = word;
        }

        if (
            words[0] != "P6"
            || words[3] != "255"
            || !int.TryParse(words[1], NumberStyles.None, CultureInfo.InvariantCulture, out int width)
            || !int.TryParse(words[2], NumberStyles.None, CultureInfo.InvariantCulture, out int height)
            || width < 1
            || height < 1
        )
        {
            throw Broken(file);
        }

        if ((long)width * height > Math.Min(maxPixels, int.MaxValue / 3))
        {
            throw TooMany(file, words[1], words[2]);
        }

        byte[] pixels = GC.AllocateUninitializedArray<byte>(width * height * 3);
        return input.ReadAtLeast(pixels, pixels.Length, throwOnEndOfStream: false) == pixels.Length
            ? Picture.FromPixels(pixels, width, height, 3, file)
            : throw Broken(file);
    }

    private static string? Word(Stream input)
    {
        var word = new StringBuilder();
        for (int c = input.ReadByte(); c >= 0 && word.Length < 16; c = input.ReadByte())
        {
            if (!char.IsWhiteSpace((char)c))
            {
                word.Append((char)c);
            }
            else if (word.Length > 0)
            {
                return word.ToString();
            }
        }

        return word.Length == 0 ? null : word.ToString();
    }

    // "[mov,mp4,m4a @ 0x55f22e2489c0] ": which part of ffmpeg speaks.
    [GeneratedRegex(@"^(\[[^\]]* @ 0x[0-9a-f]+\] )+")]
    private static partial Regex Origin();

    [GeneratedRegex("Picture size ([0-9]+)x([0-9]+) exceeds specified max pixel count")]
    private static partial Regex TooLarge();

    private static FornoException TooMany(string file, string width, string height) =>
        new($"{file}: its frames are {width}×{height}, more than is read");

    private static FornoException Broken(string file) => new($"{file}: ffmpeg's output broke off");
}

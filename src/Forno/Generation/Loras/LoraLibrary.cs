using Forno.Checkpoints;
using Forno.Files;

namespace Forno.Generation.Loras;

/// <summary>Finds adapter files by the names that prompts use.</summary>
/// <param name="folders">Folders that are searched with all below them, in this order.</param>
public sealed class LoraLibrary(params IReadOnlyList<string> folders)
{
    private static readonly string[] Extensions = [".safetensors", ".pt", ".ckpt", ".pth", ".bin"];

    /// <summary>The folders.</summary>
    public IReadOnlyList<string> Folders { get; } = folders;

    /// <summary>
    /// The file of a name: an existing path as it is; else a file of that name, case ignored if need be; else one whose
    /// metadata gives it as kohya's <c>ss_output_name</c>, which web UIs write into prompts too.
    /// </summary>
    /// <exception cref="FornoException">There is none; the message says where was looked and what is close.</exception>
    public string Find(string name)
    {
        if (File.Exists(name) && Path.HasExtension(name))
        {
            return name;
        }

        string[] files = [.. Files()];
        string wanted = Extensions.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase)
            ? Path.ChangeExtension(name, null)
            : name;
        return files.FirstOrDefault(f => Path.GetFileNameWithoutExtension(f) == wanted)
            ?? files.FirstOrDefault(f =>
                Path.GetFileNameWithoutExtension(f).Equals(wanted, StringComparison.OrdinalIgnoreCase)
            )
            ?? files.FirstOrDefault(f => OutputName(f) == wanted)
            ?? throw Missing(name, files);
    }

    /// <summary>All adapter files in the folders, in order of name in each.</summary>
    public IEnumerable<string> Files() => Folders.Where(Directory.Exists).SelectMany(FilesIn);

    /// <summary>The weight files in a folder and below it, in order of name; states of trainings are none.</summary>
    public static IEnumerable<string> FilesIn(string folder) =>
        Directory
            .EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Where(f => Extensions.Contains(Path.GetExtension(f), StringComparer.OrdinalIgnoreCase))
            .Where(f => !Path.GetDirectoryName(f)!.EndsWith("-state", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal);

    private FornoException Missing(string name, string[] files)
    {
        if (Folders.Count == 0)
        {
            return new FornoException(
                $"there is no LoRA file '{name}', and no folder of LoRA files is named to look for it in; name the "
                    + "folder, or the file with its path"
            );
        }

        string looked = string.Join(", ", Folders.Select(f => Directory.Exists(f) ? f : f + " (which does not exist)"));
        string closest = Spelling.Closest(name, files.Select(f => Path.GetFileNameWithoutExtension(f))) is { } near
            ? $"; did you mean '{near}'?"
            : "";
        return new FornoException(
            $"there is no LoRA '{name}' among the {files.Length} weight files in {looked}{closest}"
        );
    }

    private static string? OutputName(string file)
    {
        if (!file.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        try
        {
            using var source = SafetensorsFile.Open(file);
            return source.Metadata.GetValueOrDefault("ss_output_name");
        }
        catch (FornoException)
        {
            return null; // a damaged neighbour is not the one that was asked for
        }
    }
}

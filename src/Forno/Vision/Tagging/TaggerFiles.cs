using Forno.Files;

namespace Forno.Vision.Tagging;

/// <summary>The two files of a tagger: its network and the list of its tags.</summary>
/// <param name="Model">The ONNX file.</param>
/// <param name="Tags">The list.</param>
/// <param name="Name">What the tagger is called: its folder's name, or its file's where that is not
/// <c>model</c>.</param>
public sealed record TaggerFiles(string Model, string Tags, string Name)
{
    /// <summary>Lists by the names under which they are published; WD14's first.</summary>
    private static readonly string[] Lists = ["selected_tags.csv", "tags.txt"];

    /// <summary>Taggers of the WD14 family, published by SmilingWolf on Hugging Face under these names.</summary>
    public static IReadOnlyList<string> Published { get; } =
    [
        "wd-eva02-large-tagger-v3",
        "wd-vit-large-tagger-v3",
        "wd-swinv2-tagger-v3",
        "wd-convnext-tagger-v3",
        "wd-vit-tagger-v3",
        "wd-v1-4-moat-tagger-v2",
        "wd-v1-4-swinv2-tagger-v2",
        "wd-v1-4-convnextv2-tagger-v2",
        "wd-v1-4-convnext-tagger-v2",
        "wd-v1-4-vit-tagger-v2",
    ];

    /// <summary>What to get where, in a sentence.</summary>
    public static string WhereToGet =>
        "Forno fetches no taggers: download model.onnx and selected_tags.csv of one of SmilingWolf's ("
        + $"{Published[0]}, {Published[2]}, {Published[5]} …) from Hugging Face, "
        + "or a DeepDanbooru ONNX with its tags.txt, into a folder of its own and name that folder.";

    /// <summary>Finds the files.</summary>
    /// <param name="path">The folder that both lie in, or the ONNX file with the list beside it.</param>
    /// <param name="tags">The list, if it lies elsewhere; else null.</param>
    /// <exception cref="FornoException">One is missing; the message says which and where it comes from.</exception>
    public static TaggerFiles Find(string path, string? tags = null)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        if (!Path.Exists(path))
        {
            throw Published.Contains(name)
                ? FornoException.ForFile(
                    path,
                    "this tagger is not there",
                    $"Download model.onnx and selected_tags.csv of SmilingWolf/{name} from Hugging Face into "
                        + "a folder and name that folder."
                )
                : FornoException.ForFile(
                    path,
                    $"there is no such tagger{Spelling.DidYouMean(name, Published)}",
                    WhereToGet
                );
        }

        string model = path;
        if (Directory.Exists(path))
        {
            string[] found = [.. Directory.EnumerateFiles(path, "*.onnx").Order(StringComparer.Ordinal)];
            model =
                found.FirstOrDefault(f => Path.GetFileName(f) == "model.onnx")
                ?? (
                    found.Length == 1
                        ? found[0]
                        : throw FornoException.ForFile(
                            path,
                            found.Length == 0
                                ? "there is no model.onnx in it"
                                : $"it has several models ({string.Join(", ", found.Select(Path.GetFileName))})",
                            found.Length == 0 ? WhereToGet : "Name the one that is meant."
                        )
                );
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(model))!;
        string stem = Path.GetFileNameWithoutExtension(model);
        string list =
            tags
            ?? ((string[])[$"{stem}.csv", $"{stem}.txt", .. Lists])
                .Select(l => Path.Combine(folder, l))
                .FirstOrDefault(File.Exists)
            ?? throw FornoException.ForFile(
                model,
                $"the list of its tags is missing: {string.Join(" or ", Lists)} was looked for beside it",
                "Download it from where the model came from (selected_tags.csv for the WD14 family, tags.txt "
                    + "for DeepDanbooru), or name it by --tag-list."
            );
        return File.Exists(list)
            ? new TaggerFiles(model, list, stem is "model" ? Path.GetFileName(folder) : stem)
            : throw FornoException.ForFile(
                list,
                "there is no such file; the tagger's list of tags was expected",
                "Check its name."
            );
    }
}

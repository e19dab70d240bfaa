using System.Text.Json;

namespace Forno.Pocket.Data;

/// <summary>Reading the fetched packages.</summary>
internal static class PocketFiles
{
    /// <summary>A JSON file as a document.</summary>
    /// <exception cref="FornoException">There is no such file, or it is no JSON.</exception>
    public static JsonDocument ReadJson(string path)
    {
        try
        {
            return JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new FornoException($"{path}: not fetched yet; run assets/fetch.sh with the package's name", e);
        }
        catch (JsonException e)
        {
            throw new FornoException(
                $"{path}: not JSON ({e.Message}); delete its folder and run assets/fetch.sh again",
                e
            );
        }
    }
}

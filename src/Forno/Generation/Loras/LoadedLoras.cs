using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Nn;

namespace Forno.Generation.Loras;

/// <summary>The adapters of a request while they fill the model's slots; disposing takes them out.</summary>
internal sealed class LoadedLoras : IDisposable
{
    private readonly List<AdapterFile> files = [];
    private readonly List<UsedLora> used = [];
    private readonly List<string> warnings = [];

    /// <summary>In the order asked for.</summary>
    public IReadOnlyList<UsedLora> Used => used;

    /// <summary>Modules that found no place.</summary>
    public IReadOnlyList<string> Warnings => warnings;

    /// <summary>Finds, reads and applies adapters.</summary>
    /// <exception cref="FornoException">One is missing or does not fit; none is applied then.</exception>
    public static LoadedLoras Apply(BaseModel model, LoraLibrary library, IReadOnlyList<LoraUse> wanted)
    {
        var loaded = new LoadedLoras();
        if (wanted.Count == 0)
        {
            return loaded;
        }

        try
        {
            IReadOnlyList<PatchTarget> targets = model.Targets;
            foreach ((LoraUse use, string path) in wanted.Select(u => (u, library.Find(u.Name))).ToArray())
            {
                var file = AdapterFile.Load(path, targets, model.Device);
                loaded.files.Add(file);
                file.Network.SetMultipliers(use.Unet, use.TextEncoder);
                IReadOnlyList<Adapter> lost = file.Network.Apply(model.Layers);
                string[] strangers = [.. file.Strangers, .. lost.Select(a => a.Name)];
                if (strangers.Length > 0)
                {
                    loaded.warnings.Add(
                        $"{path}: {strangers.Length} modules have no place in {model.Name}, such as {strangers[0]}"
                    );
                }
                loaded.used.Add(
                    new UsedLora(Path.GetFileNameWithoutExtension(path), HashOf(path, file.Metadata)[..12], use)
                );
            }
            return loaded;
        }
        catch
        {
            loaded.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (AdapterFile file in files)
        {
            file.Dispose();
        }
    }

    // A1111's: kohya's hash in the metadata, else the data's, else the file's.
    private static string HashOf(string path, IReadOnlyDictionary<string, string> metadata) =>
        metadata.TryGetValue("sshs_model_hash", out string? said) && said.Length >= 12 ? said
        : path.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) ? ModelHash.DataSha256(path)
        : ModelHash.FileSha256(path);
}

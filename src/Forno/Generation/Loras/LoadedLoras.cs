using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
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

    /// <summary>Reads adapters and applies them.</summary>
    /// <exception cref="FornoException">One cannot be read or does not fit; none is applied then.</exception>
    public static LoadedLoras Apply(BaseModel model, IReadOnlyList<FoundLora> wanted)
    {
        var loaded = new LoadedLoras();
        if (wanted.Count == 0)
        {
            return loaded;
        }

        try
        {
            IReadOnlyList<PatchTarget> targets = model.Targets;
            foreach (FoundLora lora in wanted)
            {
                var file = AdapterFile.Load(lora.Path, targets, model.Device);
                loaded.files.Add(file);
                file.Network.SetMultipliers(lora.Use.Unet, lora.Use.TextEncoder);
                IReadOnlyList<Adapter> lost = file.Network.Apply(model.Layers);
                string[] strangers = [.. file.Strangers, .. lost.Select(a => a.Name)];
                if (strangers.Length > 0)
                {
                    loaded.warnings.Add(
                        $"{lora.Path}: {strangers.Length} modules have no place in {model.Name}, such as {strangers[0]}"
                    );
                }
                loaded.used.Add(new UsedLora(lora, HashOf(lora.Path, file.Metadata)[..12]));
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

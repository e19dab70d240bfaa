using Forno.Checkpoints.Sources;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Models;

/// <summary>
/// An open weight file as a store for models: any known naming comes out under the usual single-file names.
/// </summary>
public static class CheckpointWeights
{
    /// <summary>The file's tensors by usual name. Nothing is read until a model takes it.</summary>
    public static Dictionary<string, WeightEntry> Entries(ITensorSource source)
    {
        var entries = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        foreach ((string key, string usual) in KeyMap.CanonicalNames(TensorShapes.Of(source)))
        {
            entries[usual] = new WeightEntry([.. source.Tensors[key].Shape], () => source.Load(key));
        }
        return entries;
    }

    /// <summary>The shapes of a file under the usual single-file names, for detection.</summary>
    public static TensorShapes Shapes(ITensorSource source) => KeyMap.Canonical(TensorShapes.Of(source));

    /// <summary>
    /// Several files as one: later ones replace keys of earlier ones. CLIP towers of every form come out under Hugging
    /// Face's names (<see cref="ClipKeys.Unify"/>).
    /// </summary>
    public static WeightStore Open(
        IReadOnlyList<ITensorSource> sources,
        DType type = DType.Float32,
        Device device = default
    )
    {
        var entries = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        foreach (ITensorSource source in sources)
        {
            foreach ((string key, WeightEntry entry) in Entries(source))
            {
                entries[key] = entry;
            }
        }
        return WeightStore.From(ClipKeys.Unify(entries), sources[0].Path, type, device);
    }
}

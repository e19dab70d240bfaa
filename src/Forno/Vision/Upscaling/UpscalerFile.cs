using Forno.Checkpoints;
using Forno.Checkpoints.Pickle;
using Forno.Checkpoints.Sources;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>Finds the weights in a file as the community wraps them, and the network that they are of.</summary>
internal static class UpscalerFile
{
    private static readonly string[] Wrappers =
    [
        "model_state_dict",
        "state_dict",
        "params_ema",
        "params-ema",
        "params",
        "model",
        "net",
    ];
    private static readonly string[] Prefixes = ["module.", "netG."];

    /// <summary>Opens a file's weights: .safetensors, PyTorch's formats as data only, or an ncnn pair.</summary>
    /// <param name="path">The file; of an ncnn pair either one.</param>
    /// <param name="keep">What must stay open while the weights are taken.</param>
    /// <exception cref="FornoException">It is absent, damaged, or holds no weights.</exception>
    public static IReadOnlyDictionary<string, WeightEntry> Open(string path, out IDisposable? keep)
    {
        if (NcnnFile.IsNcnn(path))
        {
            keep = null;
            return NcnnFile.Read(path);
        }
        ITensorSource source = Checkpoint.Open(path);
        keep = source;
        // Only a pickle nests; a slash in a safetensors key is part of it.
        return source is PickleFile pickle ? Unwrap(pickle) : CutPrefixes(source.Entries());
    }

    /// <summary>The network that the keys tell of, built from them.</summary>
    /// <exception cref="FornoException">They are of no known network, or some have no place in it.</exception>
    public static (UpscaleNetwork Network, WeightStore Store) Build(
        IReadOnlyDictionary<string, WeightEntry> entries,
        string path,
        DType type,
        Device device
    )
    {
        bool Has(string key) => entries.ContainsKey(key);
        if (Esrgan.Knows(Has))
        {
            return Make(Esrgan.Rename(entries), w => new Esrgan(w), null);
        }
        if (Compact.Knows(Has))
        {
            return Make(entries, w => new Compact(w), null);
        }
        if (SpanNetwork.Knows(Has))
        {
            return Make(entries, w => new SpanNetwork(w), SpanNetwork.IsHarmless);
        }
        if (OmniSr.Knows(Has))
        {
            return Make(entries, w => new OmniSr(w), OmniSr.IsHarmless);
        }
        if (Dat.Knows(Has))
        {
            return Make(entries, w => new Dat(w), Dat.IsHarmless);
        }
        throw FornoException.ForFile(
            path,
            $"this is not an upscaler that Forno knows: {Guess(entries)}",
            "It reads ESRGAN (old, new, BSRGAN, ESRGAN+, Real-ESRGAN), Compact (SRVGGNet), SPAN, OmniSR and DAT."
        );

        (UpscaleNetwork, WeightStore) Make(
            IReadOnlyDictionary<string, WeightEntry> named,
            Func<Weights, UpscaleNetwork> build,
            Func<string, bool>? harmless
        )
        {
            var store = WeightStore.From(named, path, type, device);
            try
            {
                UpscaleNetwork network = build(store.At(""));
                store.RequireAllTaken("", harmless);
                return (network, store);
            }
            catch
            {
                store.Dispose();
                throw;
            }
        }
    }

    private static Dictionary<string, WeightEntry> Unwrap(PickleFile file)
    {
        string[] paths = [.. file.Tensors.Keys, .. file.Values.Keys];
        string root = "";
        root += Array.Find(Wrappers, w => IsDict(w)) is { } wrapper ? wrapper + "/" : "";
        string[] tops = [.. Below().Select(p => p.Split('/')[0]).Distinct(StringComparer.Ordinal)];
        if (tops is [var only] && IsDict(only))
        {
            root += only + "/";
        }
        return CutPrefixes(
            file.Tensors.Values.Where(t => t.Name.StartsWith(root, StringComparison.Ordinal))
                .ToDictionary(
                    t => t.Name[root.Length..],
                    t => new WeightEntry([.. t.Shape], () => file.Load(t.Name)),
                    StringComparer.Ordinal
                )
        );

        IEnumerable<string> Below() =>
            paths.Where(p => p.StartsWith(root, StringComparison.Ordinal)).Select(p => p[root.Length..]);

        // A dict has parts below its key; a list's are numbered.
        bool IsDict(string key) =>
            Below()
                .Any(p => p.StartsWith(key + "/", StringComparison.Ordinal) && !char.IsAsciiDigit(p[key.Length + 1]));
    }

    // A prefix goes only if every key has it; first the one, then the other.
    private static Dictionary<string, WeightEntry> CutPrefixes(IReadOnlyDictionary<string, WeightEntry> entries)
    {
        var cut = new Dictionary<string, WeightEntry>(entries, StringComparer.Ordinal);
        foreach (string prefix in Prefixes)
        {
            if (cut.Count > 0 && cut.Keys.All(k => k.StartsWith(prefix, StringComparison.Ordinal)))
            {
                cut = cut.ToDictionary(e => e.Key[prefix.Length..], e => e.Value, StringComparer.Ordinal);
            }
        }
        return cut;
    }

    private static string Guess(IReadOnlyDictionary<string, WeightEntry> entries)
    {
        bool Any(string part) => entries.Keys.Any(k => k.Contains(part, StringComparison.Ordinal));
        return entries.Count == 0 ? "it has no weights"
            : Any("lora_") || Any(".hada_w") || Any(".lokr_w") ? "it looks like a LoRA"
            : Any("diffusion_model.") || Any("cond_stage_model.") ? "it looks like a Stable Diffusion checkpoint"
            : Any("encoder.down.") || Any("decoder.up.") ? "it looks like a VAE"
            : Any("before_RG.") ? "it looks like a DAT, but some of its parts are missing"
            : Any("relative_position") ? "it looks like a transformer (SwinIR, HAT, …)"
            : $"its {entries.Count} tensors, such as "
                + $"{string.Join(", ", entries.Keys.Order(StringComparer.Ordinal).Take(3))}, fit none";
    }
}

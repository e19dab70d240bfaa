using System.Collections.Frozen;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters;

/// <summary>An adapter read from a file.</summary>
public sealed class AdapterFile : IDisposable
{
    // Suffixes that only this kind has, for telling what a file holds; those that cannot be read yet are named.
    private static readonly (string Suffix, string Kind)[] Kinds =
    [
        ("dora_scale", "DoRA"),
        ("hada_", "LoHa"),
        ("lokr_", "LoKr"),
        ("oft_", "OFT"),
        ("on_input", "IA3"),
        ("a1.weight", "GLoRA"),
        ("diff", "full difference"),
        ("w_norm", "norm difference"),
        ("b_norm", "norm difference"),
        ("lora_down.weight", "LoRA"),
        ("lora_up.weight", "LoRA"),
    ];

    private static readonly FrozenSet<string> LoraSuffixes = new[]
    {
        LoraAdapter.DownKey,
        LoraAdapter.UpKey,
        LoraAdapter.MidKey,
        AlphaKey,
    }.ToFrozenSet(StringComparer.Ordinal);

    internal const string AlphaKey = "alpha";

    private AdapterFile(
        AdapterNetwork network,
        IReadOnlyDictionary<string, string> metadata,
        IReadOnlyList<string> strangers
    ) => (Network, Metadata, Strangers) = (network, metadata, strangers);

    /// <summary>The modules that have a place in the model.</summary>
    public AdapterNetwork Network { get; }

    /// <summary>The file's metadata.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Names of modules for which the model has no layer.</summary>
    public IReadOnlyList<string> Strangers { get; }

    /// <summary>Reads a file (safetensors, or PyTorch's formats as data only).</summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The model's layers that adapters can change.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <exception cref="FornoException">Not readable, damaged, of an unknown kind, or nothing in it is for this
    /// model.</exception>
    public static AdapterFile Load(string path, IEnumerable<PatchTarget> targets, Device device = default)
    {
        using ITensorSource source = Checkpoint.Open(path);
        return Load(source, targets, device);
    }

    /// <inheritdoc cref="Load(string, IEnumerable{PatchTarget}, Device)"/>
    /// <param name="source">The open file; it may be disposed afterwards.</param>
    /// <param name="targets">The model's layers.</param>
    /// <param name="device">Where the tensors go.</param>
    public static AdapterFile Load(ITensorSource source, IEnumerable<PatchTarget> targets, Device device = default)
    {
        using var scope = new Scope();
        IReadOnlyDictionary<string, PatchTarget> names = ByName(targets);
        var modules = new List<(PatchTarget, Adapter)>();
        var strangers = new List<string>();
        try
        {
            foreach ((string name, List<string> suffixes) in Modules(source))
            {
                if (names.TryGetValue(name, out PatchTarget? target))
                {
                    modules.Add((target, Read(source, name, suffixes, device)));
                }
                else
                {
                    strangers.Add(name);
                }
            }
            if (modules.Count == 0)
            {
                throw FornoException.ForFile(
                    source.Path,
                    "nothing in it is for this model",
                    $"It is {Kind(source)}; choose an adapter that was trained for this family of models."
                );
            }
            return new AdapterFile(new AdapterNetwork(modules), source.Metadata, strangers);
        }
        catch
        {
            modules.ForEach(m => m.Item2.Dispose());
            throw;
        }
    }

    /// <summary>Kinds of modules in a file that cannot be read yet, by name; empty: the file can be loaded.</summary>
    public static IReadOnlyList<string> UnknownKinds(ITensorSource source) =>
        [
            .. Modules(source)
                .Values.Where(suffixes => !suffixes.TrueForAll(LoraSuffixes.Contains))
                .Select(suffixes => KindOf(suffixes) ?? suffixes[0])
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

    /// <summary>Makes a module of the kind that its tensors tell.</summary>
    /// <param name="origin">The file, for errors.</param>
    /// <param name="name">The module's name.</param>
    /// <param name="tensors">Its tensors by suffix, alpha among them if it has one; the module takes copies in
    /// fp32.</param>
    /// <param name="device">Where they go.</param>
    /// <exception cref="FornoException">A kind that is not yet known, or an incomplete module.</exception>
    public static Adapter Make(
        string origin,
        string name,
        IReadOnlyDictionary<string, Tensor> tensors,
        Device device = default
    )
    {
        using var scope = new Scope();
        if (tensors.Keys.FirstOrDefault(s => !LoraSuffixes.Contains(s)) is { } other)
        {
            throw FornoException.ForFile(
                origin,
                $"module {name} is of the kind {KindOf([other]) ?? "with " + other}, which is not yet known",
                "Choose a plain LoRA or LoCon file."
            );
        }
        foreach (string needed in (string[])[LoraAdapter.DownKey, LoraAdapter.UpKey])
        {
            if (!tensors.ContainsKey(needed))
            {
                throw FornoException.ForFile(
                    origin,
                    $"module {name} has no {needed}",
                    "The file is incomplete; download it again."
                );
            }
        }
        double? alpha = tensors.TryGetValue(AlphaKey, out Tensor? a) ? a.Item() : null;
        return new LoraAdapter(
            name,
            tensors
                .Where(t => t.Key != AlphaKey)
                .ToDictionary(t => t.Key, t => t.Value.To(DType.Float32).To(device).Clone(), StringComparer.Ordinal),
            alpha
        );
    }

    /// <summary>
    /// Writes an adapter as kohya's trainer does: tensors and alphas in one type, its metadata and the two hashes that
    /// other programs know files by.
    /// </summary>
    /// <param name="path">The file; an old one stays if anything fails.</param>
    /// <param name="network">The adapter.</param>
    /// <param name="metadata">The <c>ss_*</c> and <c>modelspec.*</c> strings.</param>
    /// <param name="type">The type to store in.</param>
    public static void Save(
        string path,
        AdapterNetwork network,
        IReadOnlyDictionary<string, string> metadata,
        DType type
    )
    {
        using var scope = new Scope();
        var tensors = new List<TensorToWrite>();
        foreach (Adapter a in network.Adapters)
        {
            foreach ((string suffix, Tensor t) in a.Tensors)
            {
                tensors.Add(TensorToWrite.From($"{a.Name}.{suffix}", t, type));
            }
            if (a.HasAlpha)
            {
                tensors.Add(TensorToWrite.From($"{a.Name}.{AlphaKey}", Tensor.Full([], a.Alpha), type));
            }
        }
        (string model, string legacy) = ModelHash.Adapter(tensors, metadata);
        var all = new Dictionary<string, string>(metadata, StringComparer.Ordinal)
        {
            ["sshs_model_hash"] = model,
            ["sshs_legacy_hash"] = legacy,
        };
        SafetensorsWriter.Write(path, tensors, all);
    }

    /// <summary>Frees the modules.</summary>
    public void Dispose() => Network.Dispose();

    /// <summary>Targets by every name that files use for them.</summary>
    public static IReadOnlyDictionary<string, PatchTarget> ByName(IEnumerable<PatchTarget> targets)
    {
        var names = new Dictionary<string, PatchTarget>(StringComparer.Ordinal);
        foreach (PatchTarget target in targets)
        {
            names.Add(target.Name, target);
            if (target.Alias is { } alias)
            {
                names.Add(alias, target);
            }
        }
        return names;
    }

    private static Dictionary<string, List<string>> Modules(ITensorSource source)
    {
        var modules = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        foreach (string key in source.Tensors.Keys)
        {
            int dot = key.IndexOf('.', StringComparison.Ordinal);
            (string name, string suffix) = dot < 0 ? (key, "") : (key[..dot], key[(dot + 1)..]);
            if (!modules.TryGetValue(name, out List<string>? suffixes))
            {
                modules.Add(name, suffixes = []);
            }
            suffixes.Add(suffix);
        }
        return modules;
    }

    private static Adapter Read(ITensorSource source, string name, List<string> suffixes, Device device)
    {
        using var scope = new Scope();
        return Make(
            source.Path,
            name,
            suffixes.ToDictionary(s => s, s => source.Load($"{name}.{s}"), StringComparer.Ordinal),
            device
        );
    }

    private static string Kind(ITensorSource source) =>
        KindOf(source.Tensors.Keys.Select(k => k[(k.IndexOf('.', StringComparison.Ordinal) + 1)..])) is { } kind
            ? $"an adapter of the kind {kind} with modules such as {source.Tensors.Keys.First().Split('.')[0]}"
            : "no adapter file";

    private static string? KindOf(IEnumerable<string> suffixes)
    {
        string[] all = [.. suffixes];
        return Kinds.FirstOrDefault(k => all.Any(s => s.StartsWith(k.Suffix, StringComparison.Ordinal))).Kind;
    }
}

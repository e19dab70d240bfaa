using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Adapters;

/// <summary>An adapter read from a file.</summary>
public sealed class AdapterFile : IDisposable
{
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
                .Values.Select(AdapterKinds.Unreadable)
                .OfType<string>()
                .Distinct()
                .Order(StringComparer.Ordinal),
        ];

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
            foreach ((string suffix, Tensor t) in a.Saved)
            {
                tensors.Add(TensorToWrite.From($"{a.Name}.{suffix}", t, type));
            }
            foreach ((string suffix, double value) in a.Constants)
            {
                tensors.Add(TensorToWrite.From($"{a.Name}.{suffix}", Tensor.Full([], value), type));
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
        return AdapterKinds.Read(
            source.Path,
            name,
            suffixes.ToDictionary(s => s, s => source.Load($"{name}.{s}"), StringComparer.Ordinal),
            device
        );
    }

    private static string Kind(ITensorSource source) =>
        Modules(source).FirstOrDefault(m => AdapterKinds.Recognise(m.Value) is not null) is { Key: { } name } module
            ? $"an adapter of the kind {AdapterKinds.Recognise(module.Value)!.Name} with modules such as {name}"
            : "no adapter file";
}

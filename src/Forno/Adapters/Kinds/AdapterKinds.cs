using Forno.Files;
using Forno.Torch;

namespace Forno.Adapters.Kinds;

/// <summary>The kinds of adapters: one line each.</summary>
public static class AdapterKinds
{
    /// <summary>The one tensor that modules of most kinds have.</summary>
    public const string AlphaKey = "alpha";

    private const string Lycoris = "lycoris.kohya";

    /// <summary>
    /// Every kind: those with a class here, and by name those that cannot be read yet, so that a file says what it is.
    /// The first whose marks a module has, is the module's: what goes on top of others stands before them.
    /// </summary>
    public static IReadOnlyList<AdapterKind> All { get; } =
    [
        new("DoRA") { Marks = ["dora_scale"] },
        LoraAdapter.Kind,
        LohaAdapter.Kind,
        LokrAdapter.Kind,
        new("OFT")
        {
            Marks = ["oft_"],
            Algorithms = ["diag-oft", "boft"],
            NetworkModules = ["networks.oft"],
        },
        Ia3Adapter.Kind,
        new("GLoRA") { Marks = ["a1.weight"], Algorithms = ["glora"] },
        FullAdapter.Kind,
        NormAdapter.Kind,
    ];

    /// <summary>The kind of a module with these tensors, readable or not; null: it is of none.</summary>
    /// <param name="suffixes">The tensors' names after the module's.</param>
    public static AdapterKind? Recognise(IEnumerable<string> suffixes)
    {
        string[] all = [.. suffixes];
        return All.FirstOrDefault(kind => kind.IsMarkedIn(all));
    }

    /// <summary>Why a module with these tensors cannot be read: the kind's name or a tensor's; null: it can.</summary>
    /// <param name="suffixes">The tensors' names after the module's.</param>
    public static string? Unreadable(IReadOnlyCollection<string> suffixes) =>
        Recognise(suffixes) switch
        {
            { Read: null } kind => kind.Name,
            { } kind => suffixes.FirstOrDefault(s => !kind.Has(s)) is { } other ? $"{kind.Name} with {other}" : null,
            null => $"with {suffixes.First()}",
        };

    /// <summary>Makes a module of the kind that its tensors tell.</summary>
    /// <param name="origin">The file, for errors.</param>
    /// <param name="name">The module's name.</param>
    /// <param name="tensors">Its tensors by suffix, alpha among them if it has one; the module takes copies in
    /// fp32.</param>
    /// <param name="device">Where they go.</param>
    /// <exception cref="FornoException">A kind that is not yet known, or an incomplete module.</exception>
    public static Adapter Read(
        string origin,
        string name,
        IReadOnlyDictionary<string, Tensor> tensors,
        Device device = default
    )
    {
        if (Unreadable([.. tensors.Keys]) is { } what)
        {
            throw FornoException.ForFile(
                origin,
                $"module {name} is of the kind {what}, which is not yet known",
                $"Kinds that can be read: {string.Join(", ", All.Where(k => k.Read is not null).Select(k => k.Name))}."
            );
        }
        AdapterKind kind = Recognise(tensors.Keys)!;
        if (kind.Required.FirstOrDefault(s => !tensors.ContainsKey(s)) is { } missing)
        {
            throw Damaged($"module {name} has no {missing}", null);
        }
        using var scope = new Scope();
        double? alpha = tensors.TryGetValue(AlphaKey, out Tensor? a) ? a.Item() : null;
        try
        {
            return kind.Read!(
                name,
                tensors
                    .Where(t => t.Key != AlphaKey)
                    .ToDictionary(
                        t => t.Key,
                        t => t.Value.To(DType.Float32).To(device).Clone(),
                        StringComparer.Ordinal
                    ),
                alpha
            );
        }
        catch (FornoException e)
        {
            throw Damaged(e.Message, e);
        }

        FornoException Damaged(string problem, Exception? inner) =>
            FornoException.ForFile(origin, problem, "The file is incomplete or damaged; download it again.", inner);
    }

    /// <summary>The kind that a configuration asks for.</summary>
    /// <param name="networkModule"><c>network_module</c>.</param>
    /// <param name="algorithm"><c>algo</c> of <c>network_args</c>; null: LyCORIS' own choice, LoRA.</param>
    /// <param name="where">Where it stands, for errors.</param>
    /// <exception cref="FornoException">There is none, or it cannot be trained yet; the message lists those that
    /// can.</exception>
    public static AdapterKind ForNetwork(
        string networkModule,
        string? algorithm = null,
        string where = "network_module"
    )
    {
        bool lycoris = networkModule == Lycoris;
        string wanted = lycoris ? algorithm ?? "lora" : networkModule;
        IReadOnlyList<string> Names(AdapterKind kind) => lycoris ? kind.Algorithms : kind.NetworkModules;
        if (All.FirstOrDefault(k => Names(k).Contains(wanted, StringComparer.OrdinalIgnoreCase)) is not { } kind)
        {
            string near = Spelling.DidYouMean(
                wanted,
                [.. All.SelectMany(Names), .. lycoris ? [] : (string[])[Lycoris]]
            );
            throw new FornoException($"{where}: there is no '{wanted}'{(near.Length > 0 ? near : ".")} {Choice()}");
        }
        return kind.New is not null
            ? kind
            : throw new FornoException($"{where}: {kind.Name} cannot be trained yet. {Choice()}");
    }

    private static string Choice()
    {
        AdapterKind[] able = [.. All.Where(k => k.New is not null)];
        return $"Choose one of: {string.Join(", ", able.SelectMany(k => k.NetworkModules))}, "
            + $"{Lycoris} with algo={string.Join(", ", able.SelectMany(k => k.Algorithms))}.";
    }
}

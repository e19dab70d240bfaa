using System.Globalization;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Nn;

namespace Forno.Training.Recipes;

/// <summary>
/// The adapter that is trained. Ranks by block depend on the base model's family, so the engine's settings are read
/// when that is known: <see cref="For"/>.
/// </summary>
public sealed record NetworkSettings
{
    private const string Lora = "networks.lora",
        Lycoris = "lycoris.kohya";

    // LyCORIS' own names of its arguments that work with its LoRA.
    private static readonly string[] LycorisArguments =
    [
        "algo",
        "conv_alpha",
        "conv_dim",
        "dropout",
        "module_dropout",
        "preset",
        "rank_dropout",
    ];

    /// <summary><c>network_module</c>: networks.lora or lycoris.kohya (with algo=lora).</summary>
    public string Module { get; init; } = Lora;

    /// <summary>The modules that work.</summary>
    public static IReadOnlyList<string> Modules { get; } = [Lora, Lycoris];

    /// <summary><c>network_dim</c>; null = 4.</summary>
    public int? Dim { get; init; }

    /// <summary><c>network_alpha</c>; 0 means the dim.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary><c>network_dropout</c>: probability on the adapter's input features; null = none.</summary>
    public double? Dropout { get; init; }

    /// <summary><c>network_args</c> by name, as they stand.</summary>
    public IReadOnlyDictionary<string, string> Args { get; init; } = new Dictionary<string, string>();

    /// <summary>Whether the UNet has adapters (not <c>network_train_text_encoder_only</c>).</summary>
    public bool TrainUNet { get; init; } = true;

    /// <summary>Whether the text encoders have adapters (not <c>network_train_unet_only</c>).</summary>
    public bool TrainTextEncoder { get; init; } = true;

    /// <summary><c>scale_weight_norms</c>: the largest norm of a module's change; null = any.</summary>
    public double? MaxNorm { get; init; }

    /// <summary>The LyCORIS preset that chooses the layers; null = kohya's choice.</summary>
    public string? Preset => Module == Lycoris ? Args.GetValueOrDefault("preset", "full") : null;

    /// <summary>The engine's settings for a family of base models.</summary>
    /// <param name="sdxl">Whether the base model is of XL's family.</param>
    /// <exception cref="FornoException">The module is not known, or an argument makes no sense.</exception>
    public LoraSettings For(bool sdxl)
    {
        // kohya hands network_dropout on as the argument dropout, unless that is given
        double? dropout = Args.TryGetValue("dropout", out string? text) ? Number("dropout", text) : Dropout;
        var rest = Args.Where(a => a.Key != "dropout").ToDictionary(StringComparer.Ordinal);
        return Module switch
        {
            Lora => LoraSettings.Read(sdxl, Dim, Alpha, dropout, rest),
            Lycoris => ForLycoris(sdxl, dropout, rest),
            _ => throw new FornoException(
                $"network_module = \"{Module}\" is not supported yet; choose one of: {string.Join(", ", Modules)}"
            ),
        };
    }

    /// <summary>The modules of a new adapter over the layers that learn.</summary>
    /// <param name="sdxl">Whether the base model is of XL's family.</param>
    /// <param name="targets">The layers.</param>
    public IEnumerable<AdapterModule> Choose(bool sdxl, IEnumerable<PatchTarget> targets)
    {
        LoraSettings settings = For(sdxl);
        return Preset is { } preset
            ? LycorisPreset
                .Choose(preset, targets)
                .Select(t =>
                    t.IsSpatial
                        ? Module(t, settings.ConvDim!.Value, settings.ConvAlpha)
                        : Module(t, settings.Dim, settings.Alpha)
                )
            : settings.Choose(targets);

        static AdapterModule Module(PatchTarget target, int rank, double alpha) =>
            new(target, rank, alpha == 0 ? rank : alpha);
    }

    // In LyCORIS the 3×3 layers have the rank and alpha of the others, unless they have their own.
    private LoraSettings ForLycoris(bool sdxl, double? dropout, Dictionary<string, string> rest)
    {
        if (rest.Keys.FirstOrDefault(k => !LycorisArguments.Contains(k)) is { } unknown)
        {
            throw new FornoException(
                $"network_args: '{unknown}' is not supported yet with lycoris.kohya; it takes: "
                    + string.Join(", ", LycorisArguments)
            );
        }
        if (rest.GetValueOrDefault("algo", "lora") is not ("lora" or "locon") and var algo)
        {
            throw new FornoException(
                $"network_args: algo={algo} is not supported yet with lycoris.kohya; it takes: locon, lora"
            );
        }
        LycorisPreset.Choose(Preset!, []);
        rest.Remove("algo");
        rest.Remove("preset");
        rest.TryAdd("conv_dim", (Dim ?? 4).ToString(CultureInfo.InvariantCulture));
        rest.TryAdd("conv_alpha", Alpha.ToString("R", CultureInfo.InvariantCulture));
        return LoraSettings.Read(sdxl, Dim, Alpha, dropout, rest);
    }

    private static double? Number(string name, string text) =>
        text == "None" ? null
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) ? v
        : throw new FornoException($"network_args: {name}: '{text}' is not a number");
}

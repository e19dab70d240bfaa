using System.Globalization;
using Forno.Adapters.Kinds;
using Forno.Nn;

namespace Forno.Adapters;

/// <summary>
/// What a LoRA gets: ranks, alphas, dropout. Names and defaults are those of kohya's <c>networks.lora</c>.
/// </summary>
public sealed record LoraSettings
{
    private static readonly string[] Known =
    [
        "block_alphas",
        "block_dims",
        "block_lr_zero_threshold",
        "conv_alpha",
        "conv_block_alphas",
        "conv_block_dims",
        "conv_dim",
        "down_lr_weight",
        "mid_lr_weight",
        "module_dropout",
        "rank_dropout",
        "up_lr_weight",
    ];

    /// <summary>Rank of linear and 1×1 layers.</summary>
    public int Dim { get; init; } = 4;

    /// <summary>Alpha of linear and 1×1 layers; the change is scaled by alpha/rank. 0 means alpha = rank.</summary>
    public double Alpha { get; init; } = 1;

    /// <summary>Rank of 3×3 layers; null: residual blocks and resamplers are left out.</summary>
    public int? ConvDim { get; init; }

    /// <summary>Alpha of 3×3 layers.</summary>
    public double ConvAlpha { get; init; } = 1;

    /// <summary>Settings by block; null: the same for all.</summary>
    public BlockSettings? Blocks { get; init; }

    /// <summary>Dropout in training.</summary>
    public AdapterDropout Dropout { get; init; } = AdapterDropout.None;

    /// <summary>Reads kohya's options.</summary>
    /// <param name="sdxl">Whether the model is of XL's family, which has other blocks.</param>
    /// <param name="networkDim"><c>network_dim</c>; null: 4.</param>
    /// <param name="networkAlpha"><c>network_alpha</c>; null: 1.</param>
    /// <param name="networkDropout"><c>network_dropout</c>; null: none.</param>
    /// <param name="arguments"><c>network_args</c> by name, values as they stand.</param>
    /// <exception cref="FornoException">An unknown name or a wrong value.</exception>
    public static LoraSettings Read(
        bool sdxl,
        int? networkDim,
        double? networkAlpha,
        double? networkDropout,
        IReadOnlyDictionary<string, string> arguments
    )
    {
        foreach (string name in arguments.Keys)
        {
            if (!Known.Contains(name, StringComparer.Ordinal))
            {
                throw new FornoException(
                    $"network_args: networks.lora has no option '{name}' here. It has: {string.Join(", ", Known)}."
                );
            }
        }
        double? Real(string name) =>
            arguments.TryGetValue(name, out string? text) && text != "None"
                ? double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double v)
                && double.IsFinite(v)
                    ? v
                    : throw new FornoException($"network_args: {name}: '{text}' is not a number")
                : null;

        int dim = networkDim ?? 4;
        double alpha = networkAlpha ?? 1;
        int? convDim = Real("conv_dim") is { } c ? Rank("conv_dim", c) : null;
        double convAlpha = Real("conv_alpha") ?? 1;
        return new LoraSettings
        {
            Dim = Rank("network_dim", dim),
            Alpha = alpha,
            ConvDim = convDim,
            ConvAlpha = convAlpha,
            Blocks = BlockSettings.Read(
                sdxl,
                dim,
                alpha,
                convDim,
                convAlpha,
                name => arguments.GetValueOrDefault(name)
            ),
            Dropout = new AdapterDropout
            {
                Network = Share("network_dropout", networkDropout),
                Rank = Share("rank_dropout", Real("rank_dropout")),
                Module = Share("module_dropout", Real("module_dropout")),
            },
        };
    }

    /// <summary>The modules that a new adapter has over the given layers: kohya's choice.</summary>
    public IEnumerable<AdapterModule> Choose(IEnumerable<PatchTarget> targets)
    {
        bool conv = Blocks is null ? ConvDim is not null : Blocks.ConvDims is not null;
        foreach (PatchTarget target in targets)
        {
            if (
                target.Part is TargetPart.Stem
                || (target.Part is TargetPart.Residual or TargetPart.Resampling && !conv)
            )
            {
                continue;
            }
            (int dim, double alpha) = Rank(target);
            if (dim > 0)
            {
                yield return new AdapterModule(target, dim, alpha == 0 ? dim : alpha);
            }
        }
    }

    private (int Dim, double Alpha) Rank(PatchTarget target)
    {
        if (target.BlockIndex is { } block && Blocks is { } blocks)
        {
            return target.IsSpatial
                ? (blocks.ConvDims![block], blocks.ConvAlphas![block])
                : (blocks.Dims[block], blocks.Alphas[block]);
        }
        return target.IsSpatial ? (ConvDim ?? 0, ConvAlpha) : (Dim, Alpha);
    }

    private static int Rank(string name, double value) =>
        value >= 1 && value == Math.Floor(value) && value <= 65536
            ? (int)value
            : throw new FornoException(Invariant.Text($"{name} must be a whole number of at least 1, not {value}"));

    private static double Share(string name, double? value) =>
        value is null or (>= 0 and < 1)
            ? value ?? 0
            : throw new FornoException(Invariant.Text($"{name} must be from 0 to below 1, not {value}"));
}

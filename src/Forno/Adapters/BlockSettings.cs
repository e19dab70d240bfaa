using System.Globalization;
using Forno.Nn;

namespace Forno.Adapters;

/// <summary>
/// Ranks, alphas and learning rates by block, as kohya's <c>network_args</c> give them: 25 blocks in 1.x and 2.x, 23 in
/// XL (<see cref="PatchTarget.BlockIndex"/>). Rules: kohya-ss/sd-scripts <c>networks/lora.py</c>,
/// <c>get_block_dims_and_alphas</c> and <c>get_block_lr_weight</c>.
/// </summary>
public sealed record BlockSettings
{
    /// <summary>Rank of each block's linear and 1×1 layers; 0: none.</summary>
    public required IReadOnlyList<int> Dims { get; init; }

    /// <summary>Alpha of each block's linear and 1×1 layers.</summary>
    public required IReadOnlyList<double> Alphas { get; init; }

    /// <summary>Rank of each block's 3×3 layers; null: residual blocks and resamplers are left out.</summary>
    public IReadOnlyList<int>? ConvDims { get; init; }

    /// <summary>Alpha of each block's 3×3 layers.</summary>
    public IReadOnlyList<double>? ConvAlphas { get; init; }

    /// <summary>Factor of each block's learning rate; null: one rate for all.</summary>
    public IReadOnlyList<double>? LrWeights { get; init; }

    /// <summary>Number of blocks.</summary>
    public static int Count(bool sdxl) => sdxl ? 23 : 25;

    internal static BlockSettings? Read(
        bool sdxl,
        int dim,
        double alpha,
        int? convDim,
        double convAlpha,
        Func<string, string?> get
    )
    {
        IReadOnlyList<double>? weights = LrWeight(sdxl, get);
        string? dims = get("block_dims");
        foreach (string name in (string[])["block_alphas", "conv_block_dims", "conv_block_alphas"])
        {
            if (get(name) is not null && dims is null && weights is null)
            {
                throw new FornoException(
                    $"network_args: {name} works only together with block_dims or the lr weights of blocks"
                );
            }
        }
        if (dims is null && weights is null)
        {
            return null;
        }
        int n = Count(sdxl);
        double[] Filled(string name, double value) =>
            get(name) is { } list ? Exactly(name, Numbers(name, list), n) : [.. Enumerable.Repeat(value, n)];
        int[] Ranks(string name, int value) =>
            Array.ConvertAll(
                Filled(name, value),
                v =>
                    v >= 0 && v == Math.Floor(v)
                        ? (int)v
                        : throw new FornoException($"network_args: {name} must be whole numbers")
            );

        int[] linear = Ranks("block_dims", dim);
        int[]? conv =
            get("conv_block_dims") is not null || convDim is not null ? Ranks("conv_block_dims", convDim ?? 0) : null;
        for (int i = 0; i < n && weights is not null; i++)
        {
            if (weights[i] == 0) // a block that does not learn needs no modules
            {
                linear[i] = 0;
                if (conv is not null)
                {
                    conv[i] = 0;
                }
            }
        }
        return new BlockSettings
        {
            Dims = linear,
            Alphas = Filled("block_alphas", alpha),
            ConvDims = conv,
            // Without conv_block_dims kohya ignores conv_block_alphas: the one conv_alpha holds.
            ConvAlphas =
                conv is null ? null
                : get("conv_block_dims") is null ? [.. Enumerable.Repeat(convAlpha, n)]
                : Filled("conv_block_alphas", convAlpha),
            LrWeights = weights,
        };
    }

    private static List<double>? LrWeight(bool sdxl, Func<string, string?> get)
    {
        int side = sdxl ? 9 : 12,
            middle = sdxl ? 3 : 1;
        double[]? down = Way("down_lr_weight", side, curves: true),
            mid = Way("mid_lr_weight", middle, curves: false);
        double[]? up = Way("up_lr_weight", side, curves: true);
        if (down is null && mid is null && up is null)
        {
            return null;
        }
        double threshold = get("block_lr_zero_threshold") is { } text ? Number("block_lr_zero_threshold", text) : 0;
        List<double> all = [.. Cut(down, side), .. Cut(mid, middle), .. Cut(up, side)];
        return sdxl ? [1, .. all, 1] : all;

        double[]? Way(string name, int count, bool curves) =>
            get(name) is not { } text ? null
            : curves && !text.Contains(',', StringComparison.Ordinal) ? Curve(name, text, count)
            : Numbers(name, text);

        // A way that is not mentioned has weight 1 throughout, whatever the threshold.
        IEnumerable<double> Cut(double[]? list, int count) =>
            Enumerable
                .Range(0, count)
                .Select(i =>
                {
                    double w = list is not null && i < list.Length ? list[i] : 1;
                    return list is null || w > threshold ? w : 0;
                });
    }

    private static double[] Curve(string option, string text, int n)
    {
        string[] parts = text.Split('+');
        double plus = parts.Length > 1 ? Number(option, parts[1]) : 0;
        Func<int, double> shape = parts[0] switch
        {
            "sine" => i => Math.Sin(Math.PI * (i / (n - 1.0)) / 2),
            "cosine" => i => Math.Sin(Math.PI * ((n - 1 - i) / (n - 1.0)) / 2),
            "linear" => i => i / (n - 1.0),
            "reverse_linear" => i => (n - 1 - i) / (n - 1.0),
            "zeros" => _ => 0,
            var name => throw new FornoException(
                $"network_args: {option} has no curve '{name}'. It takes numbers with commas, or one of: "
                    + "cosine, linear, reverse_linear, sine, zeros, each with +NUMBER if wanted."
            ),
        };
        return [.. Enumerable.Range(0, n).Select(i => shape(i) + plus)];
    }

    private static double[] Exactly(string name, double[] list, int n) =>
        list.Length == n
            ? list
            : throw new FornoException(
                Invariant.Text($"network_args: {name} needs {n} values for this model, not {list.Length}")
            );

    // An empty place counts as 0, as in kohya's.
    private static double[] Numbers(string name, string text) =>
        [.. text.Split(',').Select(v => v.Trim().Length == 0 ? 0 : Number(name, v))];

    private static double Number(string name, string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double v)
            ? v
            : throw new FornoException($"network_args: {name}: '{text}' is not a number");
}

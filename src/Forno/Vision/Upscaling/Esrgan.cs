using System.Text.RegularExpressions;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// RRDBNet of ESRGAN (Wang et al. 2018) and its kin: Real-ESRGAN, BSRGAN, ESRGAN+, 1x filters. Weights stand under
/// Real-ESRGAN's names; <see cref="Rename"/> brings the two other namings there.
/// </summary>
internal sealed partial class Esrgan : UpscaleNetwork
{
    private const double Slope = 0.2;

    /// <summary>Bytes that one tensor of the enlarged picture may take; longer pictures are drawn in strips.</summary>
    private const long StripBytes = 48 << 20;

    /// <summary>
    /// Beyond this times the root of the number of blocks an input's trace is lost in 8 bits (influence spreads as in a
    /// random walk). Of the real network with 6 blocks, radius 94, a context of 64 leaves 0.001 of a level and 48 a
    /// quarter (measured; a test holds it below one). Networks of 1 or 2 blocks get their whole radius.
    /// </summary>
    private const double ContextOfOneBlock = 26;

    private readonly Conv2d first,
        trunk,
        hr,
        last;
    private readonly Conv2d[] ups;
    private readonly RrdbBlock[] blocks;
    private readonly int features,
        growth,
        shuffle,
        headRadius;

    public Esrgan(Weights weights)
    {
        int inputs = Side(weights, "conv_first.weight", 1),
            outputs = Side(weights, "conv_last.weight", 0);
        features = Side(weights, "conv_first.weight", 0);
        growth = Side(weights, "body.0.rdb1.conv1.weight", 0);
        shuffle =
            inputs == outputs * 4 ? 2
            : inputs == outputs * 16 ? 4
            : 1;
        bool plus = weights.HasBelow("body.0.rdb1.conv1x1");
        int count = Count(weights, n => $"body.{n}", 0);
        first = Conv3(weights["conv_first"], inputs, features);
        blocks = [.. Enumerable.Range(0, count).Select(n => new RrdbBlock(weights["body"][n], features, growth, plus))];
        trunk = Conv3(weights["conv_body"], features, features);
        ups =
        [
            .. Enumerable
                .Range(1, Count(weights, k => $"conv_up{k}", 1))
                .Select(k => Conv3(weights[$"conv_up{k}"], features, features)),
        ];
        hr = Conv3(weights["conv_hr"], features, features);
        last = Conv3(weights["conv_last"], features, outputs);

        // Of the last two convolutions two pixels are seen; each doubling adds one and halves what it shows below.
        headRadius = ups.Aggregate(2, (r, _) => (r + 2) / 2);
        int grown = 1 << ups.Length;
        if (grown % shuffle != 0)
        {
            throw new FornoException(
                $"{weights.Store.Origin}: the network would shrink pictures by {shuffle / grown}, which no "
                    + "known ESRGAN does. The file is of another kind, or damaged."
            );
        }
        int radius = (((15 * count) + 2 + headRadius) * shuffle) + shuffle - 1;
        Info = new UpscalerInfo
        {
            Architecture = "ESRGAN",
            Scale = grown / shuffle,
            InputChannels = inputs / (shuffle * shuffle),
            OutputChannels = outputs,
            MinimumSize = shuffle > 1 ? 4 : 2,
            MultipleOf = shuffle > 1 ? 4 : 1,
            TileStep = shuffle > 1 ? 4 : 1,
            ReceptiveRadius = radius,
            Context = Math.Min(radius, (int)Math.Ceiling(ContextOfOneBlock * Math.Sqrt(count)) * shuffle),
            // The dense block's buffer, the block's input, the first features, a convolution's result and oneDNN's
            // copies.
            BytesPerPixel = Math.Max(1, 4L * ((2 * (features + (4 * growth))) + (4 * features)) / (shuffle * shuffle)),
            Measures = new Dictionary<string, object?>
            {
                ["nf"] = features,
                ["nb"] = count,
                ["plus"] = plus,
                ["shuffle_factor"] = shuffle > 1 ? shuffle : null,
            },
        };
    }

    public override UpscalerInfo Info { get; }

    /// <summary>Whether a file's keys are of this family, under any of its three namings.</summary>
    public static bool Knows(Func<string, bool> has) =>
        (
            has("model.0.weight")
            && (has("model.1.sub.0.RDB1.conv1.0.weight") || has("model.1.sub.0.RDB1.conv1x1.weight"))
        )
        || (
            has("conv_first.weight")
            && has("conv_last.weight")
            && (
                (has("body.0.rdb1.conv1.weight") && has("conv_body.weight"))
                || (has("RRDB_trunk.0.RDB1.conv1.weight") && has("trunk_conv.weight"))
            )
        );

    /// <summary>
    /// The same entries under Real-ESRGAN's names; unknown keys keep theirs, and find no place in the network.
    /// </summary>
    public static Dictionary<string, WeightEntry> Rename(IReadOnlyDictionary<string, WeightEntry> entries)
    {
        // Old files number one flat sequence: first, body, (upsampling, convolution, activation)…, convolution,
        // activation, convolution.
        bool old = entries.ContainsKey("model.0.weight");
        int end = entries
            .Keys.Select(k => OldTop().Match(k))
            .Where(m => m.Success)
            .Select(m => Number(m, 1))
            .DefaultIfEmpty(0)
            .Max();
        int doublings = (end + 1 - 5) / 3;
        int trunk = entries
            .Keys.Select(k => OldTrunk().Match(k))
            .Where(m => m.Success)
            .Select(m => Number(m, 1))
            .DefaultIfEmpty(-1)
            .Max();
        var renamed = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        foreach ((string key, WeightEntry entry) in entries)
        {
            // Two names of one layer: the second stays as it is, and finds no place.
            if (!renamed.TryAdd(New(key), entry))
            {
                renamed[key] = entry;
            }
        }
        return renamed;

        string New(string key)
        {
            if (!old)
            {
                return Bsrgan()
                    .Replace(key, "body.$1.rdb$2.$3")
                    .Replace("trunk_conv.", "conv_body.", StringComparison.Ordinal)
                    .Replace("HRconv.", "conv_hr.", StringComparison.Ordinal)
                    .Replace("upconv", "conv_up", StringComparison.Ordinal);
            }
            if (OldDense().Match(key) is { Success: true } dense)
            {
                return $"body.{dense.Groups[1]}.rdb{dense.Groups[2]}.{dense.Groups[3]}.{dense.Groups[4]}";
            }
            if (OldTrunk().Match(key) is { Success: true } t && Number(t, 1) == trunk)
            {
                return $"conv_body.{t.Groups[2]}";
            }
            if (OldTop().Match(key) is { Success: true } top)
            {
                int n = Number(top, 1);
                string? name =
                    n == 0 ? "conv_first"
                    : n == end ? "conv_last"
                    : n == end - 2 ? "conv_hr"
                    : n % 3 == 0 && n / 3 <= doublings ? $"conv_up{n / 3}"
                    : null;
                return name is null ? key : $"{name}.{top.Groups[2]}";
            }
            return key;
        }
    }

    public override Tensor Forward(Tensor x, Margins margins)
    {
        using var scope = new Scope();
        // In feature pixels; what a shuffle leaves over is cut in the end.
        var all = new Margins(
            margins.Left / shuffle,
            margins.Top / shuffle,
            margins.Right / shuffle,
            margins.Bottom / shuffle
        );
        Margins have = all;
        Tensor y = Head(Body(x, ref have));
        long Left(int margin, int dropped) => ((long)margin * Info.Scale) - ((long)dropped << ups.Length);
        return scope.Keep(
            Cut(
                y,
                Left(margins.Left, all.Left - have.Left),
                Left(margins.Top, all.Top - have.Top),
                Left(margins.Right, all.Right - have.Right),
                Left(margins.Bottom, all.Bottom - have.Bottom)
            )
        );
    }

    // One buffer serves all dense blocks: each layer's answer is written beside its inputs, nothing is joined by
    // copying. Context that no later layer can see any more is dropped before each block.
    private Tensor Body(Tensor x, ref Margins have)
    {
        using var scope = new Scope();
        Tensor f = first.Forward(shuffle > 1 ? Ops.PixelUnshuffle(x, shuffle) : x),
            y = f.Clone();
        Margins all = have;
        Tensor? dense = null;
        for (int n = 0; n < blocks.Length; n++)
        {
            if (Drop(ref y, ref have, (15 * (blocks.Length - n)) + 1 + headRadius) || dense is null)
            {
                dense?.Dispose();
                dense = Tensor.Empty([y.Size(0), features + (4 * growth), y.Size(2), y.Size(3)], y.DType, y.Device);
            }
            using var step = new Scope();
            Tensor own = dense.Slice(1, 0, features);
            own.Copy_(y);
            blocks[n].Run(dense);
            y.Add_(own, Slope);
        }
        dense?.Dispose();
        Drop(ref y, ref have, 1 + headRadius);
        Tensor result = trunk.Forward(y);
        result.Add_(Cut(f, all.Left - have.Left, all.Top - have.Top, all.Right - have.Right, all.Bottom - have.Bottom));
        Margins before = have;
        have = Least(have, headRadius);
        return scope.Keep(
            Cut(
                    result,
                    before.Left - have.Left,
                    before.Top - have.Top,
                    before.Right - have.Right,
                    before.Bottom - have.Bottom
                )
                .Contiguous()
        );
    }

    // Margins cut down to what is needed; whether anything was cut.
    private static bool Drop(ref Tensor y, ref Margins have, int need)
    {
        Margins before = have;
        have = Least(have, need);
        if (have == before)
        {
            return false;
        }
        using var scope = new Scope();
        Tensor cut = scope.Keep(
            Cut(
                    y,
                    before.Left - have.Left,
                    before.Top - have.Top,
                    before.Right - have.Right,
                    before.Bottom - have.Bottom
                )
                .Contiguous()
        );
        y.Dispose();
        y = cut;
        return true;
    }

    private static Margins Least(Margins m, int most) =>
        new(Math.Min(m.Left, most), Math.Min(m.Top, most), Math.Min(m.Right, most), Math.Min(m.Bottom, most));

    private Tensor Head(Tensor y)
    {
        long rows = y.Size(2),
            width = y.Size(3),
            grown = 1L << ups.Length;
        long strip = Math.Max(8, StripBytes / (4 * features * grown * grown * width * y.Size(0)));
        if (rows <= strip + (2 * headRadius))
        {
            return Enlarge(y);
        }
        using var scope = new Scope();
        var result = Tensor.Empty([y.Size(0), Info.OutputChannels, rows * grown, width * grown], y.DType, y.Device);
        for (long from = 0; from < rows; from += strip)
        {
            using var part = new Scope();
            long to = Math.Min(from + strip, rows),
                above = Math.Min(from, headRadius),
                below = Math.Min(rows - to, headRadius);
            Tensor drawn = Enlarge(y.Slice(2, from - above, to + below));
            result.Slice(2, from * grown, to * grown).Copy_(drawn.Slice(2, above * grown, (above + to - from) * grown));
        }
        return scope.Keep(result);
    }

    private Tensor Enlarge(Tensor y)
    {
        using var scope = new Scope();
        foreach (Conv2d up in ups)
        {
            y = Activated(up, Ops.UpsampleNearest(y, y.Size(2) * 2, y.Size(3) * 2));
        }
        return scope.Keep(last.Forward(Activated(hr, y)));
    }

    private static Tensor Activated(Conv2d conv, Tensor x)
    {
        Tensor y = conv.Forward(x);
        Ops.LeakyRelu_(y, Slope);
        return y;
    }

    // How many follow each other without a gap.
    private static int Count(Weights weights, Func<int, string> name, int from)
    {
        int n = from;
        while (weights.HasBelow(name(n)))
        {
            n++;
        }
        return n - from;
    }

    private static int Number(Match match, int group) =>
        int.TryParse(
            match.Groups[group].ValueSpan,
            System.Globalization.NumberStyles.None,
            System.Globalization.CultureInfo.InvariantCulture,
            out int n
        )
            ? n
            : -1;

    [GeneratedRegex(@"^model\.(\d{1,4})\.(weight|bias)$")]
    private static partial Regex OldTop();

    [GeneratedRegex(@"^model\.1\.sub\.(\d{1,4})\.(weight|bias)$")]
    private static partial Regex OldTrunk();

    [GeneratedRegex(@"^model\.1\.sub\.(\d{1,4})\.RDB(\d)\.(conv\d(?=\.0\.)|conv1x1)(?:\.0)?\.(weight|bias)$")]
    private static partial Regex OldDense();

    [GeneratedRegex(@"^RRDB_trunk\.(\d+)\.RDB(\d)\.(conv\d)")]
    private static partial Regex Bsrgan();

    /// <summary>Three dense blocks in a row, worked on in a buffer whose first channels are input and output.</summary>
    private sealed class RrdbBlock(Weights weights, int features, int growth, bool plus)
    {
        private readonly DenseBlock[] dense =
        [
            .. Enumerable.Range(1, 3).Select(r => new DenseBlock(weights[$"rdb{r}"], features, growth, plus)),
        ];

        public void Run(Tensor buffer)
        {
            foreach (DenseBlock block in dense)
            {
                block.Run(buffer);
            }
        }
    }

    /// <summary>Five convolutions, each of which sees all before it.</summary>
    private sealed class DenseBlock(Weights weights, int features, int growth, bool plus)
    {
        private readonly Conv2d[] convs =
        [
            .. Enumerable
                .Range(0, 5)
                .Select(c => Conv3(weights[$"conv{c + 1}"], features + (c * growth), c < 4 ? growth : features)),
        ];

        private readonly Conv2d? side = plus ? new Conv2d(weights["conv1x1"], features, growth, 1, bias: false) : null;

        public void Run(Tensor buffer)
        {
            using var scope = new Scope();
            Tensor x = buffer.Slice(1, 0, features);
            for (int c = 0; c < 4; c++)
            {
                using var step = new Scope();
                Tensor into = Part(buffer, c);
                Ops.LeakyReluInto(convs[c].Forward(buffer.Slice(1, 0, features + (c * growth))), Slope, into);
                if (side is not null && c == 1)
                {
                    into.Add_(side.Forward(x));
                }
                else if (side is not null && c == 3)
                {
                    into.Add_(Part(buffer, 1));
                }
            }
            x.Add_(convs[4].Forward(buffer), Slope);
        }

        private Tensor Part(Tensor buffer, int c) =>
            buffer.Slice(1, features + (c * growth), features + ((c + 1) * growth));
    }
}

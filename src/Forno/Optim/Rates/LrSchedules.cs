using System.Collections.Frozen;
using System.Globalization;
using Forno.Python;

namespace Forno.Optim.Rates;

/// <summary>
/// The learning rate of a parameter group when optimizer step <paramref name="step"/> (from 0) is taken.
/// </summary>
/// <param name="groupLr">The group's own learning rate.</param>
/// <param name="step">Optimizer steps taken before this one.</param>
public delegate double LrSchedule(double groupLr, long step);

/// <summary>A learning-rate schedule by kohya's option names.</summary>
public sealed record LrScheduleSettings
{
    /// <summary>The schedule's name: one of <see cref="LrSchedules.Names"/>.</summary>
    public required string Scheduler { get; init; }

    /// <summary>Optimizer steps of the whole training (kohya's <c>max_train_steps</c>).</summary>
    public required long TotalSteps { get; init; }

    /// <summary>The optimizer's default learning rate; only polynomial looks at it.</summary>
    public required double DefaultLr { get; init; }

    /// <summary><c>lr_warmup_steps</c>: whole = steps, otherwise a fraction of <see cref="TotalSteps"/>.</summary>
    public double WarmupSteps { get; init; }

    /// <summary><c>lr_decay_steps</c>: whole = steps, otherwise a fraction of <see cref="TotalSteps"/>.</summary>
    public double DecaySteps { get; init; }

    /// <summary><c>lr_scheduler_num_cycles</c>.</summary>
    public double Cycles { get; init; } = 1;

    /// <summary><c>lr_scheduler_power</c>.</summary>
    public double Power { get; init; } = 1;

    /// <summary><c>lr_scheduler_timescale</c>.</summary>
    public double? Timescale { get; init; }

    /// <summary><c>lr_scheduler_min_lr_ratio</c>.</summary>
    public double? MinLrRatio { get; init; }

    /// <summary><c>lr_scheduler_args</c>, parsed (see <see cref="PythonLiteral.Arguments"/>).</summary>
    public IReadOnlyDictionary<string, object?> Args { get; init; } = FrozenDictionary<string, object?>.Empty;
}

/// <summary>
/// Learning-rate schedules in host doubles, stepped once after every optimizer step. Formulas: transformers'
/// <c>optimization.py</c> as kohya's <c>get_scheduler_fix</c> calls it; the two with restarts and decay:
/// LoRA_Easy_Training_Scripts (<see cref="WarmRestarts"/>).
/// </summary>
public static class LrSchedules
{
    private static readonly FrozenDictionary<string, (Func<Context, LrSchedule> Make, string[] Args)> Known =
        new Dictionary<string, (Func<Context, LrSchedule>, string[])>
        {
            ["constant"] = (Constant, []),
            ["constant_with_warmup"] = (c => c.Warmed(_ => 1), []),
            ["linear"] = (c => c.Warmed(k => Math.Max(0, (double)(c.Total - k) / Math.Max(1, c.Total - c.Warmup))), []),
            ["cosine"] = (Cosine, ["num_cycles"]),
            ["cosine_with_restarts"] = (c => c.Warmed(k => Restarts(c.Settings.Cycles, c.Progress(k))), []),
            ["polynomial"] = (Polynomial, ["lr_end"]),
            ["inverse_sqrt"] = (InverseSqrt, []),
            ["cosine_with_min_lr"] = (CosineWithMinLr, ["min_lr"]),
            ["warmup_stable_decay"] = (WarmupStableDecay, ["warmup_type", "decay_type"]),
            ["piecewise_constant"] = (PiecewiseConstant, ["step_rules"]),
            ["cosine_annealing_warm_restarts"] = (
                c => WarmRestarts.Create(c.Settings, rex: false),
                WarmRestarts.CosineArgs
            ),
            ["rex_annealing_warm_restarts"] = (c => WarmRestarts.Create(c.Settings, rex: true), WarmRestarts.RexArgs),
        }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>The names that users may write, sorted.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Builds a schedule: a pure function of group learning rate and step.</summary>
    /// <exception cref="FornoException">Unknown name or argument, or values that contradict each other.</exception>
    public static LrSchedule Create(LrScheduleSettings settings)
    {
        if (!Known.TryGetValue(settings.Scheduler, out var known))
        {
            throw new FornoException(
                $"lr_scheduler '{settings.Scheduler}' is not known; choose one of: {string.Join(", ", Names)}"
            );
        }

        foreach (string? key in settings.Args.Keys.Where(k => !known.Args.Contains(k)))
        {
            string valid = known.Args.Length == 0 ? "takes none" : "takes " + string.Join(", ", known.Args);
            throw new FornoException($"lr_scheduler_args: {settings.Scheduler} has no argument '{key}'; it {valid}");
        }

        return known.Make(new Context(settings));
    }

    /// <summary>
    /// Steps that a setting stands for: whole numbers are steps, others a fraction of the total, truncated.
    /// </summary>
    /// <exception cref="FornoException">Negative or not finite.</exception>
    public static long Steps(double setting, long total, string option)
    {
        if (!(setting >= 0) || double.IsInfinity(setting))
        {
            throw new FornoException(Invariant.Text($"{option} = {setting} must be 0 or more"));
        }

        return setting == Math.Floor(setting) ? (long)setting : (long)(setting * total);
    }

    internal static double Number(LrScheduleSettings settings, string key, double? byDefault)
    {
        if (!settings.Args.TryGetValue(key, out object? value))
        {
            return byDefault ?? throw new FornoException($"{settings.Scheduler} needs {key}=… in lr_scheduler_args");
        }

        return value switch
        {
            long whole => whole,
            double real => real,
            _ => throw new FornoException($"lr_scheduler_args: {key} must be a number"),
        };
    }

    private static LrSchedule Constant(Context c) =>
        c.Warmup == 0
            ? (lr, _) => lr
            : throw new FornoException(
                "lr_scheduler constant takes no warmup; set lr_warmup_steps to 0 or use constant_with_warmup"
            );

    private static LrSchedule Cosine(Context c)
    {
        double cycles = Number(c.Settings, "num_cycles", 0.5);
        return c.Warmed(k => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * cycles * 2 * c.Progress(k)))));
    }

    private static double Restarts(double cycles, double progress) =>
        progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * (cycles * progress % 1.0))));

    private static LrSchedule Polynomial(Context c)
    {
        var (lr, end) = (c.Settings.DefaultLr, Number(c.Settings, "lr_end", 1e-7));
        if (!(lr > end))
        {
            throw new FornoException(Invariant.Text($"polynomial: lr_end ({end}) must be below learning_rate ({lr})"));
        }

        // the optimizer's default rate scales every group, as in the reference
        return c.Warmed(k =>
            k > c.Total ? end / lr : (((lr - end) * Math.Pow(1 - c.Progress(k), c.Settings.Power)) + end) / lr
        );
    }

    private static LrSchedule InverseSqrt(Context c)
    {
        double scale = c.Settings.Timescale ?? (c.Warmup > 0 ? c.Warmup : 10_000);
        return scale > 0
            ? c.Warmed(k => 1 / Math.Sqrt((k + scale - c.Warmup) / scale))
            : throw new FornoException("lr_scheduler_timescale must be above 0");
    }

    private static LrSchedule CosineWithMinLr(Context c)
    {
        double floor;
        if (c.Settings.Args.ContainsKey("min_lr"))
        {
            floor = c.Settings.MinLrRatio is null
                ? Number(c.Settings, "min_lr", null) / c.Settings.DefaultLr
                : throw new FornoException(
                    "cosine_with_min_lr: give lr_scheduler_min_lr_ratio or min_lr in lr_scheduler_args, not both"
                );
        }
        else
        {
            floor =
                c.Settings.MinLrRatio
                ?? throw new FornoException("cosine_with_min_lr needs lr_scheduler_min_lr_ratio (0.1, say)");
        }

        return c.Warmed(k =>
            Math.Max(0, floor + ((1 - floor) * 0.5 * (1 + Math.Cos(Math.PI * c.Settings.Cycles * c.Progress(k)))))
        );
    }

    private static LrSchedule WarmupStableDecay(Context c)
    {
        double floor = c.Settings.MinLrRatio ?? 0;
        long decay = Steps(c.Settings.DecaySteps, c.Total, "lr_decay_steps");
        long stable = c.Total - c.Warmup - decay;
        var (warm, fall) = (Kind("warmup_type", "linear"), Kind("decay_type", "cosine"));
        return (lr, k) => lr * Factor(k);

        double Factor(long k)
        {
            if (k < c.Warmup)
            {
                double x = (double)k / Math.Max(1, c.Warmup);
                return Floored(
                    warm switch
                    {
                        "linear" => x,
                        "cosine" => 0.5 * (1 - Math.Cos(Math.PI * x)),
                        _ => 1 - Math.Sqrt(1 - x),
                    }
                );
            }

            if (k < c.Warmup + stable)
            {
                return 1;
            }

            if (k >= c.Warmup + stable + decay)
            {
                return floor;
            }

            double q = (double)(k - c.Warmup - stable) / Math.Max(1, decay);
            return Floored(
                fall switch
                {
                    "linear" => 1 - q,
                    "cosine" => 0.5 * (1 + Math.Cos(Math.PI * c.Settings.Cycles * q)),
                    _ => 1 - Math.Sqrt(q),
                }
            );
        }

        double Floored(double factor) => Math.Max(0, (factor * (1 - floor)) + floor);

        string Kind(string key, string byDefault)
        {
            string? kind = c.Settings.Args.TryGetValue(key, out object? given) ? given as string : byDefault;
            return kind is "linear" or "cosine" or "1-sqrt"
                ? kind
                : throw new FornoException($"lr_scheduler_args: {key} must be \"linear\", \"cosine\" or \"1-sqrt\"");
        }
    }

    private static LrSchedule PiecewiseConstant(Context c)
    {
        string? text = c.Settings.Args.GetValueOrDefault("step_rules") as string;
        var problem = new FornoException(
            "piecewise_constant needs step_rules=\"1:10,0.5:25,0.1\" in lr_scheduler_args (factor:until "
                + $"step, …, last factor), found '{text}'"
        );
        if (c.Warmup != 0)
        {
            throw new FornoException("lr_scheduler piecewise_constant takes no warmup; set lr_warmup_steps to 0");
        }

        string[] parts = text?.Split(',') ?? throw problem;
        var rules = new List<(double Factor, long Until)>();
        foreach (string part in parts[..^1])
        {
            string[] pair = part.Split(':');
            if (
                pair.Length != 2
                || !Real(pair[0], out double factor)
                || !long.TryParse(pair[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out long until)
            )
            {
                throw problem;
            }

            rules.Add((factor, until));
        }

        if (!Real(parts[^1], out double last))
        {
            throw problem;
        }

        rules.Sort((a, b) => a.Until.CompareTo(b.Until));
        return (lr, k) =>
        {
            foreach (var (factor, until) in rules)
            {
                if (k < until)
                {
                    return lr * factor;
                }
            }

            return lr * last;
        };

        static bool Real(string s, out double value) =>
            double.TryParse(s, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>A schedule's numbers once fractions are resolved.</summary>
    private sealed class Context(LrScheduleSettings settings)
    {
        public LrScheduleSettings Settings { get; } = settings;

        public long Total { get; } = settings.TotalSteps;

        public long Warmup { get; } = Steps(settings.WarmupSteps, settings.TotalSteps, "lr_warmup_steps");

        public double Progress(long k) => (double)(k - Warmup) / Math.Max(1, Total - Warmup);

        /// <summary>A linear rise from 0, then the given factor.</summary>
        public LrSchedule Warmed(Func<long, double> after) =>
            (lr, k) => lr * (k < Warmup ? (double)k / Math.Max(1, Warmup) : after(k));
    }
}

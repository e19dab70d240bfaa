using System.Text.Json;
using Forno.Optim.Rates;
using Forno.Python;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>lr_schedules</c>: the learning rate of every group at every optimizer step.</summary>
internal sealed class LrSchedulesSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "lr_schedules";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        var p = golden.Params;
        var args = p.GetProperty("args");
        var settings = p.GetProperty("implementation").GetString() switch
        {
            "kohya" => Kohya(p, args),
            "derrian" => new LrScheduleSettings
            {
                Scheduler = p.GetProperty("scheduler").GetString()!,
                DefaultLr = p.GetProperty("lr").GetDouble(),
                TotalSteps = 0,
                Args = args.EnumerateObject().ToDictionary(a => a.Name, a => (object?)a.Value.GetDouble()),
            },
            _ => null,
        };
        if (settings is null || !LrSchedules.Names.Contains(settings.Scheduler))
        {
            return CaseResult.Unknown($"schedule {p.GetProperty("scheduler").GetString()}");
        }

        var schedule = LrSchedules.Create(settings);
        var comparison = new Comparison(golden);
        int steps = p.GetProperty("num_steps").GetInt32();
        double[] groups = p.GetProperty("group_lrs").EnumerateArray().Select(g => g.GetDouble()).ToArray();
        var expected = golden.Expect.GetProperty("lr");
        comparison.Same("groups", groups.Length, expected.GetArrayLength());
        for (int g = 0; g < groups.Length; g++)
        {
            double[] got = Enumerable.Range(0, steps).Select(k => schedule(groups[g], k)).ToArray();
            double[] want = expected[g].EnumerateArray().Select(v => v.GetDouble()).ToArray();
            comparison.Numbers<double>($"lr[{g}]", got, [got.Length], want, [want.Length]);
        }

        return comparison.Result();
    }

    private static LrScheduleSettings Kohya(JsonElement p, JsonElement args) =>
        new()
        {
            Scheduler = p.GetProperty("scheduler").GetString()!,
            DefaultLr = p.GetProperty("lr").GetDouble(),
            TotalSteps = p.GetProperty("max_train_steps").GetInt64(),
            WarmupSteps = Real(args, "lr_warmup_steps") ?? 0,
            DecaySteps = Real(args, "lr_decay_steps") ?? 0,
            Cycles = Real(args, "lr_scheduler_num_cycles") ?? 1,
            Power = Real(args, "lr_scheduler_power") ?? 1,
            Timescale = Real(args, "lr_scheduler_timescale"),
            MinLrRatio = Real(args, "lr_scheduler_min_lr_ratio"),
            Args = args.TryGetProperty("lr_scheduler_args", out var list)
                ? PythonLiteral.Arguments(list.EnumerateArray().Select(a => a.GetString()!), "lr_scheduler_args")
                : [],
        };

    private static double? Real(JsonElement args, string name) =>
        args.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : null;
}

namespace Forno.Optim.Rates;

/// <summary>
/// Warm restarts with a falling maximum (CAWR and REX of LoRA_Easy_Training_Scripts; REX: Chen et al., "REX: Revisiting
/// Budgeted Training with an Improved Schedule", 2021). Every cycle has its own warmup, which starts at the minimum.
/// </summary>
internal static class WarmRestarts
{
    public static readonly string[] CosineArgs =
    [
        "gamma",
        "cycle_multiplier",
        "first_cycle_max_steps",
        "min_lr",
        "warmup_steps",
    ];

    public static readonly string[] RexArgs = [.. CosineArgs, "d"];

    public static LrSchedule Create(LrScheduleSettings settings, bool rex)
    {
        double gamma = LrSchedules.Number(settings, "gamma", null);
        long first = (long)LrSchedules.Number(settings, "first_cycle_max_steps", 1);
        double floor = LrSchedules.Number(settings, "min_lr", 1e-6);
        long warmup = (long)LrSchedules.Number(settings, "warmup_steps", 0);
        double growth = LrSchedules.Number(settings, "cycle_multiplier", 1);
        double d = rex ? LrSchedules.Number(settings, "d", 0.9) : 0;
        if (first < 1 || warmup < 0 || warmup >= first || !(growth > 0))
        {
            throw new FornoException(
                $"lr_scheduler_args: {settings.Scheduler} needs 0 <= warmup_steps < first_cycle_max_steps "
                    + "and cycle_multiplier above 0"
            );
        }

        return At;

        double At(double groupLr, long step)
        {
            double low = rex && floor >= groupLr ? 0 : floor; // only REX gives up a minimum above the rate
            var (cycle, length, inside) = Place(step);
            double high = groupLr * Math.Pow(gamma, cycle);
            if (high <= low)
            {
                return low;
            }

            if (inside < warmup)
            {
                return low + ((high - low) * inside / warmup);
            }

            double q = (double)(inside - warmup) / (length - warmup);
            return low + ((high - low) * (rex ? (1 - q) / (1 - d + (d * (1 - q))) : (1 + Math.Cos(Math.PI * q)) / 2));
        }

        (long Cycle, long Length, long Inside) Place(long step)
        {
            var (cycle, length, inside) = (0L, first, step);
            while (inside >= length)
            {
                inside -= length;
                cycle++;
                length = (long)Math.Round((length - warmup) * growth, MidpointRounding.ToEven) + warmup;
                if (length <= warmup)
                {
                    throw new FornoException(
                        $"lr_scheduler_args: with this cycle_multiplier the cycles of {settings.Scheduler} "
                            + "shrink to nothing; make it larger"
                    );
                }
            }

            return (cycle, length, inside);
        }
    }
}

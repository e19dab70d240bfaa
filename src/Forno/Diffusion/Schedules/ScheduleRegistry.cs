using System.Collections.Frozen;

namespace Forno.Diffusion.Schedules;

/// <summary>What a schedule is made from.</summary>
/// <param name="Model">The training schedule.</param>
/// <param name="Steps">Steps wanted.</param>
/// <param name="Sdxl">Whether the model is of SDXL's family.</param>
public readonly record struct ScheduleInput(NoiseSchedule Model, int Steps, bool Sdxl)
{
    /// <summary>Lowest trained sigma.</summary>
    public double Min => Model.SigmaMin;

    /// <summary>Highest trained sigma.</summary>
    public double Max => Model.SigmaMax;
}

/// <summary>Sigma schedules by the names that A1111 (and Forge) show.</summary>
public static class ScheduleRegistry
{
    /// <summary>The name that leaves the choice to the sampler.</summary>
    public const string Automatic = "Automatic";

    /// <summary>Every schedule by name, case ignored; one line a schedule.</summary>
    public static readonly FrozenDictionary<string, Func<ScheduleInput, Sigma[]>> All = new Dictionary<
        string,
        Func<ScheduleInput, Sigma[]>
    >
    {
        ["Uniform"] = i => SigmaSchedules.Uniform(i.Model, i.Steps),
        ["Karras"] = i => SigmaSchedules.Karras(i.Steps, i.Min, i.Max),
        ["Exponential"] = i => SigmaSchedules.Exponential(i.Steps, i.Min, i.Max),
        ["Polyexponential"] = i => SigmaSchedules.Polyexponential(i.Steps, i.Min, i.Max),
        ["SGM Uniform"] = i => SigmaSchedules.Normal(i.Model, i.Steps, i.Min, i.Max, sgm: true),
        ["KL Optimal"] = i => SigmaSchedules.KlOptimal(i.Steps, i.Min, i.Max),
        ["Align Your Steps"] = i => SigmaSchedules.AlignYourSteps(i.Steps, i.Sdxl),
        ["Simple"] = i => SigmaSchedules.Simple(i.Model, i.Steps),
        ["Normal"] = i => SigmaSchedules.Normal(i.Model, i.Steps, i.Min, i.Max),
        ["DDIM"] = i => SigmaSchedules.Ddim(i.Model, i.Steps),
        ["Beta"] = i => SigmaSchedules.Beta(i.Steps, i.Min, i.Max),
        ["Turbo"] = i => SigmaSchedules.Turbo(i.Model, i.Steps),
        ["VP"] = i => SigmaSchedules.Vp(i.Steps),
    }.ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);

    /// <summary>A schedule by name; also A1111's internal spelling (<c>sgm_uniform</c>, <c>SGMUniform</c>).</summary>
    /// <exception cref="FornoException">No such name; lists the valid ones.</exception>
    public static Func<ScheduleInput, Sigma[]> Find(string name) =>
        All.TryGetValue(name, out Func<ScheduleInput, Sigma[]>? found) || All.TryGetValue(Key(name) ?? "", out found)
            ? found
            : throw Unknown(name);

    /// <summary>A schedule's name as A1111 shows it, of any of its spellings; <see cref="Automatic"/> too.</summary>
    /// <exception cref="FornoException">No such name; lists the valid ones.</exception>
    public static string NameOf(string name) =>
        Plain(name) == Plain(Automatic) ? Automatic : Key(name) ?? throw Unknown(name);

    private static string? Key(string name)
    {
        string plain = Plain(name);
        return All.Keys.FirstOrDefault(k => Plain(k) == plain);
    }

    private static FornoException Unknown(string name) =>
        new(
            $"schedule \"{name}\" is unknown; valid: {Automatic}, "
                + $"{string.Join(", ", All.Keys.Order(StringComparer.Ordinal))}"
        );

    private static string Plain(string name) => name.Replace("_", "").Replace(" ", "").ToUpperInvariant();
}

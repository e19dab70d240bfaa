using System.Collections.Frozen;
using Forno.Diffusion.Noise;
using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Diffusion.Samplers;

/// <summary>Everything a sampling run needs beside the sampler's name.</summary>
public sealed record SampleRequest
{
    /// <summary>The model, guidance included.</summary>
    public required Denoise Denoise { get; init; }

    /// <summary>The model's training schedule (<see cref="NoiseSchedule.ForSampling"/> is applied).</summary>
    public required NoiseSchedule Schedule { get; init; }

    /// <summary>What the network tells.</summary>
    public Prediction Prediction { get; init; } = Prediction.Epsilon;

    /// <summary>The noise, not drawn from yet.</summary>
    public required SeededNoise Noise { get; init; }

    /// <summary>Steps, at least 1.</summary>
    public required int Steps { get; init; }

    /// <summary>Name of a sigma schedule; null or "Automatic": the sampler's own.</summary>
    public string? SigmaSchedule { get; init; }

    /// <summary>Whether the model is of SDXL's family.</summary>
    public bool Sdxl { get; init; }

    /// <summary>Latents [B, C, H, W] to start from (image-to-image); null: noise alone.</summary>
    public Tensor? Init { get; init; }

    /// <summary>The share of the steps that is run, 0 … 1, from the end (image-to-image); null: all.</summary>
    public double? Strength { get; init; }

    /// <summary>Noise of ancestral, SDE and DDIM samplers; null: the sampler's own default.</summary>
    public double? Eta { get; init; }

    /// <summary>Churn of Euler, Heun and DPM2.</summary>
    public Churn? Churn { get; init; }

    /// <summary>Scale of the sampler's noise.</summary>
    public double NoiseScale { get; init; } = 1;

    /// <summary>Progress and stopping.</summary>
    public SamplerRun? Run { get; init; }
}

/// <summary>A sampler that users name.</summary>
/// <param name="Name">The name that A1111 shows and writes into infotexts.</param>
/// <param name="Aliases">Names of A1111's options, kohya's <c>sample_sampler</c> and ComfyUI that mean it.</param>
public sealed record Sampler(string Name, params string[] Aliases)
{
    /// <summary>The schedule that "Automatic" stands for; null: the model's own levels ("Uniform").</summary>
    public string? DefaultSchedule { get; init; }

    /// <summary>Runs on a list made one step longer, without its smallest positive sigma.</summary>
    public bool DiscardsPenultimate { get; init; }

    /// <summary>Whether its noise comes from a Brownian path.</summary>
    public bool Brownian { get; init; }

    /// <summary>On sigmas: (request, x, sigmas, noise) ↦ result. Null for samplers on timesteps.</summary>
    internal Func<SampleRequest, Tensor, Sigma[], NoiseSource, Tensor>? OnSigmas { get; init; }

    /// <summary>On whole timesteps, in variance-preserving scaling. Null for samplers on sigmas.</summary>
    internal Func<SampleRequest, Tensor, int[], NoiseSource, Tensor>? OnTimesteps { get; init; }

    /// <summary>The timesteps of those samplers.</summary>
    internal Func<SampleRequest, int[]>? Timesteps { get; init; }

    /// <summary>Whether it works on whole timesteps, so that sigma schedules do not apply.</summary>
    public bool UsesTimesteps => OnTimesteps is not null;

    /// <summary>
    /// Draws: [B, C, H, W] of the request's noise ↦ latents of the same shape, in the caller's scope.
    /// </summary>
    public Tensor Sample(SampleRequest request)
    {
        using var scope = new Scope();
        return scope.Keep(Run(request, Begin(request)));
    }

    /// <summary>
    /// What the walk begins with: the request's first noise at its highest level, over <see cref="SampleRequest.Init"/>
    /// if there is one; [B, C, H, W] in the caller's scope.
    /// </summary>
    public Tensor Begin(SampleRequest request)
    {
        request = Checked(request);
        using var scope = new Scope();
        Tensor noise = request.Noise.First();
        if (OnTimesteps is null)
        {
            Tensor x = noise * SigmasRun(request)[0];
            return scope.Keep(request.Init is null ? x : x + request.Init);
        }
        if (request.Init is null)
        {
            return scope.Keep(noise);
        }
        int[] start = new int[(int)noise.Size(0)];
        Array.Fill(start, TimestepsRun(request)[0]);
        return scope.Keep(Forward.AddNoise(request.Schedule, request.Init, noise, start));
    }

    /// <summary>The walk itself: what <see cref="Begin"/> made of the same request ↦ latents.</summary>
    public Tensor Run(SampleRequest request, Tensor x)
    {
        request = Checked(request);
        if (OnTimesteps is not null)
        {
            return OnTimesteps(request, x, TimestepsRun(request), request.Noise.Source);
        }
        Sigma[] sigmas = SigmasRun(request);
        if (!Brownian)
        {
            return OnSigmas!(request, x, sigmas, request.Noise.Source);
        }
        using var scope = new Scope();
        using var path = new BrownianNoise(request.Noise.Next, new Sigma(0), sigmas[0]);
        return scope.Keep(OnSigmas!(request, x, sigmas, path.Source));
    }

    /// <summary>
    /// The sigmas that a request runs through (for samplers on sigmas), before image-to-image cuts them.
    /// </summary>
    public Sigma[] SigmasFor(SampleRequest request)
    {
        string name =
            request.SigmaSchedule is { } chosen
            && !chosen.Equals(ScheduleRegistry.Automatic, StringComparison.OrdinalIgnoreCase)
                ? chosen
                : DefaultSchedule ?? "Uniform";
        Func<ScheduleInput, Sigma[]> make = ScheduleRegistry.Find(name);
        Sigma[] Make(int n) => make(new ScheduleInput(request.Schedule, n, request.Sdxl));
        return DiscardsPenultimate ? SigmaSchedules.DiscardPenultimate(Make, request.Steps) : Make(request.Steps);
    }

    private SampleRequest Checked(SampleRequest request) =>
        request.Steps >= 1
            ? request with
            {
                Schedule = request.Schedule.ForSampling(),
            }
            : throw new FornoException($"{request.Steps} steps: {Name} needs at least 1");

    private Sigma[] SigmasRun(SampleRequest request)
    {
        Sigma[] sigmas = SigmasFor(request);
        return request.Strength is null
            ? sigmas
            : sigmas[^Math.Min(sigmas.Length, StepsRun(request.Steps, request.Strength) + 1)..];
    }

    private int[] TimestepsRun(SampleRequest request)
    {
        int[] timesteps = Timesteps!(request);
        return request.Strength is null
            ? timesteps
            : timesteps[^Math.Min(timesteps.Length, StepsRun(request.Steps, request.Strength))..];
    }

    /// <summary>
    /// Steps run at a <see cref="SampleRequest.Strength"/>, by A1111's count: one more than the whole part of their
    /// product.
    /// </summary>
    internal static int StepsRun(int steps, double? strength) =>
        strength is { } share ? (int)(Math.Clamp(share, 0, 0.999) * steps) + 1 : steps;
}

/// <summary>The samplers by the names that users write.</summary>
public static class SamplerRegistry
{
    /// <summary>Every sampler, in A1111's order; one entry a sampler.</summary>
    public static IReadOnlyList<Sampler> All { get; } =
    [
        new("DPM++ 2M", "k_dpmpp_2m", "dpmpp_2m", "dpmsolver++", "dpmsolver")
        {
            DefaultSchedule = "Karras",
            OnSigmas = (r, x, s, n) => Samplers.DpmPP2M(r.Denoise, x, s, r.Run),
        },
        new("DPM++ SDE", "k_dpmpp_sde", "dpmpp_sde")
        {
            DefaultSchedule = "Karras",
            Brownian = true,
            OnSigmas = (r, x, s, n) => Samplers.DpmPPSde(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, run: r.Run),
        },
        new("DPM++ 2M SDE", "k_dpmpp_2m_sde", "dpmpp_2m_sde")
        {
            DefaultSchedule = "Exponential",
            Brownian = true,
            OnSigmas = (r, x, s, n) => Samplers.DpmPP2MSde(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, run: r.Run),
        },
        new("DPM++ 2M SDE Heun", "k_dpmpp_2m_sde_heun", "dpmpp_2m_sde_heun")
        {
            DefaultSchedule = "Exponential",
            Brownian = true,
            OnSigmas = (r, x, s, n) =>
                Samplers.DpmPP2MSde(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, SdeSolver.Heun, r.Run),
        },
        new("DPM++ 2S a", "k_dpmpp_2s_a", "dpmpp_2s_ancestral")
        {
            DefaultSchedule = "Karras",
            OnSigmas = (r, x, s, n) => Samplers.DpmPP2SAncestral(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, r.Run),
        },
        new("DPM++ 2S", "dpmsingle")
        {
            OnSigmas = (r, x, s, n) => Samplers.DpmPP2SAncestral(r.Denoise, x, s, n, r.Eta ?? 0, r.NoiseScale, r.Run),
        },
        new("DPM++ 3M SDE", "k_dpmpp_3m_sde", "dpmpp_3m_sde")
        {
            DefaultSchedule = "Exponential",
            Brownian = true,
            DiscardsPenultimate = true,
            OnSigmas = (r, x, s, n) => Samplers.DpmPP3MSde(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, r.Run),
        },
        new("Euler a", "k_euler_a", "k_euler_ancestral", "euler_a", "euler_ancestral")
        {
            OnSigmas = (r, x, s, n) => Samplers.EulerAncestral(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, r.Run),
        },
        new("Euler", "k_euler") { OnSigmas = (r, x, s, n) => Samplers.Euler(r.Denoise, x, s, n, r.Churn, r.Run) },
        new("LMS", "k_lms") { OnSigmas = (r, x, s, n) => Samplers.Lms(r.Denoise, x, s, run: r.Run) },
        new("Heun", "k_heun") { OnSigmas = (r, x, s, n) => Samplers.Heun(r.Denoise, x, s, n, r.Churn, r.Run) },
        new("DPM2", "k_dpm_2", "dpm_2")
        {
            DefaultSchedule = "Karras",
            DiscardsPenultimate = true,
            OnSigmas = (r, x, s, n) => Samplers.Dpm2(r.Denoise, x, s, n, r.Churn, r.Run),
        },
        new("DPM2 a", "k_dpm_2_a", "dpm_2_a", "dpm_2_ancestral")
        {
            DefaultSchedule = "Karras",
            DiscardsPenultimate = true,
            OnSigmas = (r, x, s, n) => Samplers.Dpm2Ancestral(r.Denoise, x, s, n, r.Eta ?? 1, r.NoiseScale, r.Run),
        },
        new("DPM fast", "k_dpm_fast", "dpm_fast")
        {
            OnSigmas = (r, x, s, n) =>
                Samplers.DpmFast(r.Denoise, x, LastPositive(s), s[0], s.Length - 1, n, r.Eta ?? 0, r.NoiseScale, r.Run),
        },
        new("DPM adaptive", "k_dpm_ad", "dpm_adaptive")
        {
            OnSigmas = (r, x, s, n) =>
                Samplers.DpmAdaptive(
                    r.Denoise,
                    x,
                    LastPositive(s),
                    s[0],
                    n,
                    new AdaptiveSettings { Eta = r.Eta ?? 0, NoiseScale = r.NoiseScale },
                    out _,
                    r.Run
                ),
        },
        new("Restart")
        {
            DefaultSchedule = "Karras",
            OnSigmas = (r, x, s, n) => Samplers.Restart(r.Denoise, x, s, n, r.NoiseScale, run: r.Run),
        },
        new("LCM") { OnSigmas = (r, x, s, n) => Samplers.Lcm(r.Denoise, x, s, n, r.Run) },
        new("DDIM")
        {
            Timesteps = CompVisTimesteps,
            OnTimesteps = (r, x, t, n) => Samplers.Ddim(r.Denoise, x, r.Schedule, t, n, r.Eta ?? 0, r.Run),
        },
        new("PLMS", "pndm")
        {
            Timesteps = CompVisTimesteps,
            OnTimesteps = (r, x, t, n) => Samplers.Plms(r.Denoise, x, r.Schedule, t, r.Run),
        },
        new("UniPC", "uni_pc")
        {
            Timesteps = r => TimestepSchedules.Multistep(r.Steps, TimestepSpacing.Linspace, count: r.Schedule.Count),
            OnTimesteps = (r, x, t, n) =>
                Samplers.UniPc(
                    r.Denoise,
                    x,
                    r.Schedule,
                    t,
                    Samplers.SigmasOf(r.Schedule, t),
                    prediction: r.Prediction,
                    run: r.Run
                ),
        },
        new("DDPM")
        {
            Timesteps = r => TimestepSchedules.Spaced(r.Steps, TimestepSpacing.Leading, count: r.Schedule.Count),
            OnTimesteps = (r, x, t, n) => Samplers.Ddpm(r.Denoise, x, r.Schedule, t, r.Steps, n, run: r.Run),
        },
    ];

    private static readonly FrozenDictionary<string, Sampler> ByName = All.SelectMany(s =>
            s.Aliases.Append(s.Name).Select(name => (name, s))
        )
        .ToFrozenDictionary(p => p.name, p => p.s, StringComparer.OrdinalIgnoreCase);

    /// <summary>A sampler by any of its names, case ignored.</summary>
    /// <exception cref="FornoException">No such name; lists the valid ones.</exception>
    public static Sampler Find(string name) => Find(name, out _);

    /// <summary>
    /// A sampler by name; older infotexts name the schedule with it ("DPM++ 2M Karras").
    /// </summary>
    /// <param name="name">The name, case ignored.</param>
    /// <param name="schedule">The schedule named with it; null: none.</param>
    /// <exception cref="FornoException">No such name; lists the valid ones.</exception>
    public static Sampler Find(string name, out string? schedule)
    {
        schedule = null;
        if (ByName.TryGetValue(name, out Sampler? found))
        {
            return found;
        }
        foreach (string s in ScheduleRegistry.All.Keys)
        {
            if (
                name.EndsWith(" " + s, StringComparison.OrdinalIgnoreCase)
                && ByName.TryGetValue(name[..^(s.Length + 1)], out found)
            )
            {
                schedule = s;
                return found;
            }
        }
        throw new FornoException($"sampler \"{name}\" is unknown; valid: {string.Join(", ", All.Select(s => s.Name))}");
    }

    private static Sigma LastPositive(Sigma[] sigmas) => sigmas.Last(s => s > 0);

    private static int[] CompVisTimesteps(SampleRequest request) =>
        Array.ConvertAll(
            TimestepSchedules.CompVisUniform(request.Steps, request.Schedule.Count),
            t => Math.Min(t, request.Schedule.Count - 1)
        );
}

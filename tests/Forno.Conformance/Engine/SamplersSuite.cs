using System.Globalization;
using System.Text.Json;
using Forno.Diffusion;
using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>samplers</c>: whole sampling runs on the exact denoiser of a Gaussian mixture.</summary>
internal sealed class SamplersSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "samplers";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        var c = new Comparison(golden);
        var run = new SamplerCase(golden, tensors);
        string family = golden.Params.GetProperty("family").GetString()!;
        Tensor? x = family switch
        {
            "sigma" => run.OnSigmas(c),
            "compvis" or "diffusers" => run.OnTimesteps(family, c),
            _ => null,
        };
        if (x is null)
        {
            return CaseResult.Unknown($"sampler {family} {golden.Params.GetProperty("sampler").GetString()}");
        }

        tensors.Compare(c, "out.x", x);
        double[] want = [.. golden.Expect.GetProperty("denoiser_sigmas").EnumerateArray().Select(s => s.GetDouble())];
        double[] got = [.. run.Asked];
        c.Numbers<double>(
            "denoiser_sigmas",
            got,
            [got.Length],
            want,
            [want.Length],
            new Bound(0, golden.Tolerance.Named("sigmas_rtol") ?? 1e-4)
        );
        return c.Result();
    }
}

/// <summary>One case: its denoiser, its recorded noise, its sampler.</summary>
internal sealed class SamplerCase
{
    private readonly GoldenCase golden;
    private readonly GoldenTensors tensors;
    private readonly JsonElement p,
        args,
        scheduler;
    private readonly Denoise denoise;
    private readonly NoiseSource noise;
    private readonly Tensor start;

    public SamplerCase(GoldenCase golden, GoldenTensors tensors)
    {
        (this.golden, this.tensors, p) = (golden, tensors, golden.Params);
        args = p.TryGetProperty("args", out JsonElement a) ? a : default;
        scheduler = p.TryGetProperty("scheduler", out JsonElement s) ? s : default;
        start = tensors.Load("in.x0");
        Denoise exact = Mixture();
        denoise = (x, sigma) =>
        {
            Asked.Add(sigma);
            return exact(x, sigma);
        };
        int drawn = 0;
        noise = (_, _, _) => tensors.Load(Invariant.Text($"in.noise_{drawn++:000}"));
    }

    /// <summary>The sigma of every call of the denoiser.</summary>
    public List<double> Asked { get; } = [];

    /// <summary>Family <c>sigma</c>; null: a sampler that is not known.</summary>
    public Tensor? OnSigmas(Comparison c)
    {
        Sigma[] sigmas = tensors.Has("in.sigmas") ? Sigma.List(tensors.Load("in.sigmas").ToArray<float>()) : [];
        double eta = Arg("eta", 1),
            scale = Arg("s_noise", 1);
        var churn = new Churn
        {
            Amount = Arg("s_churn", 0),
            SigmaMin = Arg("s_tmin", 0),
            SigmaMax = Arg("s_tmax", double.PositiveInfinity),
            NoiseScale = scale,
        };
        Sigma Range(string name) => new(p.GetProperty(name).GetDouble());
        switch (p.GetProperty("sampler").GetString())
        {
            case "euler":
                return Samplers.Euler(denoise, start, sigmas, noise, churn);
            case "euler_ancestral":
                return Samplers.EulerAncestral(denoise, start, sigmas, noise, eta, scale);
            case "heun":
                return Samplers.Heun(denoise, start, sigmas, noise, churn);
            case "dpm_2":
                return Samplers.Dpm2(denoise, start, sigmas, noise, churn);
            case "dpm_2_ancestral":
                return Samplers.Dpm2Ancestral(denoise, start, sigmas, noise, eta, scale);
            case "lms":
                return Samplers.Lms(denoise, start, sigmas, (int)Arg("order", 4));
            case "dpmpp_2s_ancestral":
                return Samplers.DpmPP2SAncestral(denoise, start, sigmas, noise, eta, scale);
            case "dpmpp_sde":
                return Samplers.DpmPPSde(denoise, start, sigmas, noise, eta, scale, Arg("r", 0.5));
            case "dpmpp_2m":
                return Samplers.DpmPP2M(denoise, start, sigmas);
            case "dpmpp_2m_sde":
                SdeSolver solver =
                    Text(args, "solver_type", "midpoint") == "heun" ? SdeSolver.Heun : SdeSolver.Midpoint;
                return Samplers.DpmPP2MSde(denoise, start, sigmas, noise, eta, scale, solver);
            case "dpmpp_3m_sde":
                return Samplers.DpmPP3MSde(denoise, start, sigmas, noise, eta, scale);
            case "lcm":
                return Samplers.Lcm(denoise, start, sigmas, noise);
            case "dpm_fast":
                return Samplers.DpmFast(
                    denoise,
                    start,
                    Range("sigma_min"),
                    Range("sigma_max"),
                    p.GetProperty("n").GetInt32(),
                    noise,
                    Arg("eta", 0),
                    scale
                );
            case "dpm_adaptive":
                var o = new AdaptiveSettings
                {
                    Order = (int)Arg("order", 3),
                    RelativeTolerance = Arg("rtol", 0.05),
                    AbsoluteTolerance = Arg("atol", 0.0078),
                    FirstStep = Arg("h_init", 0.05),
                    Proportional = Arg("pcoeff", 0),
                    Integral = Arg("icoeff", 1),
                    Derivative = Arg("dcoeff", 0),
                    AcceptSafety = Arg("accept_safety", 0.81),
                    Eta = Arg("eta", 0),
                    NoiseScale = scale,
                };
                Tensor x = Samplers.DpmAdaptive(
                    denoise,
                    start,
                    Range("sigma_min"),
                    Range("sigma_max"),
                    noise,
                    o,
                    out AdaptiveInfo info
                );
                JsonElement want = golden.Expect.GetProperty("info");
                c.Same("steps", info.Steps, want.GetProperty("steps").GetInt32());
                c.Same("nfe", info.Evaluations, want.GetProperty("nfe").GetInt32());
                c.Same("n_accept", info.Accepted, want.GetProperty("n_accept").GetInt32());
                c.Same("n_reject", info.Rejected, want.GetProperty("n_reject").GetInt32());
                return x;
            default:
                return null;
        }
    }

    /// <summary>Families <c>compvis</c> and <c>diffusers</c>; null: a sampler that is not known.</summary>
    public Tensor? OnTimesteps(string family, Comparison c)
    {
        NoiseSchedule schedule = family == "compvis" ? NoiseSchedule.StableDiffusion : NoiseSchedule.Training;
        int steps = p.GetProperty("steps").GetInt32();
        bool toOne = Flag("set_alpha_to_one", true);
        int offset = (int)Number(scheduler, "steps_offset", 0);
        Prediction prediction =
            Text(scheduler, "prediction_type", "epsilon") == "v_prediction" ? Prediction.Velocity : Prediction.Epsilon;
        TimestepSpacing Spacing(string otherwise) =>
            SigmaSchedulesSuite.ReadSpacing(Text(scheduler, "timestep_spacing", otherwise));
        int[] t;
        Tensor x;
        switch (family, p.GetProperty("sampler").GetString())
        {
            case ("compvis", "ddim"):
                t = TimestepSchedules.CompVisUniform(steps);
                x = Samplers.Ddim(denoise, start, schedule, t, noise, Arg("eta", 0));
                break;
            case ("compvis", "plms"):
                t = TimestepSchedules.CompVisUniform(steps);
                x = Samplers.Plms(denoise, start, schedule, t);
                break;
            case ("diffusers", "ddim"):
                t = TimestepSchedules.Spaced(steps, Spacing("leading"), offset);
                x = Samplers.DdimStrided(denoise, start, schedule, t, steps, toOne, noise, Arg("eta", 0));
                break;
            case ("diffusers", "ddpm"):
                t = TimestepSchedules.Spaced(steps, Spacing("leading"), offset);
                x = Samplers.Ddpm(
                    denoise,
                    start,
                    schedule,
                    t,
                    steps,
                    noise,
                    Text(scheduler, "variance_type", "fixed_small") == "fixed_large"
                        ? DdpmVariance.FixedLarge
                        : DdpmVariance.FixedSmall
                );
                break;
            case ("diffusers", "pndm") when Flag("skip_prk_steps", false):
                t = TimestepSchedules.Pndm(steps, Spacing("leading"), offset);
                x = Samplers.Pndm(denoise, start, schedule, t, steps, Flag("set_alpha_to_one", false), prediction);
                break;
            case ("diffusers", "lcm"):
                t = TimestepSchedules.Lcm(steps, (int)Number(scheduler, "original_inference_steps", 50));
                x = Samplers.LcmTimesteps(
                    denoise,
                    start,
                    schedule,
                    t,
                    noise,
                    Number(scheduler, "timestep_scaling", 10)
                );
                break;
            case ("diffusers", "unipc") when Flag("predict_x0", true):
                bool zero = Text(scheduler, "final_sigmas_type", "zero") == "zero";
                Sigma[] sigmas;
                if (Flag("use_karras_sigmas", false))
                {
                    (t, sigmas) = Samplers.UniPcKarras(schedule, steps, zero);
                }
                else
                {
                    t = TimestepSchedules.Multistep(steps, Spacing("linspace"), offset);
                    sigmas = Samplers.SigmasOf(schedule, t, zero);
                }

                var settings = new UniPcSettings
                {
                    Order = (int)Number(scheduler, "solver_order", 2),
                    LowerOrderFinal = Flag("lower_order_final", true),
                    Kind = Text(scheduler, "solver_type", "bh2") == "bh1" ? UniPcKind.Bh1 : UniPcKind.Bh2,
                };
                c.Json("sigmas", sigmas.Select(s => s.Value), golden.Expect.GetProperty("sigmas"));
                x = Samplers.UniPc(denoise, start, schedule, t, sigmas, settings, prediction);
                break;
            default:
                return null;
        }

        c.Json("timesteps", t, golden.Expect.GetProperty("timesteps"));
        c.Json(
            "denoiser_timesteps",
            Asked.Select(s => (int)schedule.ToTimestep(new Sigma(s), quantise: true).Value),
            golden.Expect.GetProperty("denoiser_timesteps")
        );
        return x;
    }

    // D(x, σ) = Σ_j r_j (s_j² x + σ² m_j)/v_j with v_j = s_j² + σ² and r the softmax over j of
    // ln w_j − D/2 ln v_j − |x − m_j|²/(2 v_j), sample by sample.
    private Denoise Mixture()
    {
        double[] stds = [.. p.GetProperty("stds").EnumerateArray().Select(v => v.GetDouble())];
        double[] weights = [.. p.GetProperty("weights").EnumerateArray().Select(v => v.GetDouble())];
        Tensor[] means = [.. stds.Select((_, j) => tensors.Load($"in.mean_{j}"))];
        return (x, sigma) =>
        {
            using var scope = new Scope();
            double dimensions = x.Count / (double)x.Size(0),
                s2 = sigma * sigma;
            var logits = new Tensor[stds.Length];
            var guesses = new Tensor[stds.Length];
            for (int j = 0; j < stds.Length; j++)
            {
                double v = (stds[j] * stds[j]) + s2;
                Tensor distance = (x - means[j]).Square().Sum([1, 2, 3], keepDim: true);
                logits[j] = (distance * (-0.5 / v)) + (Math.Log(weights[j]) - (dimensions / 2 * Math.Log(v)));
                guesses[j] = ((x * (stds[j] * stds[j])) + (means[j] * s2)) / v;
            }

            Tensor r = Ops.Softmax(Ops.Stack(logits), 0);
            return scope.Keep((r * Ops.Stack(guesses)).Sum([0]));
        };
    }

    private double Arg(string name, double otherwise) => Number(args, name, otherwise);

    private bool Flag(string name, bool otherwise) =>
        scheduler.ValueKind == JsonValueKind.Object && scheduler.TryGetProperty(name, out JsonElement v)
            ? v.GetBoolean()
            : otherwise;

    private static double Number(JsonElement from, string name, double otherwise) =>
        from.ValueKind == JsonValueKind.Object
        && from.TryGetProperty(name, out JsonElement v)
        && v.ValueKind == JsonValueKind.Number
            ? v.GetDouble()
            : otherwise;

    private static string Text(JsonElement from, string name, string otherwise) =>
        from.ValueKind == JsonValueKind.Object && from.TryGetProperty(name, out JsonElement v)
            ? v.GetString()!
            : otherwise;
}

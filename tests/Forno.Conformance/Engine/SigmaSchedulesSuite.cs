using System.Text.Json;
using Forno.Diffusion;
using Forno.Diffusion.Samplers;
using Forno.Diffusion.Schedules;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>Suite <c>sigma_schedules</c>: training schedules, sigma lists, timestep lists, conversions.</summary>
internal sealed class SigmaSchedulesSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "sigma_schedules";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        string op = golden.Params.GetProperty("op").GetString()!;
        using var scope = new Scope();
        using GoldenTensors? tensors = File.Exists(golden.TensorsPath) ? new GoldenTensors(golden) : null;
        var c = new Comparison(golden);
        JsonElement p = golden.Params;
        switch (op)
        {
            case "model_schedule":
                ModelSchedule(ReadModel(p.GetProperty("model")), golden, tensors!, c);
                break;
            case "discrete_sigmas":
                DiscreteSigmas(ReadModel(p.GetProperty("model")), p, tensors!, c);
                break;
            case "sigma_to_t":
                NoiseSchedule model = ReadModel(p.GetProperty("model"));
                float[] sigmas = tensors!.Load("in.sigma").ToArray<float>();
                Compare(
                    tensors,
                    c,
                    "out.t_quantised",
                    sigmas.Select(s => model.ToTimestep(new Sigma(s), quantise: true).Value)
                );
                Compare(tensors, c, "out.t_interp", sigmas.Select(s => model.ToTimestep(new Sigma(s)).Value));
                break;
            case "t_to_sigma":
                model = ReadModel(p.GetProperty("model"));
                Compare(
                    tensors!,
                    c,
                    "out.sigma",
                    tensors!.Load("in.t").ToArray<float>().Select(t => model.ToSigma(new Timestep(t)).Value)
                );
                break;
            case "karras" or "exponential" or "polyexponential" or "vp":
                SigmaLists(op, golden, tensors!, c);
                break;
            case "zero_terminal_snr":
                ZeroTerminal(ReadModel(p.GetProperty("model")), golden, tensors!, c);
                break;
            case "timesteps":
                c.Json(
                    "timesteps",
                    p.GetProperty("cases").EnumerateArray().Select(TimestepList),
                    golden.Expect.GetProperty("timesteps")
                );
                break;
            case "denoiser":
                Denoise(golden, tensors!, c);
                break;
            case "convert":
                Convert(p, tensors!, c);
                break;
            case "sgm_legacy_ddpm":
                model = NoiseSchedule.Create(
                    p.GetProperty("linear_start").GetDouble(),
                    p.GetProperty("linear_end").GetDouble(),
                    p.GetProperty("num_timesteps").GetInt32()
                );
                foreach (int n in Integers(p, "n"))
                {
                    Compare(tensors!, c, $"out.sigmas_{n}", SigmaSchedules.SgmLegacyDdpm(model, n));
                }

                Compare(tensors!, c, "out.sigmas_train", Sigma.List(model.Sigmas.ToArray()));
                break;
            default:
                return CaseResult.Unknown($"op {op}");
        }

        return c.Result();
    }

    /// <summary>A training schedule as cases describe it.</summary>
    internal static NoiseSchedule ReadModel(JsonElement model) =>
        NoiseSchedule.Create(
            model.GetProperty("beta_start").GetDouble(),
            model.GetProperty("beta_end").GetDouble(),
            model.GetProperty("num_timesteps").GetInt32(),
            model.GetProperty("beta_schedule").GetString() switch
            {
                "linear" => BetaShape.ScaledLinear,
                "sqrt_linear" => BetaShape.Linear,
                var other => throw new FornoException($"beta_schedule {other} is unknown; valid: linear, sqrt_linear"),
            },
            model.GetProperty("precision").GetString() == "float32"
        );

    /// <summary>diffusers' <c>timestep_spacing</c> by name.</summary>
    internal static TimestepSpacing ReadSpacing(string? name) =>
        name switch
        {
            "leading" => TimestepSpacing.Leading,
            "trailing" => TimestepSpacing.Trailing,
            "linspace" => TimestepSpacing.Linspace,
            _ => throw new FornoException($"timestep_spacing {name} is unknown; valid: leading, trailing, linspace"),
        };

    private static void ModelSchedule(NoiseSchedule model, GoldenCase golden, GoldenTensors tensors, Comparison c)
    {
        Compare(tensors, c, "out.betas", Doubles(model.Betas));
        Compare(tensors, c, "out.alphas_cumprod", Doubles(model.AlphasCumprod));
        Compare(tensors, c, "out.sigmas", Doubles(model.Sigmas));
        Compare(tensors, c, "out.log_sigmas", Doubles(model.LogSigmas));
        foreach (JsonElement want in golden.Expect.GetProperty("selected").EnumerateArray())
        {
            int t = want.GetProperty("t").GetInt32();
            c.Number($"alpha_cumprod at {t}", model.AlphasCumprod[t], want.GetProperty("alpha_cumprod").GetDouble());
            c.Number($"sigma at {t}", model.Sigmas[t], want.GetProperty("sigma").GetDouble());
            c.Number($"snr at {t}", model.Snr(t), want.GetProperty("snr").GetDouble());
        }
    }

    private static void DiscreteSigmas(NoiseSchedule model, JsonElement p, GoldenTensors tensors, Comparison c)
    {
        foreach (int n in Integers(p, "n"))
        {
            Compare(tensors, c, $"out.sigmas_{n}", SigmaSchedules.Uniform(model, n));
        }

        foreach (int n in Integers(p, "discard_penultimate"))
        {
            Compare(
                tensors,
                c,
                $"out.sigmas_discard_{n}",
                SigmaSchedules.DiscardPenultimate(k => SigmaSchedules.Uniform(model, k), n)
            );
        }

        Compare(tensors, c, "out.sigmas_all", SigmaSchedules.All(model));
    }

    private static void SigmaLists(string op, GoldenCase golden, GoldenTensors tensors, Comparison c)
    {
        int i = 0;
        foreach (JsonElement one in golden.Params.GetProperty("cases").EnumerateArray())
        {
            double Get(string name, double otherwise) =>
                one.TryGetProperty(name, out JsonElement v) ? v.GetDouble() : otherwise;
            int n = one.GetProperty("n").GetInt32();
            double min = Get("sigma_min", 0),
                max = Get("sigma_max", 0);
            if (one.TryGetProperty("model_range", out JsonElement range))
            {
                NoiseSchedule model = ReadModel(range);
                (min, max) = (model.SigmaMin, model.SigmaMax);
            }

            if (
                golden.Expect.ValueKind == JsonValueKind.Object
                && golden.Expect.TryGetProperty("sigma_range", out JsonElement ranges)
                && ranges.TryGetProperty($"{i}", out JsonElement want)
            )
            {
                c.Json($"sigma_range {i}", new[] { min, max }, want);
            }

            Compare(
                tensors,
                c,
                $"out.sigmas_{i++}",
                op switch
                {
                    "karras" => SigmaSchedules.Karras(n, min, max, Get("rho", 7)),
                    "exponential" => SigmaSchedules.Exponential(n, min, max),
                    "polyexponential" => SigmaSchedules.Polyexponential(n, min, max, Get("rho", 1)),
                    _ => SigmaSchedules.Vp(n, Get("beta_d", 19.9), Get("beta_min", 0.1), Get("eps_s", 1e-3)),
                }
            );
        }
    }

    private static void ZeroTerminal(NoiseSchedule model, GoldenCase golden, GoldenTensors tensors, Comparison c)
    {
        NoiseSchedule zero = model.ZeroTerminalSnr();
        Compare(tensors, c, "out.kohya_betas", Doubles(zero.Betas));
        Compare(tensors, c, "out.kohya_alphas_cumprod", Doubles(zero.AlphasCumprod));
        Compare(tensors, c, "out.kohya_all_snr", Enumerable.Range(0, model.Count).Select(t => (double)model.Snr(t)));
        Compare(tensors, c, "out.diffusers_betas", Doubles(zero.Betas));
        Compare(tensors, c, "out.diffusers_alphas_cumprod", Doubles(zero.AlphasCumprod));
        double want = golden.Expect.GetProperty("unipc_last_alpha_cumprod").GetDouble();
        c.Number("unipc_last_alpha_cumprod", zero.ForSampling().AlphasCumprod[^1], want, new Bound(0, 1e-6));
    }

    private static int[] TimestepList(JsonElement one)
    {
        int n = one.GetProperty("n").GetInt32();
        string scheduler = one.GetProperty("scheduler").GetString()!;
        if (scheduler == "compvis")
        {
            return one.GetProperty("method").GetString() == "quad"
                ? TimestepSchedules.CompVisQuad(n)
                : TimestepSchedules.CompVisUniform(n);
        }

        JsonElement config = one.TryGetProperty("config", out JsonElement given) ? given : default;
        JsonElement? Option(string name) =>
            config.ValueKind == JsonValueKind.Object && config.TryGetProperty(name, out JsonElement v) ? v : null;
        int offset = Option("steps_offset")?.GetInt32() ?? 0;
        if (scheduler == "lcm")
        {
            return TimestepSchedules.Lcm(n, Option("original_inference_steps")?.GetInt32() ?? 50);
        }

        if (scheduler == "unipc" && Option("use_karras_sigmas")?.GetBoolean() == true)
        {
            return Samplers.UniPcKarras(NoiseSchedule.Training, n).Timesteps;
        }

        TimestepSpacing spacing = ReadSpacing(Option("timestep_spacing")?.GetString() ?? "leading");
        return scheduler switch
        {
            "ddim" or "ddpm" => TimestepSchedules.Spaced(n, spacing, offset),
            "pndm" => TimestepSchedules.Pndm(n, spacing, offset),
            "unipc" => TimestepSchedules.Multistep(n, spacing, offset),
            _ => throw new FornoException(
                $"scheduler {scheduler} is unknown; valid: compvis, ddim, ddpm, lcm, pndm, unipc"
            ),
        };
    }

    // One sample after the other: each has a sigma of its own.
    private static void Denoise(GoldenCase golden, GoldenTensors tensors, Comparison c)
    {
        NoiseSchedule model = ReadModel(golden.Params.GetProperty("model"));
        Prediction prediction =
            golden.Params.GetProperty("parametrisation").GetString() == "v" ? Prediction.Velocity : Prediction.Epsilon;
        bool quantise = golden.Params.TryGetProperty("quantize", out JsonElement q) && q.GetBoolean();
        Tensor x = tensors.Load("in.x"),
            output = tensors.Load("in.model_output");
        Sigma[] sigmas = Sigma.List(tensors.Load("in.sigma").ToArray<float>());
        var inputs = new List<Tensor>();
        var denoised = new List<Tensor>();
        var times = new List<double>();
        for (int i = 0; i < sigmas.Length; i++)
        {
            int sample = i;
            Denoise denoise = Denoiser.Wrap(
                (input, t) =>
                {
                    inputs.Add(input.Clone().Own());
                    times.Add(t);
                    return output.Slice(0, sample, sample + 1);
                },
                model,
                prediction,
                quantise
            );
            denoised.Add(denoise(x.Slice(0, i, i + 1), sigmas[i]));
        }

        tensors.Compare(c, "out.model_input", Ops.Cat([.. inputs.Select(t => t.ToScope())]));
        tensors.Compare(c, "out.denoised", Ops.Cat([.. denoised]));
        Compare(tensors, c, "out.c_in", sigmas.Select(s => prediction.ScalingsFor(s).In));
        Compare(tensors, c, "out.c_out", sigmas.Select(s => prediction.ScalingsFor(s).Out));
        Compare(tensors, c, "out.c_skip", sigmas.Select(s => prediction.ScalingsFor(s).Skip));
        Compare(
            tensors,
            c,
            "out.model_t",
            times,
            new Bound(golden.Tolerance.Named("t_atol") ?? golden.Tolerance.Default.Atol, 0)
        );
    }

    private static void Convert(JsonElement p, GoldenTensors tensors, Comparison c)
    {
        NoiseSchedule model = ReadModel(p.GetProperty("model"));
        model =
            p.TryGetProperty("zero_terminal_snr", out JsonElement zero) && zero.GetBoolean()
                ? model.ZeroTerminalSnr()
                : model;
        Tensor x0 = tensors.Load("in.x0"),
            noise = tensors.Load("in.noise");
        int[] t = Array.ConvertAll(tensors.Load("in.timesteps").ToArray<long>(), v => (int)v);
        Tensor noisy = Forward.AddNoise(model, x0, noise, t),
            velocity = Forward.Velocity(model, x0, noise, t);
        tensors.Compare(c, "out.noisy", noisy);
        tensors.Compare(c, "out.velocity", velocity);
        tensors.Compare(c, "out.x0_from_v", Forward.X0FromVelocity(model, noisy, velocity, t));
        tensors.Compare(c, "out.eps_from_v", Forward.NoiseFromVelocity(model, noisy, velocity, t));
    }

    private static IEnumerable<int> Integers(JsonElement p, string name) =>
        p.TryGetProperty(name, out JsonElement list) ? list.EnumerateArray().Select(v => v.GetInt32()) : [];

    private static IEnumerable<double> Doubles(ReadOnlySpan<float> values) =>
        Array.ConvertAll(values.ToArray(), v => (double)v);

    private static void Compare(GoldenTensors tensors, Comparison c, string name, IEnumerable<Sigma> got) =>
        Compare(tensors, c, name, got.Select(s => s.Value));

    private static void Compare(
        GoldenTensors tensors,
        Comparison c,
        string name,
        IEnumerable<double> got,
        Bound? bound = null
    )
    {
        float[] numbers = [.. got.Select(v => (float)v)];
        Tensor want = tensors.Load(name);
        if (bound is { } limits)
        {
            c.Numbers<float>(name, numbers, [numbers.Length], want.ToArray<float>(), want.Shape, limits);
        }
        else
        {
            c.Numbers<float>(name, numbers, [numbers.Length], want.ToArray<float>(), want.Shape);
        }
    }
}

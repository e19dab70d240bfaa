using System.Text.Json;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;

namespace Forno.Conformance.Engine;

/// <summary>
/// Suite <c>optimizers</c>: parameters after every step of recorded gradients, clipping, d, learning rates.
/// </summary>
internal sealed class OptimizersSuite : IConformanceSuite
{
    private const double NumberRtol = 1e-4; // the README's bound for lr and grad_norm

    /// <inheritdoc/>
    public string Name => "optimizers";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        JsonElement p = golden.Params;
        string name = p.GetProperty("optimizer").GetString()!;
        if (!OptimizerRegistry.Has(name))
        {
            return CaseResult.Unknown($"optimizer {name}");
        }

        using var scope = new Scope();
        using var tensors = new GoldenTensors(golden);
        ParameterGroup[] groups = [.. p.GetProperty("groups").EnumerateArray().Select(g => Group(g, tensors))];
        using Optimizer optimizer = OptimizerRegistry.Create(name, groups, Options(p.GetProperty("args")));
        Parameter[] parameters = [.. optimizer.Parameters];
        Tensor[] grads = Array.ConvertAll(parameters, x => tensors.Load($"in.grad.{x.Name}"));
        var comparison = new Comparison(golden);
        var history = parameters.ToDictionary(x => x.Name, _ => new List<Tensor>());
        var seen = new Seen();
        int steps = p.GetProperty("num_steps").GetInt32();
        for (int k = 0; k < steps; k++)
        {
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i].Tensor.Grad = grads[i].Select(0, k).Clone();
            }

            if (p.TryGetProperty("lr_scale", out JsonElement scale))
            {
                for (int g = 0; g < groups.Length; g++)
                {
                    groups[g].Lr = p.GetProperty("base_lrs")[g].GetDouble() * scale[k].GetDouble();
                }
            }

            if (p.TryGetProperty("max_grad_norm", out JsonElement max) && max.ValueKind == JsonValueKind.Number)
            {
                seen.Norms.Add(GradClip.ByNorm(parameters.Select(x => x.Tensor), max.GetDouble()));
            }

            optimizer.Step();
            optimizer.ZeroGrad();
            seen.D.Add(optimizer.D ?? double.NaN);
            seen.Rates.AddRange(parameters.Select(optimizer.RateOf));
            foreach (Parameter x in parameters)
            {
                history[x.Name].Add(x.Tensor.Detach().Clone());
            }
        }

        foreach (Parameter x in parameters)
        {
            tensors.Compare(comparison, $"out.param.{x.Name}", Ops.Stack(history[x.Name].ToArray()));
        }

        CompareNumbers(golden, comparison, seen);
        optimizer.Evaluate();
        foreach (Parameter x in parameters.Where(x => tensors.Has($"out.eval.{x.Name}")))
        {
            tensors.Compare(comparison, $"out.eval.{x.Name}", x.Tensor.Detach());
        }

        return comparison.Result();
    }

    private static void CompareNumbers(GoldenCase golden, Comparison comparison, Seen seen)
    {
        if (golden.Expect.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        foreach (JsonProperty expected in golden.Expect.EnumerateObject())
        {
            (List<double>? got, double rtol) = expected.Name switch
            {
                "d" => (seen.D, golden.Tolerance.Named("d_rtol") ?? 0),
                "grad_norm" => (seen.Norms, NumberRtol),
                "lr" => (seen.Rates, NumberRtol),
                _ => (null, 0),
            };
            if (got is null)
            {
                comparison.Fail($"expect.{expected.Name} is nothing that this checker knows");
                continue;
            }

            double[] want = [.. Flat(expected.Value)];
            comparison.Numbers<double>(
                expected.Name,
                got.ToArray(),
                [got.Count],
                want,
                [want.Length],
                new Bound(0, rtol)
            );
        }
    }

    // Rates stand as [step][parameter].
    private static IEnumerable<double> Flat(JsonElement numbers) =>
        numbers.ValueKind == JsonValueKind.Array ? numbers.EnumerateArray().SelectMany(Flat) : [numbers.GetDouble()];

    private static ParameterGroup Group(JsonElement json, GoldenTensors tensors)
    {
        var options = Options(json);
        options.Remove("params");
        return new ParameterGroup
        {
            Parameters =
            [
                .. json.GetProperty("params")
                    .EnumerateArray()
                    .Select(n => n.GetString()!)
                    .Select(n =>
                    {
                        Tensor values = tensors.Load($"in.param.{n}");
                        values.RequiresGrad = true;
                        return new Parameter(n, values);
                    }),
            ],
            Options = options,
        };
    }

    private static Dictionary<string, object?> Options(JsonElement json) =>
        json.EnumerateObject().ToDictionary(a => a.Name, a => Value(a.Value), StringComparer.Ordinal);

    private static object? Value(JsonElement v) =>
        v.ValueKind switch
        {
            JsonValueKind.Number => v.GetDouble(),
            JsonValueKind.True or JsonValueKind.False => v.GetBoolean(),
            JsonValueKind.Array => v.EnumerateArray().Select(Value).ToArray(),
            JsonValueKind.String => v.GetString(),
            _ => null,
        };

    private sealed class Seen
    {
        public List<double> D { get; } = [];

        public List<double> Norms { get; } = [];

        public List<double> Rates { get; } = [];
    }
}

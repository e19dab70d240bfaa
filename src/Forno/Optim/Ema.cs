using Forno.Torch;

namespace Forno.Optim;

/// <summary>
/// An exponential moving average of parameters: average = decay · average + (1 − decay) · parameter after every step.
/// It begins as the parameters are. Owns its averages.
/// </summary>
public sealed class Ema : IDisposable
{
    private readonly Parameter[] parameters;
    private readonly Tensor[] averages;

    /// <summary>Begins with copies of the parameters.</summary>
    /// <param name="parameters">The parameters.</param>
    /// <param name="decay">Weight of the old average, 0 to below 1.</param>
    /// <param name="warmup">Whether the decay of step n is at most (1 + n)/(10 + n), so that the start is soon
    /// forgotten.</param>
    public Ema(IEnumerable<Parameter> parameters, double decay, bool warmup = false)
    {
        if (decay is not (>= 0 and < 1))
        {
            throw new FornoException(Invariant.Text($"the decay of an average must be from 0 to below 1, not {decay}"));
        }
        (Decay, Warmup) = (decay, warmup);
        this.parameters = [.. parameters];
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        averages = Array.ConvertAll(this.parameters, p => p.Tensor.Clone().Own());
    }

    /// <summary>Weight of the old average.</summary>
    public double Decay { get; }

    /// <summary>Whether the decay is less in the first steps.</summary>
    public bool Warmup { get; }

    /// <summary>Updates so far.</summary>
    public long Steps { get; private set; }

    /// <summary>The averages by parameter name; they stay this object's own.</summary>
    public IReadOnlyDictionary<string, Tensor> Averages =>
        parameters.Zip(averages).ToDictionary(p => p.First.Name, p => p.Second, StringComparer.Ordinal);

    /// <summary>Takes the parameters' present values in.</summary>
    public void Update()
    {
        using var mode = Autograd.NoGrad();
        double decay = Warmup ? Math.Min(Decay, (1.0 + Steps) / (10.0 + Steps)) : Decay;
        Foreach.Mul_(averages, decay);
        Foreach.Add_(averages, Array.ConvertAll(parameters, p => p.Tensor), 1 - decay);
        Steps++;
    }

    /// <summary>Exchanges averages and parameters: call before drawing or saving, and again after it.</summary>
    public void Swap()
    {
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        for (int i = 0; i < averages.Length; i++)
        {
            using var each = new Scope();
            Tensor kept = parameters[i].Tensor.Clone();
            parameters[i].Tensor.Copy_(averages[i]);
            averages[i].Copy_(kept);
        }
    }

    /// <summary>Takes saved averages over.</summary>
    /// <exception cref="FornoException">One is missing or of another shape.</exception>
    public void Load(IReadOnlyDictionary<string, Tensor> saved, long steps)
    {
        using var mode = Autograd.NoGrad();
        foreach ((Parameter p, Tensor average) in parameters.Zip(averages))
        {
            if (!saved.TryGetValue(p.Name, out Tensor? values) || !values.Shape.SequenceEqual(average.Shape))
            {
                throw new FornoException($"the saved average of {p.Name} is missing or of another shape");
            }
        }
        foreach ((Parameter p, Tensor average) in parameters.Zip(averages))
        {
            average.Copy_(saved[p.Name]);
        }
        Steps = steps;
    }

    /// <summary>Frees the averages.</summary>
    public void Dispose()
    {
        foreach (Tensor t in averages)
        {
            t.Dispose();
        }
    }
}

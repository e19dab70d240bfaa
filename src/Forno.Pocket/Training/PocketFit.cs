using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Nn;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Torch;

namespace Forno.Pocket.Training;

/// <summary>Where a Pocket training stands.</summary>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Total">Optimizer steps planned.</param>
/// <param name="Loss">Moving average of the loss.</param>
/// <param name="LearningRate">Of the last step.</param>
/// <param name="StepsPerSecond">Over this sitting.</param>
/// <param name="Note">What the training measures of itself, such as an accuracy; may be empty.</param>
public sealed record PocketFitProgress(
    int Step,
    int Total,
    double Loss,
    double LearningRate,
    double StepsPerSecond,
    string Note
);

/// <summary>How long a Pocket training runs and how it steps.</summary>
public sealed record PocketFitOptions
{
    /// <summary>Optimizer steps of the whole training, over all sittings.</summary>
    public required int Steps { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Steps over which the learning rate rises to its peak.</summary>
    public int Warmup { get; init; } = 150;

    /// <summary>Decay of the averaged weights.</summary>
    public double Ema { get; init; } = 0.995;

    /// <summary>AdamW's weight decay.</summary>
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The training's seed.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Time after which the sitting ends, its state saved; the next one goes on from there.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.MaxValue;

    /// <summary>The learning rate of a step: linear rise, then linear fall to a hundredth of the peak.</summary>
    public double RateAt(int step) =>
        LearningRate * Math.Min((step + 1.0) / Warmup, Math.Max(0.01, 1 - ((double)step / Steps)));
}

/// <summary>
/// The loop that all Pocket trainings share: steps, averaged weights, a state that is complete or absent, a log.
/// What a batch is and what its loss is, the training says.
/// </summary>
public sealed class PocketFit : IDisposable
{
    private static readonly TimeSpan SaveEvery = TimeSpan.FromMinutes(5);

    private readonly string folder;
    private readonly PocketFitOptions options;
    private readonly Parameter[] parameters;
    private readonly Ema ema;
    private readonly Adam optimizer;

    /// <summary>Takes up the state in <paramref name="folder"/> if there is one, else begins.</summary>
    /// <param name="store">The model's tensors; all of them are trained.</param>
    /// <param name="folder">Holds <c>state.safetensors</c> and <c>log.csv</c>.</param>
    /// <param name="options">How to train.</param>
    public PocketFit(WeightStore store, string folder, PocketFitOptions options)
    {
        this.folder = folder;
        this.options = options;
        Directory.CreateDirectory(folder);
        TorchRuntime.SetProductThreads(1); // all parts of Pocket are small
        parameters =
        [
            .. store.Tensors.OrderBy(t => t.Key, StringComparer.Ordinal).Select(t => new Parameter(t.Key, t.Value)),
        ];
        // Early averages follow quickly, so that the random start is soon forgotten.
        ema = new Ema(parameters, options.Ema, warmup: true);
        optimizer = Adam.W(
            [new ParameterGroup { Parameters = parameters }],
            new Dictionary<string, object?> { ["lr"] = options.LearningRate, ["weight_decay"] = options.WeightDecay }
        );
        foreach (Parameter p in parameters)
        {
            p.Tensor.RequiresGrad = true;
        }
        Load();
    }

    private string StatePath => Path.Combine(folder, "state.safetensors");

    /// <summary>Optimizer steps done so far.</summary>
    public int Step { get; private set; }

    /// <summary>The averaged weights by checkpoint key; they belong to this object.</summary>
    public IReadOnlyDictionary<string, Tensor> Averages => ema.Averages;

    /// <summary>
    /// Trains until the steps are done, the sitting's budget is spent, or a stop is asked for; saves.
    /// </summary>
    /// <param name="loss">The loss of a step's batch, and a note for the log (empty: none).</param>
    /// <param name="progress">Told every few steps.</param>
    /// <param name="stop">Ends the sitting after the step at hand, its state saved.</param>
    /// <exception cref="FornoException">The loss became infinite or NaN; the last state stays.</exception>
    public void Run(
        Func<int, (Tensor Loss, string Note)> loss,
        IProgress<PocketFitProgress>? progress = null,
        CancellationToken stop = default
    )
    {
        var clock = Stopwatch.StartNew();
        TimeSpan saved = clock.Elapsed;
        int first = Step;
        double average = double.NaN;
        while (Step < options.Steps && !stop.IsCancellationRequested && clock.Elapsed < options.Budget)
        {
            double rate = options.RateAt(Step);
            (double value, string note) = One(loss, rate);
            if (!double.IsFinite(value))
            {
                throw new FornoException(
                    $"{folder}: the loss of step {Step} is {value}; the last state saved is untouched. "
                        + "Start again with a lower learning rate."
                );
            }
            average = double.IsNaN(average) ? value : average + (0.02 * (value - average));
            Step++;
            if (Step % 10 == 0)
            {
                var report = new PocketFitProgress(
                    Step,
                    options.Steps,
                    average,
                    rate,
                    (Step - first) / clock.Elapsed.TotalSeconds,
                    note
                );
                progress?.Report(report);
                if (Step % 50 == 0)
                {
                    Log(report);
                }
            }
            if (clock.Elapsed - saved > SaveEvery)
            {
                Save();
                saved = clock.Elapsed;
            }
        }
        Save();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        ema.Dispose();
        optimizer.Dispose();
    }

    private (double Loss, string Note) One(Func<int, (Tensor Loss, string Note)> loss, double rate)
    {
        using var scope = new Scope();
        (Tensor value, string note) = loss(Step);
        double number = value.Item();
        if (!double.IsFinite(number))
        {
            return (number, note);
        }
        Autograd.Backward(value);
        GradClip.ByNorm(parameters.Select(p => p.Tensor), 1.0);
        optimizer.Groups[0].Lr = rate;
        optimizer.Step();
        optimizer.ZeroGrad();
        ema.Update();
        return (number, note);
    }

    private void Log(PocketFitProgress p)
    {
        string path = Path.Combine(folder, "log.csv");
        if (!File.Exists(path))
        {
            File.WriteAllText(path, "step,loss,learning_rate,steps_per_second,note\n");
        }
        File.AppendAllText(
            path,
            Invariant.Text($"{p.Step},{p.Loss:g6},{p.LearningRate:g4},{p.StepsPerSecond:g4},{p.Note}\n")
        );
    }

    private void Save()
    {
        using var scope = new Scope();
        OptimizerState state = optimizer.State();
        IEnumerable<TensorToWrite> tensors =
        [
            .. parameters.Select(p => TensorToWrite.From("weights." + p.Name, p.Tensor.Detach())),
            .. ema.Averages.Select(t => TensorToWrite.From("ema." + t.Key, t.Value)),
            .. state.Tensors.Select(t => TensorToWrite.From("optimizer." + t.Key, t.Value)),
        ];
        SafetensorsWriter.Write(
            StatePath,
            [.. tensors],
            new Dictionary<string, string>
            {
                ["step"] = Step.ToString(CultureInfo.InvariantCulture),
                ["optimizer"] = JsonSerializer.Serialize(state.Scalars),
            }
        );
    }

    private void Load()
    {
        if (!File.Exists(StatePath))
        {
            return;
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        using ITensorSource state = Checkpoint.Open(StatePath);
        foreach (Parameter p in parameters)
        {
            p.Tensor.Copy_(state.Load("weights." + p.Name));
        }
        Step = int.Parse(state.Metadata["step"], CultureInfo.InvariantCulture);
        ema.Load(Below(state, "ema."), Step);
        optimizer.Load(
            new OptimizerState(
                Below(state, "optimizer."),
                JsonSerializer.Deserialize<Dictionary<string, double>>(state.Metadata["optimizer"])!
            )
        );
    }

    private static Dictionary<string, Tensor> Below(ITensorSource state, string prefix) =>
        state
            .Tensors.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(k => k[prefix.Length..], k => state.Load(k));
}

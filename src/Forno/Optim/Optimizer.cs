using System.Globalization;
using Forno.Torch;

namespace Forno.Optim;

/// <summary>
/// Changes parameters by their gradients. Parameters without a gradient are left alone, weight decay included. State
/// is made at a parameter's first gradient, lives on its device and belongs to the optimizer.
/// </summary>
public abstract partial class Optimizer : IDisposable
{
    private readonly string[] bufferNames;
    private readonly Slot[][] slots;

    /// <summary>Takes the groups.</summary>
    /// <param name="groups">At least one parameter among them; names are unique.</param>
    /// <param name="bufferNames">Names of the state tensors that a parameter has.</param>
    protected Optimizer(IReadOnlyList<ParameterGroup> groups, params string[] bufferNames)
    {
        Groups = groups;
        this.bufferNames = bufferNames;
        slots = [.. groups.Select(g => g.Parameters.Select(p => new Slot(p, bufferNames.Length)).ToArray())];
        Slot[] all = [.. slots.SelectMany(s => s)];
        if (all.Length == 0)
        {
            throw new FornoException("there is nothing to train: no parameter in any group");
        }
        if (all.GroupBy(s => s.Parameter.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new ArgumentException($"parameter {twice.Key} is there twice", nameof(groups));
        }
    }

    /// <summary>The groups, in order.</summary>
    public IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>The estimated step size of optimizers that find their own (Prodigy); null for the others.</summary>
    public virtual double? D => null;

    /// <summary>
    /// The learning rate that a parameter moves by: its group's, times the estimated step size where there is one;
    /// with rates of the optimizer's own the one of the parameter's last step.
    /// </summary>
    public virtual double RateOf(Parameter parameter) =>
        Groups.First(g => g.Parameters.Contains(parameter)).Lr * (D ?? 1);

    /// <summary>Every parameter of every group.</summary>
    public IEnumerable<Parameter> Parameters => Groups.SelectMany(g => g.Parameters);

    /// <summary>Takes one step with the gradients that the parameters have. Gradients are not changed.</summary>
    public void Step()
    {
        RequireTraining();
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var batches = new Batch[slots.Length];
        for (int g = 0; g < slots.Length; g++)
        {
            var active = new List<Slot>(slots[g].Length);
            var grads = new List<Tensor>(slots[g].Length);
            foreach (Slot slot in slots[g])
            {
                if (slot.Value.Grad is { } grad)
                {
                    if (!slot.Ready)
                    {
                        Begin(g, slot);
                    }
                    active.Add(slot);
                    grads.Add(grad);
                }
            }
            batches[g] = new Batch(g, Groups[g], [.. active], [.. grads]);
        }
        Update(batches);
    }

    /// <summary>Forgets all gradients.</summary>
    public void ZeroGrad()
    {
        foreach (Parameter p in Parameters)
        {
            p.Tensor.Grad = null;
        }
    }

    /// <summary>
    /// What must be saved with the parameters. Its tensors stay the optimizer's own and change with its steps.
    /// </summary>
    public OptimizerState State()
    {
        RequireTraining();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        var scalars = new Dictionary<string, double>(Scalars(), StringComparer.Ordinal);
        foreach (Slot slot in slots.SelectMany(s => s).Where(s => s.Ready))
        {
            for (int i = 0; i < bufferNames.Length; i++)
            {
                if (slot.Buffers[i] is { } buffer)
                {
                    tensors.Add($"{slot.Parameter.Name}.{bufferNames[i]}", buffer);
                }
            }
            scalars.Add($"{slot.Parameter.Name}.steps", slot.Steps);
        }
        return new OptimizerState(tensors, scalars);
    }

    /// <summary>Takes over a saved state; the next step is the one that would have followed.</summary>
    /// <exception cref="FornoException">It is of another optimizer or of other parameters; nothing is changed
    /// then.</exception>
    public void Load(OptimizerState state)
    {
        RequireTraining();
        var tensors = new Dictionary<string, Tensor>(state.Tensors, StringComparer.Ordinal);
        var scalars = new Dictionary<string, double>(state.Scalars, StringComparer.Ordinal);
        var own = new Dictionary<string, double>(Scalars(), StringComparer.Ordinal);
        foreach (string name in own.Keys.ToArray())
        {
            own[name] = scalars.Remove(name, out double v) ? v : throw Foreign($"'{name}' is missing");
        }
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        var found = new List<(Slot Slot, double Steps, Tensor?[] Buffers)>();
        for (int g = 0; g < slots.Length; g++)
        {
            foreach (Slot slot in slots[g])
            {
                string name = slot.Parameter.Name;
                bool ready = scalars.Remove($"{name}.steps", out double steps);
                found.Add((slot, ready ? steps : -1, ready ? Match(g, slot, tensors) : []));
            }
        }
        if (tensors.Keys.Concat(scalars.Keys).FirstOrDefault() is { } left)
        {
            throw Foreign($"'{left}' has no place here");
        }
        LoadScalars(own);
        foreach ((Slot slot, double steps, Tensor?[] buffers) in found)
        {
            slot.Free();
            if (steps >= 0)
            {
                slot.Begin((long)steps, Array.ConvertAll(buffers, b => b?.Own()));
            }
        }
    }

    /// <summary>Frees the state. The parameters belong to others, and are left as in training.</summary>
    public void Dispose()
    {
        Train();
        foreach (Slot slot in slots.SelectMany(s => s))
        {
            slot.Free();
        }
        GC.SuppressFinalize(this);
    }

    /// <summary>
    /// Reads every group's settings: the optimizer's options, overridden by the group's. Sets the groups' learning
    /// rates.
    /// </summary>
    protected static T[] ReadSettings<T>(
        string optimizer,
        IReadOnlyList<ParameterGroup> groups,
        IReadOnlyDictionary<string, object?> options,
        double defaultLr,
        Func<OptimizerOptions, T> read
    ) =>
        [
            .. groups.Select(group =>
            {
                var merged = new Dictionary<string, object?>(options, StringComparer.Ordinal);
                foreach ((string name, object? value) in group.Options)
                {
                    merged[name] = value;
                }
                var reader = new OptimizerOptions(optimizer, merged);
                double lr = reader.OptionalReal("lr") ?? defaultLr;
                group.Lr = group.BaseLr = lr >= 0 ? lr : throw reader.Wrong("lr", "a number that is not negative");
                T settings = read(reader);
                reader.Done();
                return settings;
            }),
        ];

    /// <summary>
    /// The state tensors of a new parameter, in the current scope, one for each name; null: not used.
    /// </summary>
    protected abstract Tensor?[] NewBuffers(int group, Tensor value);

    /// <summary>Takes the step. Runs without a graph, in a scope of its own.</summary>
    protected abstract void Update(Batch[] batches);

    /// <summary>State beside that of the parameters.</summary>
    protected virtual IReadOnlyDictionary<string, double> Scalars() => new Dictionary<string, double>();

    /// <summary>Takes back what <see cref="Scalars"/> gave.</summary>
    protected virtual void LoadScalars(IReadOnlyDictionary<string, double> scalars) { }

    private static FornoException Foreign(string what) =>
        new(
            $"the saved optimizer state does not fit: {what}. Resume with the configuration that the run was "
                + "started with."
        );

    private void Begin(int group, Slot slot) =>
        slot.Begin(0, Array.ConvertAll(NewBuffers(group, slot.Value), b => b?.Own()));

    // Fresh buffers tell the shapes and which are used; the saved numbers go into them.
    private Tensor?[] Match(int group, Slot slot, Dictionary<string, Tensor> saved)
    {
        Tensor?[] buffers = NewBuffers(group, slot.Value);
        for (int i = 0; i < buffers.Length; i++)
        {
            if (buffers[i] is not { } buffer)
            {
                continue;
            }
            string name = $"{slot.Parameter.Name}.{bufferNames[i]}";
            if (!saved.Remove(name, out Tensor? values))
            {
                throw Foreign($"'{name}' is missing");
            }
            if (!values.Shape.SequenceEqual(buffer.Shape) || values.DType != buffer.DType)
            {
                throw Foreign(Invariant.Text($"'{name}' is {values}, not {buffer}"));
            }
            buffer.Copy_(values);
        }
        return buffers;
    }
}

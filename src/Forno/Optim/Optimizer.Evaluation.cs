using Forno.Torch;

namespace Forno.Optim;

// What is saved, drawn and validated with: the averages of schedule-free optimizers.
public abstract partial class Optimizer
{
    private readonly List<(Tensor Value, Tensor Kept)> trained = [];

    /// <summary>
    /// Whether the parameters are those to save, draw and validate with rather than those that steps are taken from.
    /// </summary>
    public bool IsEvaluating { get; private set; }

    /// <summary>
    /// Gives the parameters the values to save, draw and validate with. Those of schedule-free optimizers differ from
    /// the ones that steps are taken from; for all others nothing changes.
    /// </summary>
    public void Evaluate()
    {
        if (IsEvaluating)
        {
            return;
        }
        using var mode = Autograd.NoGrad();
        IsEvaluating = true;
        for (int g = 0; g < slots.Length; g++)
        {
            foreach (Slot slot in slots[g].Where(s => s.Ready))
            {
                using var scope = new Scope();
                if (Averaged(g, slot) is { } average)
                {
                    trained.Add((slot.Value, slot.Value.Clone().Own()));
                    slot.Value.Copy_(average);
                }
            }
        }
    }

    /// <summary>Takes <see cref="Evaluate"/> back, bit for bit.</summary>
    public void Train()
    {
        using var mode = Autograd.NoGrad();
        foreach ((Tensor value, Tensor kept) in trained)
        {
            value.Copy_(kept);
            kept.Dispose();
        }
        trained.Clear();
        IsEvaluating = false;
    }

    /// <summary><see cref="Evaluate"/> until the result is disposed; may be nested.</summary>
    public Evaluation Evaluating() => new(this);

    /// <summary>
    /// The values of a parameter to save and draw with, as a new tensor; null: those it has. Runs without a graph, in a
    /// scope of its own.
    /// </summary>
    protected virtual Tensor? Averaged(int group, Slot slot) => null;

    // A step from averaged values, or a state beside them, would be of another run.
    private void RequireTraining()
    {
        if (IsEvaluating)
        {
            throw new InvalidOperationException("the parameters are evaluated; call Train() first");
        }
    }

    /// <summary>The time in which an optimizer's parameters are evaluated; the outermost one ends it.</summary>
    public readonly ref struct Evaluation
    {
        private readonly Optimizer? ends;

        internal Evaluation(Optimizer optimizer)
        {
            ends = optimizer.IsEvaluating ? null : optimizer;
            optimizer.Evaluate();
        }

        /// <summary>Back to training, unless a time outside this one goes on.</summary>
        public void Dispose() => ends?.Train();
    }
}

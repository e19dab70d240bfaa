using Forno.Torch;

namespace Forno.Optim;

// How steps see parameters: each with its state, by group.
public abstract partial class Optimizer
{
    /// <summary>A parameter and its state.</summary>
    protected sealed class Slot(Parameter parameter, int count)
    {
        /// <summary>The parameter.</summary>
        public Parameter Parameter { get; } = parameter;

        /// <summary>Its values.</summary>
        public Tensor Value => Parameter.Tensor;

        /// <summary>Its state tensors, in the order of their names.</summary>
        public Tensor?[] Buffers { get; private set; } = new Tensor?[count];

        /// <summary>Steps that it took: those in which it had a gradient.</summary>
        public long Steps { get; set; }

        internal bool Ready { get; private set; }

        internal void Begin(long steps, Tensor?[] buffers)
        {
            (Steps, Buffers, Ready) = (steps, buffers, true);
        }

        internal void Free()
        {
            foreach (Tensor? b in Buffers)
            {
                b?.Dispose();
            }
            (Steps, Buffers, Ready) = (0, new Tensor?[Buffers.Length], false);
        }
    }

    /// <summary>The parameters of a group that have a gradient in this step.</summary>
    /// <param name="Index">The group's index.</param>
    /// <param name="Group">The group.</param>
    /// <param name="Slots">Parameters and state.</param>
    /// <param name="Grads">Their gradients, in the same order; not to be changed.</param>
    protected sealed record Batch(int Index, ParameterGroup Group, Slot[] Slots, Tensor[] Grads)
    {
        /// <summary>The parameters' values.</summary>
        public Tensor[] Values { get; } = Array.ConvertAll(Slots, s => s.Value);

        /// <summary>The state tensors of one kind.</summary>
        public Tensor[] Buffers(int kind) => Array.ConvertAll(Slots, s => s.Buffers[kind]!);

        /// <summary>The batch in parts of equal step count, nearly always one.</summary>
        public IEnumerable<Batch> ByStep() =>
            Array.TrueForAll(Slots, s => s.Steps == Slots[0].Steps)
                ? [this]
                : Slots
                    .Zip(Grads)
                    .GroupBy(pair => pair.First.Steps)
                    .Select(part => new Batch(
                        Index,
                        Group,
                        [.. part.Select(p => p.First)],
                        [.. part.Select(p => p.Second)]
                    ));
    }
}

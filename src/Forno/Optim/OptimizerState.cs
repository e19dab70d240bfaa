using Forno.Torch;

namespace Forno.Optim;

/// <summary>
/// What an optimizer must remember for a run to go on bit for bit. Numbers are to be stored as 64-bit floats.
/// </summary>
/// <param name="Tensors">By <c>parameter.buffer</c>; those that an optimizer hands out stay its own.</param>
/// <param name="Scalars">By name: <c>parameter.steps</c>, and what belongs to the whole optimizer (<c>d</c>).</param>
public sealed record OptimizerState(
    IReadOnlyDictionary<string, Tensor> Tensors,
    IReadOnlyDictionary<string, double> Scalars
);

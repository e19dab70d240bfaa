using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Torch;

namespace Forno.Conformance;

/// <summary>The tensors of a case: inputs to compute with, answers to compare against.</summary>
/// <param name="path">A weight file.</param>
internal sealed class GoldenTensors(string path) : IDisposable
{
    private readonly ITensorSource source = Checkpoint.Open(path);

    /// <summary>Opens the case's <c>tensors.safetensors</c>.</summary>
    public GoldenTensors(GoldenCase golden)
        : this(golden.TensorsPath) { }

    /// <summary>All names.</summary>
    public IEnumerable<string> Names => source.Tensors.Keys;

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Has(string name) => source.Tensors.ContainsKey(name);

    /// <summary>A copy of a tensor in the current scope: floating ones as fp32, others as stored.</summary>
    public Tensor Load(string name)
    {
        using var scope = new Scope();
        Tensor stored = source.Load(name);
        return scope.Keep(
            stored.DType.IsFloat() && stored.DType != DType.Float32 ? stored.To(DType.Float32) : stored.Clone()
        );
    }

    /// <summary>Compares a result with the answer of that name.</summary>
    public void Compare(Comparison comparison, string name, Tensor got)
    {
        using var scope = new Scope();
        Tensor want = Load(name);
        comparison.Numbers<float>(name, got.ToArray<float>(), got.Shape, want.ToArray<float>(), want.Shape);
    }

    /// <inheritdoc/>
    public void Dispose() => source.Dispose();
}

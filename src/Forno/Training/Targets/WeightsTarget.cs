using Forno.Checkpoints;
using Forno.Nn;
using Forno.Optim;
using Forno.Torch;

namespace Forno.Training.Targets;

/// <summary>Writes trained weights in a form of their own.</summary>
/// <param name="weights">The trained tensors by checkpoint key; on loan.</param>
/// <param name="path">The file.</param>
/// <param name="metadata">What it is to say of itself.</param>
/// <param name="type">Type of the values in the file.</param>
public delegate void WriteWeights(
    IReadOnlyDictionary<string, Tensor> weights,
    string path,
    IReadOnlyDictionary<string, string> metadata,
    DType type
);

/// <summary>A model's own weights: all that its store has given out, or those that are chosen.</summary>
public sealed class WeightsTarget : TrainTarget
{
    private readonly Parameter[] parameters;
    private readonly WriteWeights write;
    private bool[]? required;

    /// <summary>Chooses the weights; nothing is changed yet.</summary>
    /// <param name="store">The model's tensors, all of them taken; fp32 where they are trained. It stays its owner's.
    /// </param>
    /// <param name="name">The group's name in logs, such as <c>unet</c>.</param>
    /// <param name="chosen">Which checkpoint keys are trained; null: all.</param>
    /// <param name="write">How they are saved; null: as they are, by their keys.</param>
    /// <exception cref="FornoException">A chosen tensor is not fp32: small steps would be lost.</exception>
    public WeightsTarget(WeightStore store, string name, Func<string, bool>? chosen = null, WriteWeights? write = null)
    {
        this.write = write ?? ((weights, path, said, type) => SafetensorsWriter.Write(path, weights, said, type));
        parameters =
        [
            .. store
                .Tensors.Where(t => chosen is null || chosen(t.Key))
                .OrderBy(t => t.Key, StringComparer.Ordinal)
                .Select(t => new Parameter(t.Key, t.Value)),
        ];
        if (Array.Find(parameters, p => p.Tensor.DType != DType.Float32) is { } half)
        {
            throw new FornoException(
                $"{store.Origin}: {half.Name} is {half.Tensor.DType}; weights are trained in fp32, so load them in it"
            );
        }
        Groups = [new ParameterGroup { Name = name, Parameters = parameters }];
    }

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterGroup> Groups { get; }

    /// <inheritdoc/>
    public override void Attach()
    {
        if (required is not null)
        {
            return;
        }
        required = Array.ConvertAll(parameters, p => p.Tensor.RequiresGrad);
        foreach (Parameter p in parameters)
        {
            p.Tensor.RequiresGrad = true;
        }
    }

    /// <summary>The weights keep what they learnt, and are frozen again if they were.</summary>
    public override void Detach()
    {
        foreach ((Parameter p, bool before) in parameters.Zip(required ?? []))
        {
            p.Tensor.RequiresGrad = before;
        }
        required = null;
    }

    /// <inheritdoc/>
    public override void Save(string path, IReadOnlyDictionary<string, string> metadata, DType type)
    {
        using var scope = new Scope();
        write(
            parameters.ToDictionary(p => p.Name, p => p.Tensor.Detach(), StringComparer.Ordinal),
            path,
            metadata,
            type
        );
    }

    /// <inheritdoc/>
    public override void Dispose() => Detach();
}

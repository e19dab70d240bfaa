using Forno.Adapters.Kinds;
using Forno.Optim;
using Forno.Torch;

namespace Forno.Training;

/// <summary>
/// What a training changes: an adapter, embeddings, a whole model. It knows its parameters and their groups, how it
/// gets into the model and out again, and how it is saved. The loop (<see cref="Trainer"/>) does the rest, with an
/// <see cref="TrainObjective"/> of any kind. A new kind of target is one class.
/// </summary>
public abstract class TrainTarget : IDisposable
{
    /// <summary>Groups of parameters, leaves in fp32; a learning rate is the option <c>lr</c>.</summary>
    public abstract IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>Puts the target into the model: from here on the model computes with it.</summary>
    /// <exception cref="FornoException">It does not fit; the model is unchanged.</exception>
    public abstract void Attach();

    /// <summary>Takes it out again and leaves the model as it was; nothing happens if it is not in.</summary>
    public abstract void Detach();

    /// <summary>
    /// Announces a training forward over these samples, which decide what is dropped out; null: the target as it is
    /// saved, drawn with and validated.
    /// </summary>
    public virtual void Announce(DropoutDraw? draw) { }

    /// <summary>Called after each optimizer step, without a graph: the place for bounds on the parameters.</summary>
    public virtual void AfterStep() { }

    /// <summary>Writes the target as its parameters are.</summary>
    /// <param name="path">The file.</param>
    /// <param name="metadata">What the file is to say of itself; a target may add to it.</param>
    /// <param name="type">The type of the values in the file.</param>
    public abstract void Save(string path, IReadOnlyDictionary<string, string> metadata, DType type);

    /// <summary>
    /// Reads a saved file back as everything else would, and asks the model with it and without. The target must not
    /// be in the model. Null: this kind has no such check.
    /// </summary>
    public virtual TargetCheck? Check(string path) => null;

    /// <summary>The first part whose values are not finite; null: all are.</summary>
    public virtual string? FirstBroken()
    {
        using var scope = new Scope();
        return Groups.SelectMany(g => g.Parameters).FirstOrDefault(p => !p.Tensor.Detach().AllFinite())?.Name;
    }

    /// <summary>Takes the target out of the model and frees what belongs to it.</summary>
    public abstract void Dispose();
}

/// <summary>What re-loading a saved target showed.</summary>
/// <param name="Modules">Modules in the file.</param>
/// <param name="Unplaced">Keys or modules that found no place in the model.</param>
/// <param name="Change">Root mean square of the change of the network's output, relative to the output; 0: it does
/// nothing.</param>
public sealed record TargetCheck(int Modules, IReadOnlyList<string> Unplaced, double Change)
{
    /// <summary>Whether every key found its module and the output changes.</summary>
    public bool Good => Unplaced.Count == 0 && Change > 0;
}

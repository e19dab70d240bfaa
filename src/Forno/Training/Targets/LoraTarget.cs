using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Models;
using Forno.Optim;
using Forno.Torch;

namespace Forno.Training.Targets;

/// <summary>A new adapter in the patch slots of a model that is itself frozen.</summary>
public sealed class LoraTarget : TrainTarget
{
    private readonly BaseModel model;
    private readonly TrainPlan plan;
    private readonly AdapterNetwork network;
    private bool attached;

    /// <summary>Makes the adapter; the model is not touched yet.</summary>
    /// <param name="model">The base model.</param>
    /// <param name="plan">Chooses the modules and their groups.</param>
    public LoraTarget(BaseModel model, TrainPlan plan)
    {
        (this.model, this.plan) = (model, plan);
        Modules = plan.Modules(model.Targets);
        network = AdapterNetwork.New(LoraAdapter.Kind, Modules, plan.Seed, plan.Settings().Dropout, model.Device);
        Groups = plan.Groups(network, Modules);
    }

    /// <summary>The modules.</summary>
    public IReadOnlyList<AdapterModule> Modules { get; }

    /// <summary>How many numbers are trained.</summary>
    public long ParameterCount => network.Tensors.Sum(t => t.Tensor.Count);

    /// <inheritdoc/>
    public override IReadOnlyList<ParameterGroup> Groups { get; }

    /// <inheritdoc/>
    public override void Attach()
    {
        if (attached)
        {
            return;
        }
        IReadOnlyList<Adapter> lost = network.Apply(model.Layers);
        if (lost.Count > 0)
        {
            network.Remove();
            throw new FornoException(
                $"{model.Path}: the model has no layer for {lost[0].Name} ({lost.Count} modules in all)"
            );
        }
        attached = true;
    }

    /// <inheritdoc/>
    public override void Detach()
    {
        network.Remove();
        attached = false;
    }

    /// <inheritdoc/>
    public override void Announce(DropoutDraw? draw) => network.SetDraw(draw);

    /// <inheritdoc/>
    public override void AfterStep() => plan.AfterUpdate(network);

    /// <inheritdoc/>
    public override void Save(string path, IReadOnlyDictionary<string, string> metadata, DType type) =>
        AdapterFile.Save(path, network, metadata, type);

    /// <inheritdoc/>
    public override TargetCheck? Check(string path) => AdapterCheck.Of(path, model);

    /// <inheritdoc/>
    public override string? FirstBroken()
    {
        using var scope = new Scope();
        return network.Adapters.FirstOrDefault(a => a.Tensors.Values.Any(t => !t.Detach().AllFinite()))?.Name;
    }

    /// <inheritdoc/>
    public override void Dispose() => network.Dispose();
}

using Forno.Torch;

namespace Forno.Optim;

/// <summary>A tensor that is trained.</summary>
/// <param name="Name">A name of its own among all parameters; its state is saved under it.</param>
/// <param name="Tensor">The values, a leaf; belongs to whoever made it.</param>
public sealed record Parameter(string Name, Tensor Tensor);

/// <summary>Parameters that share their settings.</summary>
public sealed class ParameterGroup
{
    /// <summary>What the group is called in logs, such as <c>unet</c> or <c>textencoder</c>.</summary>
    public string Name { get; init; } = "";

    /// <summary>The parameters, in order.</summary>
    public required IReadOnlyList<Parameter> Parameters { get; init; }

    /// <summary>
    /// Settings that differ from the optimizer's own, by the same names: <c>lr</c>, <c>weight_decay</c>, … Read once.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Options { get; init; } = new Dictionary<string, object?>();

    /// <summary>
    /// The learning rate of the next step; schedules set it. It begins as the option <c>lr</c> of the group or of the
    /// optimizer. Not used by an optimizer with learning rates of its own (Adafactor's relative steps).
    /// </summary>
    public double Lr { get; set; }

    /// <summary>The learning rate that the group began with: what schedules multiply.</summary>
    public double BaseLr { get; internal set; }
}

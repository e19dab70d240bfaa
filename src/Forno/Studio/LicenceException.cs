namespace Forno.Studio;

/// <summary>
/// A package has to be fetched whose licence needs the user's consent first. A face says how it is given there.
/// </summary>
/// <param name="model">The model that was asked for.</param>
/// <param name="problem">What it comes in and under which licence, whole sentences.</param>
public sealed class LicenceException(string model, string problem)
    : FornoException($"{model}: {problem} Agree to that licence, or name a model file of your own.")
{
    /// <summary>The model that was asked for.</summary>
    public string Model { get; } = model;

    /// <summary>What it comes in and under which licence.</summary>
    public string Problem { get; } = problem;
}

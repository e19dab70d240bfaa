namespace Forno.Adapters.Kinds;

/// <summary>Probabilities with which parts of an adapter are left out in a training step.</summary>
public sealed record AdapterDropout
{
    /// <summary>Nothing is left out.</summary>
    public static AdapterDropout None { get; } = new();

    /// <summary>Elements between the two factors; the rest is scaled by 1/(1−p).</summary>
    public double Network { get; init; }

    /// <summary>Whole ranks, one draw for each sample; the rest is scaled by 1/(1−p).</summary>
    public double Rank { get; init; }

    /// <summary>The whole module, without compensation.</summary>
    public double Module { get; init; }
}

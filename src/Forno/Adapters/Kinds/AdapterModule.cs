using Forno.Nn;

namespace Forno.Adapters.Kinds;

/// <summary>A module of an adapter to be made.</summary>
/// <param name="Target">The layer that it changes.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="Alpha">Its alpha; never 0.</param>
public sealed record AdapterModule(PatchTarget Target, int Rank, double Alpha);

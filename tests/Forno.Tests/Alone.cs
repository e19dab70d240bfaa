namespace Forno.Tests;

/// <summary>
/// Tests that count the live tensors of the whole process: nothing else runs beside a class marked
/// <c>[Collection(Alone.Name)]</c>.
/// </summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}

using Forno.Studio;

namespace Forno.Tests.Studio;

/// <summary>For jobs that need no package: asking for one fails the test.</summary>
internal sealed class NoModels : IModelSource
{
    public static NoModels Instance { get; } = new();

    public void Ensure(string package) => Assert.Fail($"{package} was asked for");
}

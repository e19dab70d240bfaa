namespace Forno.Tests;

public class ArrowsTests
{
    [Fact]
    public void TorchKnowsNothingOfForno() =>
        Assert.DoesNotContain(typeof(global::Forno.Torch.DType).Assembly.GetReferencedAssemblies(), a => a.Name!.StartsWith("Forno", StringComparison.Ordinal));
}

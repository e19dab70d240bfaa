using Forno.Cli.Terminal;
using Forno.Studio;

namespace Forno.Cli.Setup;

/// <summary>Fetches packages for jobs, and says so.</summary>
/// <param name="cli">Where to say it.</param>
internal sealed class FetchedModels(CommandHost cli) : IModelSource
{
    /// <inheritdoc/>
    public void Ensure(string package) => AssetFetch.Ensure(cli, package);
}

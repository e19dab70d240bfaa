namespace Forno.Studio;

/// <summary>
/// Gets the data packages that jobs need, on first need. A face gives it, since fetching takes the network and the
/// user should know.
/// </summary>
public interface IModelSource
{
    /// <summary>Makes sure that a package is there.</summary>
    /// <param name="package">Its name in <c>assets/packages.txt</c>.</param>
    /// <exception cref="FornoException">It is not there and cannot be fetched.</exception>
    void Ensure(string package);
}

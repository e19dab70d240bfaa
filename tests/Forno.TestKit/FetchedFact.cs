using Forno.Files;

namespace Forno.TestKit;

/// <summary>A test that needs a fetched package; counted as skipped where it is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FetchedFactAttribute : FactAttribute
{
    /// <param name="package">Its name in <c>assets/packages.txt</c>.</param>
    /// <param name="file">A file in it.</param>
    public FetchedFactAttribute(string package, string file) => Skip = WhyAbsent(package, file);

    /// <summary>Null where the file is there.</summary>
    internal static string? WhyAbsent(string package, string file) =>
        Assets.Folder() is { } folder && File.Exists(Path.Join(folder, package, file))
            ? null
            : $"{package} is not fetched (assets/fetch.sh {package})";
}

/// <summary>A test that needs the goldens and a fetched package; counted as skipped where one is absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class FetchedGoldenAttribute : FactAttribute
{
    /// <param name="package">Its name in <c>assets/packages.txt</c>.</param>
    /// <param name="file">A file in it.</param>
    public FetchedGoldenAttribute(string package, string file) =>
        Skip = Goldens.Folder is null ? Goldens.WhyAbsent : FetchedFactAttribute.WhyAbsent(package, file);
}

using System.Reflection;

namespace Forno;

/// <summary>What the program says of itself in files and pages.</summary>
public static class Product
{
    /// <summary>The version, such as <c>0.1.0</c>.</summary>
    public static string Version =>
        typeof(Product)
            .Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion.Split('+')[0];
}

using Forno.Cli.Terminal;
using Forno.Vision.Onnx;

namespace Forno.Cli.Setup;

/// <summary>Gets ONNX Runtime when the first command needs it.</summary>
internal static class OnnxFetch
{
    /// <summary>Fetches the library unless this machine has one.</summary>
    /// <param name="cli">Where to say it.</param>
    /// <exception cref="FornoException">It cannot be fetched.</exception>
    public static void Ensure(CommandHost cli)
    {
        if (!OnnxRuntime.IsThere && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("FORNO_ONNXRUNTIME")))
        {
            AssetFetch.Ensure(cli, OnnxRuntime.Package);
        }
    }
}

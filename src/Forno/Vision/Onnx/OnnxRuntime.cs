using Microsoft.ML.OnnxRuntime;

namespace Forno.Vision.Onnx;

/// <summary>ONNX Runtime, which comes with Forno; its library is loaded when the first model is.</summary>
public static class OnnxRuntime
{
    private static readonly Lazy<OrtEnv> Environment = new(Start);

    /// <summary>Its version, such as <c>1.31.1</c>.</summary>
    /// <exception cref="FornoException">It does not load here.</exception>
    public static string Version
    {
        get
        {
            EnsureLoaded();
            return Environment.Value.GetVersionString();
        }
    }

    /// <summary>Loads the library, if it is not loaded yet.</summary>
    /// <exception cref="FornoException">It does not load here.</exception>
    internal static void EnsureLoaded()
    {
        try
        {
            _ = Environment.Value;
        }
        catch (Exception e)
            when (e
                    is TypeInitializationException
                        or DllNotFoundException
                        or EntryPointNotFoundException
                        or BadImageFormatException
            )
        {
            throw new FornoException(
                $"ONNX Runtime does not load on this machine: {(e.InnerException ?? e).Message.Split('\n')[0]} "
                    + "It comes with Forno for Linux with glibc 2.28 or newer, on x64 and arm64; build Forno "
                    + "on this machine again.",
                e
            );
        }
    }

    // Errors come back as exceptions; nothing is to be written to standard error.
    private static OrtEnv Start()
    {
        EnvironmentCreationOptions options = new()
        {
            logId = "forno",
            logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }
}

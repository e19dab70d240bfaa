using System.Runtime.InteropServices;
using Forno.Files;

namespace Forno.Vision.Onnx;

/// <summary>
/// Where ONNX Runtime's library comes from: the file that FORNO_ONNXRUNTIME names, else the fetched package, else the
/// system's. It is loaded when the first model is.
/// </summary>
public static unsafe class OnnxRuntime
{
    /// <summary>The package of <c>assets/packages.txt</c> that has the library.</summary>
    public const string Package = "onnxruntime";

    private const string Library = "libonnxruntime.so.1";

    // Every function that is used is in the table since version 8; later versions only append.
    private const uint ApiVersion = 8;

    private static readonly Lock Loading = new();
    private static nint* table;

    /// <summary>Whether the library can be loaded, without fetching anything.</summary>
    public static bool IsThere
    {
        get
        {
            try
            {
                EnsureLoaded();
                return true;
            }
            catch (FornoException)
            {
                return false;
            }
        }
    }

    /// <summary>The library's version, such as <c>1.20.1</c>.</summary>
    /// <exception cref="FornoException">It is not there.</exception>
    public static string Version
    {
        get
        {
            Load();
            return field;
        }
        private set;
    } = "";

    /// <summary>The table of functions (<c>OrtApi</c>).</summary>
    /// <exception cref="FornoException">The library is not there, or too old.</exception>
    internal static nint* Load()
    {
        lock (Loading)
        {
            if (table == null)
            {
                nint library = Open(out string path);
                // struct OrtApiBase { const OrtApi* (*GetApi)(uint32_t version); const char* (*GetVersionString)(); }
                if (!NativeLibrary.TryGetExport(library, "OrtGetApiBase", out nint entry))
                {
                    throw FornoException.ForFile(
                        path,
                        "it is not ONNX Runtime's library",
                        "Name a libonnxruntime.so of version 1.8 or newer."
                    );
                }

                nint* apiBase = ((delegate* unmanaged[Cdecl]<nint*>)entry)();
                string version = Marshal.PtrToStringUTF8(((delegate* unmanaged[Cdecl]<nint>)apiBase[1])()) ?? "";
                nint* functions = ((delegate* unmanaged[Cdecl]<uint, nint*>)apiBase[0])(ApiVersion);
                if (functions == null)
                {
                    throw FornoException.ForFile(
                        path,
                        $"this is ONNX Runtime {version}",
                        "Version 1.8 or newer is needed."
                    );
                }

                table = functions;
                Version = version;
            }

            return table;
        }
    }

    /// <summary>Loads the library, if it is not loaded yet.</summary>
    /// <exception cref="FornoException">It is not there, or too old.</exception>
    internal static void EnsureLoaded() => Load();

    private static nint Open(out string path)
    {
        if (Environment.GetEnvironmentVariable("FORNO_ONNXRUNTIME") is { Length: > 0 } told)
        {
            path = told;
            return NativeLibrary.TryLoad(told, out nint named)
                ? named
                : throw FornoException.ForFile(
                    told,
                    "it is no library that loads here, but FORNO_ONNXRUNTIME names it",
                    "Unset the variable or name libonnxruntime.so."
                );
        }

        string machine = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        string? missing = null;
        try
        {
            path = Assets.Find(Package, $"bin/napi-v3/linux/{machine}/{Library}");
            return NativeLibrary.Load(path);
        }
        catch (FornoException e)
        {
            missing = e.Message;
        }
        catch (DllNotFoundException e)
        {
            missing = e.Message;
        }

        path = Library;
        return NativeLibrary.TryLoad(Library, out nint system)
            ? system
            : throw new FornoException($"ONNX Runtime is missing: {missing}");
    }
}

using System.Runtime.InteropServices;
using System.Text;

namespace Forno.Vision.Onnx;

/// <summary>
/// ONNX Runtime's C functions that Forno uses, by their place in the table <c>OrtApi</c>
/// (<c>onnxruntime_c_api.h</c>; places never change, new functions are appended). Handles are
/// <see cref="OnnxHandle"/>s,
/// and a status that is no success becomes an <see cref="OnnxStatusException"/>.
/// </summary>
internal static unsafe class OnnxApi
{
    // Levels: 0 verbose … 4 fatal. Errors come back as statuses; nothing is to be written to standard error.
    private const int Fatal = 4;

    private static readonly Lazy<nint> Environment = new(NewEnvironment);
    private static readonly Lazy<nint> Memory = new(NewMemoryInfo);
    private static readonly Lazy<nint> Allocator = new(DefaultAllocator);

    /// <summary>Places in <c>OrtApi</c>.</summary>
    internal enum Slot
    {
        GetErrorCode = 1,
        GetErrorMessage = 2,
        CreateEnv = 3,
        CreateSession = 7,
        Run = 9,
        CreateSessionOptions = 10,
        DisableMemPattern = 17,
        DisableCpuMemArena = 19,
        SetSessionLogSeverityLevel = 22,
        SetIntraOpNumThreads = 24,
        SetInterOpNumThreads = 25,
        SessionGetInputCount = 30,
        SessionGetOutputCount = 31,
        SessionGetInputTypeInfo = 33,
        SessionGetOutputTypeInfo = 34,
        SessionGetInputName = 36,
        SessionGetOutputName = 37,
        CreateRunOptions = 39,
        RunOptionsSetTerminate = 46,
        CreateTensorWithDataAsOrtValue = 49,
        IsTensor = 50,
        GetTensorMutableData = 51,
        CastTypeInfoToTensorInfo = 55,
        GetTensorElementType = 60,
        GetDimensionsCount = 61,
        GetDimensions = 62,
        GetTensorTypeAndShape = 65,
        CreateCpuMemoryInfo = 69,
        AllocatorFree = 76,
        GetAllocatorWithDefaultOptions = 78,
        ReleaseStatus = 93,
        ReleaseSession = 95,
        ReleaseValue = 96,
        ReleaseRunOptions = 97,
        ReleaseTypeInfo = 98,
        ReleaseTensorTypeAndShapeInfo = 99,
        ReleaseSessionOptions = 100,
        SessionGetModelMetadata = 111,
        ModelMetadataGetProducerName = 112,
        ModelMetadataGetGraphName = 113,
        ModelMetadataGetDomain = 114,
        ModelMetadataGetDescription = 115,
        ModelMetadataLookupCustomMetadataMap = 116,
        ModelMetadataGetVersion = 117,
        ReleaseModelMetadata = 118,
        ModelMetadataGetCustomMetadataMapKeys = 123,
        AddSessionConfigEntry = 130,
    }

    /// <summary>Options of a session: threads that sleep while they wait, no logging.</summary>
    /// <param name="threads">Threads within an operator.</param>
    /// <param name="arena">Off: every intermediate tensor is given back to the system when it is no longer
    /// needed.</param>
    public static OnnxHandle SessionOptions(int threads, bool arena)
    {
        nint options;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)At(Slot.CreateSessionOptions))(&options));
        OnnxHandle handle = new(options, Slot.ReleaseSessionOptions);
        try
        {
            Set(options, Slot.SetIntraOpNumThreads, threads);
            Set(options, Slot.SetInterOpNumThreads, 1);
            Set(options, Slot.SetSessionLogSeverityLevel, Fatal);
            // A thread that spins takes the core from decoding pictures.
            SetConfig(options, "session.intra_op.allow_spinning", "0");
            SetConfig(options, "session.inter_op.allow_spinning", "0");
            if (!arena)
            {
                Check(((delegate* unmanaged[Cdecl]<nint, nint>)At(Slot.DisableCpuMemArena))(options));
                Check(((delegate* unmanaged[Cdecl]<nint, nint>)At(Slot.DisableMemPattern))(options));
            }

            return handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a model and makes it ready to run.</summary>
    public static OnnxHandle Session(string path, OnnxHandle options)
    {
        nint session;
        using OnnxHandle.Use o = new(options);
        fixed (byte* name = Utf8(path))
        {
            Check(
                ((delegate* unmanaged[Cdecl]<nint, byte*, nint, nint*, nint>)At(Slot.CreateSession))(
                    Environment.Value,
                    name,
                    o.Pointer,
                    &session
                )
            );
        }

        return new OnnxHandle(session, Slot.ReleaseSession);
    }

    /// <summary>How many inputs or outputs a session has.</summary>
    public static int Count(OnnxHandle session, Slot slot)
    {
        using OnnxHandle.Use s = new(session);
        nuint count;
        Check(((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)At(slot))(s.Pointer, &count));
        return checked((int)count);
    }

    /// <summary>The name of an input or output.</summary>
    public static string Name(OnnxHandle session, Slot slot, int index)
    {
        using OnnxHandle.Use s = new(session);
        nint text;
        Check(
            ((delegate* unmanaged[Cdecl]<nint, nuint, nint, nint*, nint>)At(slot))(
                s.Pointer,
                (nuint)index,
                Allocator.Value,
                &text
            )
        );
        return TakeText(text);
    }

    /// <summary>Type and shape of an input or output; −1 = free.</summary>
    public static (OnnxType Type, long[] Shape) Describe(OnnxHandle session, Slot slot, int index)
    {
        using OnnxHandle.Use s = new(session);
        nint type,
            tensor;
        Check(((delegate* unmanaged[Cdecl]<nint, nuint, nint*, nint>)At(slot))(s.Pointer, (nuint)index, &type));
        using OnnxHandle handle = new(type, Slot.ReleaseTypeInfo);
        // The result belongs to the type; it is null for sequences and maps.
        Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)At(Slot.CastTypeInfoToTensorInfo))(type, &tensor));
        return tensor == 0 ? (OnnxType.Other, []) : DescribeTensor(tensor);
    }

    /// <summary>A tensor over memory that stays where it is while the handle lives.</summary>
    public static OnnxHandle Tensor(void* data, nuint bytes, ReadOnlySpan<long> shape, OnnxType type)
    {
        nint value;
        fixed (long* dimensions = shape)
        {
            Check(
                (
                    (delegate* unmanaged[Cdecl]<nint, void*, nuint, long*, nuint, int, nint*, nint>)At(
                        Slot.CreateTensorWithDataAsOrtValue
                    )
                )(Memory.Value, data, bytes, dimensions, (nuint)shape.Length, (int)type, &value)
            );
        }

        return new OnnxHandle(value, Slot.ReleaseValue);
    }

    /// <summary>Runs a session.</summary>
    public static OnnxHandle[] Run(
        OnnxHandle session,
        OnnxHandle? options,
        ReadOnlySpan<string> inputNames,
        ReadOnlySpan<OnnxHandle> inputs,
        ReadOnlySpan<string> outputNames
    )
    {
        nint* values = stackalloc nint[inputs.Length],
            results = stackalloc nint[outputNames.Length];
        byte** ins = stackalloc byte*[inputs.Length],
            outs = stackalloc byte*[outputNames.Length];
        using OnnxHandle.Use s = new(session),
            o = new(options);
        var names = new List<GCHandle>();
        try
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                values[i] = inputs[i].DangerousGetHandle(); // the caller holds them
                ins[i] = Pinned(inputNames[i]);
            }

            for (int i = 0; i < outputNames.Length; i++)
            {
                results[i] = 0;
                outs[i] = Pinned(outputNames[i]);
            }

            Check(
                (
                    (delegate* unmanaged[Cdecl]<nint, nint, byte**, nint*, nuint, byte**, nuint, nint*, nint>)At(
                        Slot.Run
                    )
                )(s.Pointer, o.Pointer, ins, values, (nuint)inputs.Length, outs, (nuint)outputNames.Length, results)
            );
        }
        finally
        {
            names.ForEach(n => n.Free());
        }

        var handles = new OnnxHandle[outputNames.Length];
        for (int i = 0; i < handles.Length; i++)
        {
            handles[i] = new OnnxHandle(results[i], Slot.ReleaseValue);
        }

        return handles;

        byte* Pinned(string text)
        {
            names.Add(GCHandle.Alloc(Utf8(text), GCHandleType.Pinned));
            return (byte*)names[^1].AddrOfPinnedObject();
        }
    }

    /// <summary>What a run has made, copied into ordinary memory; null if it is no tensor of numbers.</summary>
    public static OnnxTensor? Read(OnnxHandle value)
    {
        using OnnxHandle.Use v = new(value);
        int isTensor;
        Check(((delegate* unmanaged[Cdecl]<nint, int*, nint>)At(Slot.IsTensor))(v.Pointer, &isTensor));
        if (isTensor == 0)
        {
            return null;
        }

        nint info;
        Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)At(Slot.GetTensorTypeAndShape))(v.Pointer, &info));
        using OnnxHandle handle = new(info, Slot.ReleaseTensorTypeAndShapeInfo);
        (OnnxType type, long[] shape) = DescribeTensor(info);
        if (type == OnnxType.Other)
        {
            return null;
        }

        void* data;
        Check(((delegate* unmanaged[Cdecl]<nint, void**, nint>)At(Slot.GetTensorMutableData))(v.Pointer, &data));
        var tensor = OnnxTensor.Empty(type, shape);
        Span<byte> to = tensor.Bytes();
        new ReadOnlySpan<byte>(data, to.Length).CopyTo(to);
        return tensor;
    }

    /// <summary>Options of a run, by which it can be stopped.</summary>
    public static OnnxHandle RunOptions()
    {
        nint options;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)At(Slot.CreateRunOptions))(&options));
        return new OnnxHandle(options, Slot.ReleaseRunOptions);
    }

    /// <summary>Makes runs with these options end as soon as they can, with a failure.</summary>
    public static void Stop(OnnxHandle options)
    {
        using OnnxHandle.Use o = new(options);
        Check(((delegate* unmanaged[Cdecl]<nint, nint>)At(Slot.RunOptionsSetTerminate))(o.Pointer));
    }

    /// <summary>What the model's file says about itself.</summary>
    public static OnnxMetadata Metadata(OnnxHandle session)
    {
        using OnnxHandle.Use s = new(session);
        nint metadata,
            keys = 0;
        long version,
            count;
        Check(((delegate* unmanaged[Cdecl]<nint, nint*, nint>)At(Slot.SessionGetModelMetadata))(s.Pointer, &metadata));
        using OnnxHandle handle = new(metadata, Slot.ReleaseModelMetadata);
        Check(((delegate* unmanaged[Cdecl]<nint, long*, nint>)At(Slot.ModelMetadataGetVersion))(metadata, &version));
        Check(
            (
                (delegate* unmanaged[Cdecl]<nint, nint, nint*, long*, nint>)At(
                    Slot.ModelMetadataGetCustomMetadataMapKeys
                )
            )(metadata, Allocator.Value, &keys, &count)
        );
        var properties = new Dictionary<string, string>(StringComparer.Ordinal);
        for (int i = 0; keys != 0 && i < count; i++)
        {
            string key = TakeText(((nint*)keys)[i]);
            fixed (byte* name = Utf8(key))
            {
                nint value;
                Check(
                    (
                        (delegate* unmanaged[Cdecl]<nint, nint, byte*, nint*, nint>)At(
                            Slot.ModelMetadataLookupCustomMetadataMap
                        )
                    )(metadata, Allocator.Value, name, &value)
                );
                properties[key] = TakeText(value);
            }
        }

        Free(keys);
        return new OnnxMetadata(
            Text(metadata, Slot.ModelMetadataGetProducerName),
            Text(metadata, Slot.ModelMetadataGetGraphName),
            Text(metadata, Slot.ModelMetadataGetDomain),
            Text(metadata, Slot.ModelMetadataGetDescription),
            version,
            properties
        );

        static string Text(nint metadata, Slot slot)
        {
            nint text;
            Check(((delegate* unmanaged[Cdecl]<nint, nint, nint*, nint>)At(slot))(metadata, Allocator.Value, &text));
            return TakeText(text);
        }
    }

    /// <summary>A function of the table.</summary>
    internal static nint At(Slot slot) => OnnxRuntime.Load()[(int)slot];

    private static (OnnxType Type, long[] Shape) DescribeTensor(nint info)
    {
        int type;
        nuint count;
        Check(((delegate* unmanaged[Cdecl]<nint, int*, nint>)At(Slot.GetTensorElementType))(info, &type));
        Check(((delegate* unmanaged[Cdecl]<nint, nuint*, nint>)At(Slot.GetDimensionsCount))(info, &count));
        long[] shape = new long[count];
        fixed (long* dimensions = shape)
        {
            Check(
                ((delegate* unmanaged[Cdecl]<nint, long*, nuint, nint>)At(Slot.GetDimensions))(info, dimensions, count)
            );
        }

        return (Enum.IsDefined((OnnxType)type) ? (OnnxType)type : OnnxType.Other, shape);
    }

    private static void Set(nint options, Slot slot, int value) =>
        Check(((delegate* unmanaged[Cdecl]<nint, int, nint>)At(slot))(options, value));

    private static void SetConfig(nint options, string key, string value)
    {
        fixed (
            byte* k = Utf8(key),
                v = Utf8(value)
        )
        {
            Check(
                ((delegate* unmanaged[Cdecl]<nint, byte*, byte*, nint>)At(Slot.AddSessionConfigEntry))(options, k, v)
            );
        }
    }

    // One for the process, like the two below: made once, never given back.
    private static nint NewEnvironment()
    {
        nint environment;
        fixed (byte* id = "forno\0"u8)
        {
            Check(((delegate* unmanaged[Cdecl]<int, byte*, nint*, nint>)At(Slot.CreateEnv))(Fatal, id, &environment));
        }

        return environment;
    }

    private static nint NewMemoryInfo()
    {
        const int deviceAllocator = 0,
            defaultMemory = 0;
        nint info;
        Check(
            ((delegate* unmanaged[Cdecl]<int, int, nint*, nint>)At(Slot.CreateCpuMemoryInfo))(
                deviceAllocator,
                defaultMemory,
                &info
            )
        );
        return info;
    }

    private static nint DefaultAllocator()
    {
        nint allocator;
        Check(((delegate* unmanaged[Cdecl]<nint*, nint>)At(Slot.GetAllocatorWithDefaultOptions))(&allocator));
        return allocator;
    }

    private static void Check(nint status)
    {
        if (status != 0)
        {
            using OnnxHandle handle = new(status, Slot.ReleaseStatus);
            int code = ((delegate* unmanaged[Cdecl]<nint, int>)At(Slot.GetErrorCode))(status);
            nint message = ((delegate* unmanaged[Cdecl]<nint, nint>)At(Slot.GetErrorMessage))(status);
            throw new OnnxStatusException(code, Marshal.PtrToStringUTF8(message) ?? "");
        }
    }

    private static string TakeText(nint text)
    {
        string taken = Marshal.PtrToStringUTF8(text) ?? "";
        Free(text);
        return taken;
    }

    private static void Free(nint memory)
    {
        if (memory != 0)
        {
            Check(((delegate* unmanaged[Cdecl]<nint, nint, nint>)At(Slot.AllocatorFree))(Allocator.Value, memory));
        }
    }

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text + '\0');
}

/// <summary>A call of ONNX Runtime that failed; <see cref="OnnxModel"/> turns it into a message for people.</summary>
/// <param name="code"><c>OrtErrorCode</c>.</param>
/// <param name="message">ONNX Runtime's words.</param>
internal sealed class OnnxStatusException(int code, string message) : Exception(message)
{
    /// <summary>The file is no protobuf (7).</summary>
    public bool IsNoModel => code == 7;
}

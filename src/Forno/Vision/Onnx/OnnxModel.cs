using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace Forno.Vision.Onnx;

/// <summary>
/// A network in ONNX, run on the processor by ONNX Runtime. Safe to run from several threads at once. Failures are
/// <see cref="FornoException"/>s that begin with <see cref="Source"/>.
/// </summary>
public sealed partial class OnnxModel : IDisposable
{
    private readonly InferenceSession session;
    private int disposed;

    private OnnxModel(string path, InferenceSession session)
    {
        (Source, this.session) = (path, session);
        Inputs = Ports(session.InputNames, session.InputMetadata);
        Outputs = Ports(session.OutputNames, session.OutputMetadata);
        ModelMetadata said = session.ModelMetadata;
        Metadata = new OnnxMetadata(
            said.ProducerName,
            said.GraphName,
            said.Domain,
            said.Description,
            said.Version,
            said.CustomMetadataMap
        );
    }

    /// <summary>The file.</summary>
    public string Source { get; }

    /// <summary>What it takes, in order.</summary>
    public IReadOnlyList<OnnxPort> Inputs { get; }

    /// <summary>What it gives, in order.</summary>
    public IReadOnlyList<OnnxPort> Outputs { get; }

    /// <summary>What its file says about itself.</summary>
    public OnnxMetadata Metadata { get; }

    /// <summary>Reads a model and makes it ready to run.</summary>
    /// <param name="path">The file; weights in files of their own are looked for beside it.</param>
    /// <param name="threads">Threads within an operator; 0: OMP_NUM_THREADS, else one for each core.</param>
    /// <param name="arena">Whether memory of one run is kept for the next: faster for small networks, while large ones
    /// hold half as much again.</param>
    /// <exception cref="FornoException">It is absent, no ONNX model, cut off, or cannot be run; or ONNX Runtime is
    /// missing.</exception>
    public static OnnxModel Load(string path, int threads = 0, bool arena = true)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        OnnxFileCheck.Require(path);
        OnnxRuntime.EnsureLoaded();
        InferenceSession? session = null;
        try
        {
            session = Open(path, threads, arena);
            OnnxModel model = new(path, session);
            // With free sizes the arena keeps the most that any picture needed, in pieces that fit no other.
            if (arena && model.Inputs.Any(i => i.Shape.Skip(1).Any(d => d < 0)))
            {
                session.Dispose();
                session = Open(path, threads, arena: false);
                model = new OnnxModel(path, session);
            }

            return model;
        }
        catch (OnnxRuntimeException e)
        {
            session?.Dispose();
            throw Failure(path, e);
        }
    }

    /// <summary>Runs the network.</summary>
    /// <param name="inputs">One for each of <see cref="Inputs"/>, in their order; they are only read.</param>
    /// <returns>One for each of <see cref="Outputs"/>, in their order.</returns>
    /// <exception cref="FornoException">Their number, a type or a shape is not what the model takes, or the run
    /// fails.</exception>
    public OnnxTensor[] Run(params ReadOnlySpan<OnnxTensor> inputs) => Run(CancellationToken.None, inputs);

    /// <summary>Runs the network; the token ends it in the midst.</summary>
    /// <inheritdoc cref="Run(ReadOnlySpan{OnnxTensor})"/>
    /// <param name="cancel">Ends it.</param>
    /// <param name="inputs">One for each of <see cref="Inputs"/>, in their order.</param>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public OnnxTensor[] Run(CancellationToken cancel, params ReadOnlySpan<OnnxTensor> inputs)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref disposed) != 0, this);
        cancel.ThrowIfCancellationRequested();
        Require(inputs);
        var pins = new GCHandle[inputs.Length];
        var values = new OrtValue[inputs.Length];
        using RunOptions options = new();
        using CancellationTokenRegistration stop = cancel.Register(() => options.Terminate = true);
        try
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                pins[i] = GCHandle.Alloc(inputs[i].Values, GCHandleType.Pinned);
                values[i] = OrtValue.CreateTensorValueWithData(
                    OrtMemoryInfo.DefaultInstance,
                    (TensorElementType)inputs[i].Type,
                    [.. inputs[i].Shape],
                    pins[i].AddrOfPinnedObject(),
                    inputs[i].Bytes().Length
                );
            }

            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(
                options,
                session.InputNames,
                values,
                session.OutputNames
            );
            return
            [
                .. results.Select(
                    (result, i) =>
                        Copied(result)
                        ?? throw FornoException.ForFile(
                            Source,
                            $"its output {Outputs[i]} is not a tensor of numbers",
                            "Forno cannot use this model."
                        )
                ),
            ];
        }
        catch (OnnxRuntimeException e)
        {
            cancel.ThrowIfCancellationRequested();
            throw FornoException.ForFile(
                Source,
                $"the network failed: {Plain(e.Message)}",
                "Check that the model is of the kind that is asked for.",
                e
            );
        }
        finally
        {
            Array.ForEach(values, value => value?.Dispose());
            Array.ForEach(
                pins,
                pin =>
                {
                    if (pin.IsAllocated)
                    {
                        pin.Free();
                    }
                }
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref disposed, 1) == 0)
        {
            session.Dispose();
        }
    }

    private static InferenceSession Open(string path, int threads, bool arena)
    {
        using SessionOptions options = new()
        {
            IntraOpNumThreads = threads > 0 ? threads : Threads(),
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
            EnableCpuMemArena = arena,
            EnableMemoryPattern = arena,
        };
        // A thread that spins takes the core from decoding pictures.
        options.AddSessionConfigEntry("session.intra_op.allow_spinning", "0");
        options.AddSessionConfigEntry("session.inter_op.allow_spinning", "0");
        return new InferenceSession(path, options);
    }

    private static OnnxTensor? Copied(OrtValue value)
    {
        if (!value.IsTensor)
        {
            return null;
        }

        OrtTensorTypeAndShapeInfo info = value.GetTensorTypeAndShape();
        if (Known(info.ElementDataType) is not (var type and not OnnxType.Other))
        {
            return null;
        }

        var tensor = OnnxTensor.Empty(type, info.Shape);
        value.GetTensorMutableRawData().CopyTo(tensor.Bytes());
        return tensor;
    }

    private static int Threads() =>
        int.TryParse(
            Environment.GetEnvironmentVariable("OMP_NUM_THREADS"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int told
        )
        && told > 0
            ? told
            : Environment.ProcessorCount;

    private static OnnxPort[] Ports(IReadOnlyList<string> names, IReadOnlyDictionary<string, NodeMetadata> ports) =>
        [
            .. names.Select(name =>
                ports[name] is { IsTensor: true } port && Known(port.ElementDataType) is var type
                    ? new OnnxPort(name, type, [.. port.Dimensions.Select(d => (long)Math.Max(d, -1))])
                    : new OnnxPort(name, OnnxType.Other, [])
            ),
        ];

    // Both number types as ONNX does.
    private static OnnxType Known(TensorElementType type) =>
        Enum.IsDefined((OnnxType)type) ? (OnnxType)type : OnnxType.Other;

    private void Require(ReadOnlySpan<OnnxTensor> inputs)
    {
        if (inputs.Length != Inputs.Count)
        {
            throw Unfit(
                $"it takes {Inputs.Count} {(Inputs.Count == 1 ? "input" : "inputs")} ("
                    + $"{string.Join(", ", Inputs)}), not {inputs.Length}"
            );
        }

        for (int i = 0; i < inputs.Length; i++)
        {
            OnnxPort port = Inputs[i];
            if (
                inputs[i].Type != port.Type
                || inputs[i].Shape.Count != port.Shape.Count
                || !port.Shape.Zip(inputs[i].Shape, (want, is_) => want < 0 || want == is_).All(fits => fits)
            )
            {
                throw Unfit($"its input {port} cannot take {OnnxPort.Tell(inputs[i].Type, inputs[i].Shape)}");
            }
        }
    }

    private FornoException Unfit(string problem) =>
        FornoException.ForFile(Source, problem, "The model is of another kind than the command expects.");

    private static FornoException Failure(string path, OnnxRuntimeException e)
    {
        string text = Plain(e.Message);
        return e.Message.Contains("[ErrorCode:InvalidProtobuf]", StringComparison.Ordinal)
                ? FornoException.ForFile(
                    path,
                    $"an ONNX model was expected, but its content is damaged ({text})",
                    "Fetch the file again.",
                    e
                )
            : text.Contains("external", StringComparison.OrdinalIgnoreCase)
            || text.Contains(".onnx_data", StringComparison.Ordinal)
            || text.Contains("No such file", StringComparison.Ordinal)
                ? FornoException.ForFile(
                    path,
                    $"its weights are in a separate file that is missing or too short ({text})",
                    "Put that file into the same folder, under the name it was published with.",
                    e
                )
            : FornoException.ForFile(
                path,
                $"ONNX Runtime {OnnxRuntime.Version} cannot run it: {text}",
                "Take another export of the model.",
                e
            );
    }

    // ONNX Runtime names its own code, the file that is being loaded, and the place and signature in its own source.
    [GeneratedRegex(@"^\[ErrorCode:\w+\] |Load model from .*? failed:|/onnxruntime_src/\S+:\d+ .*?\) ")]
    private static partial Regex SourceOfTheirs();

    private static string Plain(string message)
    {
        string line = SourceOfTheirs().Replace(message.ReplaceLineEndings(" "), "").Trim();
        return line.Length <= 700 ? line : line[..700] + "…";
    }
}

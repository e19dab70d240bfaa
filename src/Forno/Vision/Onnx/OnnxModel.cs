using System.Buffers;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace Forno.Vision.Onnx;

/// <summary>
/// A network in ONNX, run on the processor by ONNX Runtime. Safe to run from several threads at once. Failures are
/// <see cref="FornoException"/>s that begin with <see cref="Source"/>.
/// </summary>
public sealed partial class OnnxModel : IDisposable
{
    private readonly OnnxHandle session;
    private readonly string[] inputNames,
        outputNames;

    private OnnxModel(string path, OnnxHandle session)
    {
        (Source, this.session) = (path, session);
        Inputs = Ports(
            session,
            OnnxApi.Slot.SessionGetInputCount,
            OnnxApi.Slot.SessionGetInputName,
            OnnxApi.Slot.SessionGetInputTypeInfo
        );
        Outputs = Ports(
            session,
            OnnxApi.Slot.SessionGetOutputCount,
            OnnxApi.Slot.SessionGetOutputName,
            OnnxApi.Slot.SessionGetOutputTypeInfo
        );
        Metadata = OnnxApi.Metadata(session);
        inputNames = [.. Inputs.Select(i => i.Name)];
        outputNames = [.. Outputs.Select(o => o.Name)];
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
        OnnxHandle? session = null;
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
        catch (OnnxStatusException e)
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
        ObjectDisposedException.ThrowIf(session.IsClosed, this);
        cancel.ThrowIfCancellationRequested();
        Require(inputs);
        var pins = new MemoryHandle[inputs.Length];
        var values = new OnnxHandle[inputs.Length];
        OnnxHandle[] results = [];
        using OnnxHandle? options = cancel.CanBeCanceled ? OnnxApi.RunOptions() : null;
        using CancellationTokenRegistration stop = options is null
            ? default
            : cancel.Register(() => OnnxApi.Stop(options));
        try
        {
            for (int i = 0; i < inputs.Length; i++)
            {
                values[i] = Value(inputs[i], out pins[i]);
            }

            results = OnnxApi.Run(session, options, inputNames, values, outputNames);
            var tensors = new OnnxTensor[results.Length];
            for (int i = 0; i < results.Length; i++)
            {
                tensors[i] =
                    OnnxApi.Read(results[i])
                    ?? throw FornoException.ForFile(
                        Source,
                        $"its output '{outputNames[i]}' is no tensor of numbers",
                        "Forno cannot use this model."
                    );
            }

            return tensors;
        }
        catch (OnnxStatusException e)
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
            foreach (OnnxHandle handle in results.Concat(values.OfType<OnnxHandle>()))
            {
                handle.Dispose();
            }

            foreach (MemoryHandle pin in pins)
            {
                pin.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => session.Dispose();

    private static OnnxHandle Open(string path, int threads, bool arena)
    {
        using OnnxHandle options = OnnxApi.SessionOptions(threads > 0 ? threads : Threads(), arena);
        return OnnxApi.Session(path, options);
    }

    private static unsafe OnnxHandle Value(OnnxTensor tensor, out MemoryHandle pin)
    {
        var handle = GCHandle.Alloc(tensor.Values, GCHandleType.Pinned);
        pin = new MemoryHandle((void*)handle.AddrOfPinnedObject(), handle);
        return OnnxApi.Tensor(pin.Pointer, (nuint)tensor.Bytes().Length, [.. tensor.Shape], tensor.Type);
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

    private static OnnxPort[] Ports(OnnxHandle session, OnnxApi.Slot count, OnnxApi.Slot name, OnnxApi.Slot type) =>
        [
            .. Enumerable
                .Range(0, OnnxApi.Count(session, count))
                .Select(i =>
                {
                    (OnnxType element, long[] shape) = OnnxApi.Describe(session, type, i);
                    return new OnnxPort(
                        OnnxApi.Name(session, name, i),
                        element,
                        [.. shape.Select(d => Math.Max(d, -1))]
                    );
                }),
        ];

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

    private static FornoException Failure(string path, OnnxStatusException e)
    {
        string text = Plain(e.Message);
        return e.IsNoModel
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
                    $"its weights lie in a file of their own that is not there or too short ({text})",
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

    // ONNX Runtime names the file that is being loaded, and the place and signature in its own source.
    [GeneratedRegex(@"Load model from .*? failed:|/onnxruntime_src/\S+:\d+ .*?\) ")]
    private static partial Regex SourceOfTheirs();

    private static string Plain(string message)
    {
        string line = SourceOfTheirs().Replace(message.ReplaceLineEndings(" "), "").Trim();
        return line.Length <= 700 ? line : line[..700] + "…";
    }
}

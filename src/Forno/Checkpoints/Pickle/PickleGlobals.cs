using System.Collections.Frozen;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>What a permitted global means.</summary>
internal enum GlobalKind
{
    Dict,
    DefaultDict,
    RebuildTensor,
    RebuildTensorV2,
    RebuildTensorV3,
    RebuildParameter,
    Storage,
    Size,
    Device,
    DType,
    ParameterDict,
    Parameter,
    NumpyScalar,
    NumpyReconstruct,
    NumpyDType,
    NumpyArray,
    Encode,
    Reconstructor,
    Inert,
    Set,
    FrozenSet,
    List,
    PlainDict,
    Tuple,
    Int,
    Float,
    Complex,
    Bool,
    Str,
    Bytes,
    ByteArray,
    Slice,
    Range,
    Object,
}

/// <summary>A global that was named and is permitted. It is a label: nothing is imported or looked up.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Name">Module and name, for messages.</param>
/// <param name="Type">The element type of a storage or dtype, where this project knows it.</param>
internal sealed record Global(GlobalKind Kind, string Name, ElementType? Type = null)
{
    /// <summary>Whether it is one of Python's own plain types.</summary>
    public bool IsPlainType => Kind >= GlobalKind.Set;
}

/// <summary>The allowlist of globals. Whatever is not on it is refused the moment it is named.</summary>
internal static class PickleGlobals
{
    private static readonly FrozenSet<string> InertPackages = FrozenSet.ToFrozenSet(
        [
            "pytorch_lightning",
            "lightning",
            "lightning_fabric",
            "torchmetrics",
            "omegaconf",
            "typing",
            "argparse",
            "pathlib",
            "datetime",
        ],
        StringComparer.Ordinal
    );

    private static readonly FrozenDictionary<string, Global> Allowed = Build()
        .ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Looks a name up in the allowlist.</summary>
    /// <exception cref="CorruptFileException">It is not permitted.</exception>
    public static Global Resolve(string module, string name)
    {
        // A dot would mean attributes of attributes; no permitted global needs them.
        if (!name.Contains('.', StringComparison.Ordinal) && name.Length > 0)
        {
            if (Allowed.TryGetValue($"{module} {name}", out var global))
            {
                return global;
            }

            if (InertPackages.Contains(module.Split('.', 2)[0]))
            {
                return new Global(GlobalKind.Inert, $"{module}.{name}");
            }
        }

        throw new CorruptFileException(
            $"it asks to load '{Shorten(module)}.{Shorten(name)}', which could run code and is not permitted"
        );
    }

    private static string Shorten(string text) => text.Length <= 80 ? text : text[..80] + "…";

    private static Dictionary<string, Global> Build()
    {
        var globals = new Dictionary<string, Global>(StringComparer.Ordinal);
        void Add(string module, string name, GlobalKind kind, ElementType? type = null) =>
            globals.Add($"{module} {name}", new Global(kind, $"{module}.{name}", type));

        Add("collections", "OrderedDict", GlobalKind.Dict);
        Add("collections", "Counter", GlobalKind.Dict);
        Add("collections", "defaultdict", GlobalKind.DefaultDict);
        Add("torch._utils", "_rebuild_tensor", GlobalKind.RebuildTensor);
        Add("torch._utils", "_rebuild_tensor_v2", GlobalKind.RebuildTensorV2);
        Add("torch._utils", "_rebuild_tensor_v3", GlobalKind.RebuildTensorV3);
        Add("torch._utils", "_rebuild_parameter", GlobalKind.RebuildParameter);
        Add("torch._utils", "_rebuild_parameter_with_state", GlobalKind.RebuildParameter);
        Add("torch", "Size", GlobalKind.Size);
        Add("torch", "device", GlobalKind.Device);
        Add("torch.nn.modules.container", "ParameterDict", GlobalKind.ParameterDict);
        Add("torch.nn.parameter", "Parameter", GlobalKind.Parameter);
        foreach (string module in (string[])["numpy.core.multiarray", "numpy._core.multiarray"])
        {
            Add(module, "scalar", GlobalKind.NumpyScalar);
            Add(module, "_reconstruct", GlobalKind.NumpyReconstruct);
        }

        Add("numpy", "dtype", GlobalKind.NumpyDType);
        Add("numpy", "ndarray", GlobalKind.NumpyArray);
        Add("_codecs", "encode", GlobalKind.Encode);
        Add("copyreg", "_reconstructor", GlobalKind.Reconstructor);
        Add("copy_reg", "_reconstructor", GlobalKind.Reconstructor);

        foreach (
            var (name, type) in (ReadOnlySpan<(string, ElementType)>)
                [
                    ("Double", ElementType.F64),
                    ("Float", ElementType.F32),
                    ("Half", ElementType.F16),
                    ("BFloat16", ElementType.BF16),
                    ("Long", ElementType.I64),
                    ("Int", ElementType.I32),
                    ("Short", ElementType.I16),
                    ("Char", ElementType.I8),
                    ("Byte", ElementType.U8),
                    ("Bool", ElementType.Bool),
                    ("Untyped", ElementType.U8),
                ]
        )
        {
            Add("torch", name + "Storage", GlobalKind.Storage, type);
        }

        Add("torch.storage", "UntypedStorage", GlobalKind.Storage, ElementType.U8);
        foreach (
            var (name, type) in (ReadOnlySpan<(string, ElementType?)>)
                [
                    ("float64", ElementType.F64),
                    ("double", ElementType.F64),
                    ("float32", ElementType.F32),
                    ("float", ElementType.F32),
                    ("float16", ElementType.F16),
                    ("half", ElementType.F16),
                    ("bfloat16", ElementType.BF16),
                    ("float8_e4m3fn", ElementType.F8E4M3),
                    ("float8_e5m2", ElementType.F8E5M2),
                    ("int64", ElementType.I64),
                    ("long", ElementType.I64),
                    ("int32", ElementType.I32),
                    ("int", ElementType.I32),
                    ("int16", ElementType.I16),
                    ("short", ElementType.I16),
                    ("int8", ElementType.I8),
                    ("uint8", ElementType.U8),
                    ("uint16", ElementType.U16),
                    ("uint32", ElementType.U32),
                    ("uint64", ElementType.U64),
                    ("bool", ElementType.Bool),
                    ("complex32", null),
                    ("chalf", null),
                    ("complex64", null),
                    ("cfloat", null),
                    ("complex128", null),
                    ("cdouble", null),
                    ("qint8", null),
                    ("quint8", null),
                    ("qint32", null),
                ]
        )
        {
            Add("torch", name, GlobalKind.DType, type);
        }

        foreach (string module in (string[])["builtins", "__builtin__"])
        {
            foreach (
                var (name, kind) in (ReadOnlySpan<(string, GlobalKind)>)
                    [
                        ("set", GlobalKind.Set),
                        ("frozenset", GlobalKind.FrozenSet),
                        ("list", GlobalKind.List),
                        ("dict", GlobalKind.PlainDict),
                        ("tuple", GlobalKind.Tuple),
                        ("int", GlobalKind.Int),
                        ("long", GlobalKind.Int),
                        ("float", GlobalKind.Float),
                        ("complex", GlobalKind.Complex),
                        ("bool", GlobalKind.Bool),
                        ("str", GlobalKind.Str),
                        ("unicode", GlobalKind.Str),
                        ("bytes", GlobalKind.Bytes),
                        ("bytearray", GlobalKind.ByteArray),
                        ("slice", GlobalKind.Slice),
                        ("range", GlobalKind.Range),
                        ("xrange", GlobalKind.Range),
                        ("object", GlobalKind.Object),
                    ]
            )
            {
                Add(module, name, kind);
            }
        }

        return globals;
    }
}

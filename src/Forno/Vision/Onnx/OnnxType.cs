namespace Forno.Vision.Onnx;

/// <summary>What the elements of a tensor are; the numbers are ONNX's own (<c>TensorProto.DataType</c>).</summary>
public enum OnnxType
{
    /// <summary>No tensor at all (a sequence or a map), or a tensor of a type that is not here.</summary>
    Other = 0,

    /// <summary>32-bit float.</summary>
    Float32 = 1,

    /// <summary>8-bit, 0 to 255.</summary>
    UInt8 = 2,

    /// <summary>8-bit, −128 to 127.</summary>
    Int8 = 3,

    /// <summary>16-bit, without sign.</summary>
    UInt16 = 4,

    /// <summary>16-bit, with sign.</summary>
    Int16 = 5,

    /// <summary>32-bit, with sign.</summary>
    Int32 = 6,

    /// <summary>64-bit, with sign.</summary>
    Int64 = 7,

    /// <summary>True or false, a byte each.</summary>
    Bool = 9,

    /// <summary>IEEE half precision.</summary>
    Float16 = 10,

    /// <summary>64-bit float.</summary>
    Float64 = 11,
}

/// <summary>An input or output of a model.</summary>
/// <param name="Name">Its name in the graph.</param>
/// <param name="Type">What its elements are.</param>
/// <param name="Shape">Its dimensions; −1 = free.</param>
public sealed record OnnxPort(string Name, OnnxType Type, IReadOnlyList<long> Shape)
{
    /// <summary>For messages: <c>'input' (float32 [1, 3, ?, ?])</c>.</summary>
    public override string ToString() => $"'{Name}' ({Tell(Type, Shape)})";

    /// <summary>Type and shape as messages tell them: <c>float32 [1, 3, ?, ?]</c>.</summary>
    internal static string Tell(OnnxType type, IEnumerable<long> shape) =>
        type == OnnxType.Other ? "not a tensor of numbers" : $"{type.ToString().ToLowerInvariant()} {Tell(shape)}";

    /// <summary>A shape as messages tell it.</summary>
    internal static string Tell(IEnumerable<long> shape) =>
        $"[{string.Join(", ", shape.Select(d => d < 0 ? "?" : Invariant.Text($"{d}")))}]";
}

/// <summary>What a model's file says about itself; empty where it says nothing.</summary>
/// <param name="Producer">The program that wrote it.</param>
/// <param name="Graph">The graph's name.</param>
/// <param name="Domain">Whose it is.</param>
/// <param name="Description">A text.</param>
/// <param name="Version">A number its author gave.</param>
/// <param name="Properties">Names and values.</param>
public sealed record OnnxMetadata(
    string Producer,
    string Graph,
    string Domain,
    string Description,
    long Version,
    IReadOnlyDictionary<string, string> Properties
);

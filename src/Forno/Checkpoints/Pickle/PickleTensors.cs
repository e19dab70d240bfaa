using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>Rebuilds tensors from their pickled description, as torch/_utils.py does, but checked throughout.</summary>
internal static class PickleTensors
{
    private const long MaxExpandedBytes = 64L << 20;

    /// <summary>_rebuild_tensor (version 1: storage, offset, size, stride), _v2 (adds requires_grad, hooks[, metadata])
    /// and _v3 (adds requires_grad, hooks, dtype[, metadata]).</summary>
    public static PickleTensor Rebuild(object?[] arguments, int version)
    {
        int due = version switch
        {
            1 => 4,
            2 => 6,
            _ => 7,
        };
        if (
            arguments.Length < due
            || arguments.Length > due + (version == 1 ? 0 : 1)
            || arguments[0] is not PickleStorage storage
        )
        {
            throw new CorruptFileException("it has a malformed description of a tensor");
        }

        var type = storage.Type;
        if (version == 3)
        {
            type = arguments[6] is Global { Kind: GlobalKind.DType, Type: { } named }
                ? named
                : throw new CorruptFileException("it has a tensor of a dtype that is not supported");
        }

        return Make(storage, type, Integer(arguments[1]), Integers(arguments[2]), Integers(arguments[3]));
    }

    private static PickleTensor Make(PickleStorage storage, ElementType type, long offset, long[] size, long[] stride)
    {
        if (size.Length != stride.Length)
        {
            throw new CorruptFileException("it has a tensor whose shape and strides differ in length");
        }

        Int128 count = 1;
        Int128 last = offset; // the furthest element that the view reaches
        for (int i = 0; i < size.Length; i++)
        {
            count *= size[i];
            last += (Int128)Math.Max(size[i] - 1, 0) * stride[i];
            if (count > long.MaxValue / 8 || last > long.MaxValue)
            {
                throw new CorruptFileException("it has a tensor whose size overflows");
            }
        }

        long available = checked(storage.Count * storage.Type.Size()) / type.Size();
        if (count > 0 && last >= available)
        {
            throw new CorruptFileException($"it has a tensor that reaches element {last} of a storage of {available}");
        }

        if (count > available && count * type.Size() > MaxExpandedBytes)
        {
            throw new CorruptFileException("it has a tensor that unfolds to far more than its storage");
        }

        long first = count > 0 ? (storage.First * storage.Type.Size()) + (offset * type.Size()) : 0;
        return new PickleTensor(storage, type, first, size, stride);
    }

    private static long Integer(object? value) =>
        value is long and >= 0
            ? (long)value
            : throw new CorruptFileException("it has a tensor with negative or non-integer measures");

    private static long[] Integers(object? value) =>
        value switch
        {
            PickleTuple tuple => Array.ConvertAll(tuple.Items, Integer),
            PickleList list => list.Items.Select(Integer).ToArray(),
            _ => throw new CorruptFileException("it has a tensor whose shape is not a tuple"),
        };
}

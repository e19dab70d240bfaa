using System.Numerics;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

// What a pickle can hold here, beside null (None), bool, long, BigInteger, double, string and byte[].

/// <summary>
/// An immutable tuple; whether it may be a key is settled when it is made, so that no recursion is needed.
/// </summary>
internal sealed class PickleTuple(object?[] items)
{
    public object?[] Items { get; } = items;

    public bool Hashable { get; } = Array.TrueForAll(items, PickleDict.IsHashable);
}

/// <summary>A list; its storage is made with its first item, so that empty ones are cheap.</summary>
internal sealed class PickleList
{
    private List<object?>? items;

    public IReadOnlyList<object?> Items => items ?? (IReadOnlyList<object?>)[];

    public void Add(object? item) => (items ??= []).Add(item);
}

/// <summary>
/// A dict of any flavour. Only entries under strings and integers are kept, because only they are ever walked; other
/// hashable keys are accepted and their entries dropped.
/// </summary>
internal sealed class PickleDict
{
    private OrderedDictionary<object, (object Key, object? Value)>? entries;

    /// <summary>
    /// Keys (string, long, BigInteger, or a bool or float equal to an integer) with their values, in order.
    /// </summary>
    public IEnumerable<(object Key, object? Value)> Entries => entries?.Values ?? Enumerable.Empty<(object, object?)>();

    public int Count => entries?.Count ?? 0;

    public object? this[string key] =>
        entries is not null && entries.TryGetValue(key, out var entry) ? entry.Value : null;

    public static bool IsHashable(object? key) =>
        key
            is null
                or bool
                or long
                or BigInteger
                or double
                or string
                or byte[]
                or Global
                or Inert
                or PickleTensor
                or PickleStorage
        || key is PickleTuple { Hashable: true }
        || key is Opaque { Hashable: true };

    public void Set(object? key, object? value)
    {
        if (!IsHashable(key))
        {
            throw new CorruptFileException("it uses a list, dict or set as the key of a dict");
        }

        // Python: True == 1 == 1.0, and a later equal key replaces the value but not the key.
        object? equal = key switch
        {
            string or long or BigInteger => key,
            bool flag => flag ? 1L : 0L,
            double number when Math.Abs(number) < 1L << 53 && Math.Floor(number) == number => (long)number,
            _ => null,
        };
        if (equal is not null)
        {
            entries ??= [];
            object first = entries.TryGetValue(equal, out var old) ? old.Key : key!;
            entries[equal] = (first, value);
        }
    }
}

/// <summary>A torch.nn.ParameterDict: it stands for the dict of its parameters.</summary>
internal sealed class PickleParameters
{
    public PickleDict? Parameters { get; set; }
}

/// <summary>A value that is read past: sets, numpy objects, ranges, devices and the like.</summary>
internal sealed class Opaque(bool hashable, bool buildable = false)
{
    public static readonly Opaque Plain = new(hashable: true);
    public static readonly Opaque Set = new(hashable: false);
    public static readonly Opaque Numpy = new(hashable: true, buildable: true);

    public bool Hashable { get; } = hashable;

    public bool Buildable { get; } = buildable;
}

/// <summary>Any object of an inert class, and any result of using one.</summary>
internal sealed class Inert
{
    public static readonly Inert Instance = new();
}

/// <summary>A named storage, or a window of one. Its bytes are found later.</summary>
/// <param name="Key">The storage's key in the file.</param>
/// <param name="Type">Its element type; U8 for an untyped one, whose elements are bytes.</param>
/// <param name="RootCount">Elements of the whole storage.</param>
/// <param name="First">First element of the window.</param>
/// <param name="Count">Elements of the window.</param>
internal sealed record PickleStorage(string Key, ElementType Type, long RootCount, long First, long Count);

/// <summary>A tensor: a checked view of a storage.</summary>
/// <param name="Storage">Where its bytes are.</param>
/// <param name="Type">Its element type (not always the storage's).</param>
/// <param name="ByteOffset">Its first element, in bytes from the beginning of the root storage.</param>
/// <param name="Size">Its shape.</param>
/// <param name="Stride">Strides in elements.</param>
internal sealed record PickleTensor(
    PickleStorage Storage,
    ElementType Type,
    long ByteOffset,
    long[] Size,
    long[] Stride
);

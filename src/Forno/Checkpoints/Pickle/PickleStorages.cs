using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// Resolves the persistent ids of one file into storages and keeps the books: one key means one storage. The form of
/// the ids: torch/serialization.py, persistent_load of the zip and of the legacy loader.
/// </summary>
/// <param name="legacy">Legacy files add a view to each id, and know the kind "module".</param>
internal sealed class PickleStorages(bool legacy)
{
    private readonly Dictionary<string, (Global Class, long Count)> roots = new(StringComparer.Ordinal);

    /// <summary>Every storage that the object named: key, element type and count.</summary>
    public IEnumerable<(string Key, ElementType Type, long Count)> Roots =>
        roots.Select(root => (root.Key, root.Value.Class.Type!.Value, root.Value.Count));

    /// <summary>How many storages the object named.</summary>
    public int Count => roots.Count;

    /// <summary>The element type and count of a key that the object named.</summary>
    public bool TryGet(string key, out ElementType type, out long count)
    {
        bool found = roots.TryGetValue(key, out var root);
        (type, count) = found ? (root.Class.Type!.Value, root.Count) : default;
        return found;
    }

    /// <summary>Turns a persistent id into what it stands for.</summary>
    public object Resolve(object? id)
    {
        if (legacy && id is PickleTuple { Items: ["module", Global or Inert, ..] and { Length: 4 } } module)
        {
            return module.Items[1]!; // the class; its source text beside it is never looked at
        }

        if (
            id
                is not PickleTuple
                {
                    Items: [
                        "storage",
                        Global { Kind: GlobalKind.Storage } type,
                        string key,
                        string,
                        long
                        and >= 0,
                        ..,
                    ] items
                }
            || items.Length != (legacy ? 6 : 5)
        )
        {
            throw new CorruptFileException("its pickle has a malformed persistent id");
        }

        long count = (long)items[4]!;
        if (count > long.MaxValue / 8)
        {
            throw new CorruptFileException("its pickle claims a storage of absurd size");
        }

        if (
            !roots.TryAdd(key, (type, count))
            && (
                roots[key].Class.Type != type.Type
                || IsUntyped(roots[key].Class) != IsUntyped(type)
                || roots[key].Count != count
            )
        )
        {
            throw new CorruptFileException($"its pickle describes the storage '{key}' in two ways");
        }

        var elementType = type.Type!.Value;
        if (!legacy || items[5] is null)
        {
            return new PickleStorage(key, elementType, count, 0, count);
        }

        if (
            items[5] is not PickleTuple { Items: [string, long and >= 0, long and >= 0] view }
            || (long)view[1]! > count
            || (long)view[2]! > count - (long)view[1]!
        )
        {
            throw new CorruptFileException($"its pickle names a window outside of the storage '{key}'");
        }

        return new PickleStorage(key, elementType, count, (long)view[1]!, (long)view[2]!);
    }

    private static bool IsUntyped(Global type) => type.Name.EndsWith("UntypedStorage", StringComparison.Ordinal);
}

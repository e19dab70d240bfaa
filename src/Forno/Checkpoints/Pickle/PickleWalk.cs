using System.Globalization;
using System.Numerics;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// Finds the tensors in a loaded object: dicts by key, lists and tuples by index, joined by '/'. Cycles and objects
/// that unfold without end run into the limits. No recursion: the object may be nested arbitrarily deep.
/// </summary>
internal sealed class PickleWalk
{
    private const int MaxSteps = 200;
    private const int MaxVisits = 1_000_000;
    private const int MaxValues = 10_000;
    private const long MaxPathChars = 64L << 20;

    private readonly Stack<IEnumerator<(object Key, object? Value)>> open = new();
    private readonly List<object> path = [];
    private long pathChars;
    private int visits;

    /// <summary>Tensors by path.</summary>
    public Dictionary<string, PickleTensor> Tensors { get; } = new(StringComparer.Ordinal);

    /// <summary>The first 10,000 plain values by path.</summary>
    public Dictionary<string, object?> Values { get; } = new(StringComparer.Ordinal);

    /// <summary>Walks the object.</summary>
    /// <exception cref="CorruptFileException">It is too deep, too wide, or two tensors have one path.</exception>
    public void Run(object? root)
    {
        Visit(root);
        while (open.TryPeek(out var entries))
        {
            if (path.Count == open.Count)
            {
                path.RemoveAt(path.Count - 1); // the key of the entry before
            }

            if (!entries.MoveNext())
            {
                open.Pop();
                continue;
            }

            var (key, value) = entries.Current;
            if (key is not (string or long or BigInteger))
            {
                continue;
            }

            path.Add(key);
            Visit(value);
        }
    }

    private void Visit(object? value)
    {
        if (++visits > MaxVisits)
        {
            throw new CorruptFileException($"its object has more than {MaxVisits} parts");
        }

        if (path.Count > MaxSteps)
        {
            throw new CorruptFileException($"its object is nested deeper than {MaxSteps} levels");
        }

        switch (value)
        {
            case PickleTensor tensor:
                if (!Tensors.TryAdd(Path(), tensor))
                {
                    throw new CorruptFileException($"two of its tensors have the path '{Path()}'");
                }

                break;
            case PickleDict dict:
                open.Push(dict.Entries.GetEnumerator());
                break;
            case PickleParameters parameters:
                open.Push((parameters.Parameters ?? new PickleDict()).Entries.GetEnumerator());
                break;
            case PickleList list:
                open.Push(Numbered(list.Items));
                break;
            case PickleTuple tuple:
                open.Push(Numbered(tuple.Items));
                break;
            case null or bool or long or BigInteger or double or string when Values.Count < MaxValues:
                Values[Path()] = value;
                break;
        }
    }

    private static IEnumerator<(object Key, object? Value)> Numbered(IReadOnlyList<object?> items)
    {
        for (int i = 0; i < items.Count; i++)
        {
            yield return ((long)i, items[i]);
        }
    }

    private string Path()
    {
        string path = string.Join('/', this.path.Select(step => Convert.ToString(step, CultureInfo.InvariantCulture)));
        pathChars += path.Length;
        return pathChars <= MaxPathChars
            ? path
            : throw new CorruptFileException("the names of its parts are absurdly long");
    }
}

using System.Numerics;
using System.Text;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// What calling, instantiating and filling the permitted globals gives. Nothing here runs foreign code.
/// </summary>
internal sealed class PickleCalls
{
    // Copies made by list(x), dict(x) and the like: without a limit a short pickle could ask for endless ones.
    private const long MaxCopied = 1_000_000;

    private long copied;

    /// <summary>REDUCE: calls a global with positional arguments.</summary>
    public object? Call(object? callable, object?[] arguments)
    {
        if (callable is Inert)
        {
            return callable;
        }

        if (callable is not Global global)
        {
            throw new CorruptFileException("its pickle calls something that is not a permitted global");
        }

        return global.Kind switch
        {
            GlobalKind.RebuildTensor => PickleTensors.Rebuild(arguments, version: 1),
            GlobalKind.RebuildTensorV2 => PickleTensors.Rebuild(arguments, version: 2),
            GlobalKind.RebuildTensorV3 => PickleTensors.Rebuild(arguments, version: 3),
            GlobalKind.RebuildParameter when arguments is [PickleTensor, _, _] or [PickleTensor, _, _, _] => arguments[
                0
            ],
            GlobalKind.Device when arguments.Length is 1 or 2 && Array.TrueForAll(arguments, IsPlain) => Opaque.Plain,
            GlobalKind.NumpyScalar when arguments is [Opaque { Buildable: true }, ..] && arguments.Length <= 2 =>
                NumpyScalar(arguments),
            GlobalKind.NumpyReconstruct when arguments is [Global { Kind: GlobalKind.NumpyArray }, PickleTuple, _] =>
                Opaque.Numpy,
            GlobalKind.Encode => Encode(arguments),
            GlobalKind.Reconstructor when arguments is [Inert or Global { Kind: GlobalKind.Inert }, ..] =>
                Inert.Instance,
            GlobalKind.Reconstructor when arguments is [Global type, Global { IsPlainType: true }, var state] =>
                Reconstruct(type, state),
            _ => Instantiate(global, arguments),
        };
    }

    /// <summary>Instantiates a permitted class.</summary>
    public object? Instantiate(object? type, object?[] arguments)
    {
        if (type is Inert)
        {
            return type;
        }

        if (type is not Global global)
        {
            throw new CorruptFileException("its pickle makes an object of something that is not a permitted class");
        }

        return global.Kind switch
        {
            GlobalKind.Inert => Inert.Instance,
            GlobalKind.Dict or GlobalKind.PlainDict => MakeDict(global, arguments),
            GlobalKind.DefaultDict => arguments is [] or [null, ..] or [Global { IsPlainType: true }, ..]
                ? MakeDict(global, arguments.Length > 0 ? arguments[1..] : arguments)
                : throw Refuse(global),
            GlobalKind.Size when arguments is [PickleTuple or PickleList] => new PickleTuple(Copy(arguments[0])),
            GlobalKind.ParameterDict when arguments.Length == 0 => new PickleParameters(),
            GlobalKind.Parameter when arguments is [PickleTensor] or [PickleTensor, bool] => arguments[0],
            GlobalKind.NumpyDType => NumpyDType(global, arguments),
            _ when global.IsPlainType => MakePlain(global, arguments),
            _ => throw Refuse(global),
        };
    }

    /// <summary>BUILD: sets an object's state, which matters only for a ParameterDict.</summary>
    public static object? Build(object? target, object? state)
    {
        switch (target)
        {
            case PickleDict or Inert or Opaque { Buildable: true }:
                return target;
            case PickleParameters parameters:
                // The state is the object's __dict__, or a pair of it and its slots.
                var attributes = state as PickleDict ?? (state as PickleTuple)?.Items.FirstOrDefault() as PickleDict;
                parameters.Parameters =
                    attributes?["_parameters"] as PickleDict
                    ?? throw new CorruptFileException("its ParameterDict has no parameters");
                return target;
            default:
                throw new CorruptFileException("its pickle sets the state of something that has none");
        }
    }

    /// <summary>Puts keys and values, one after another, into a dict.</summary>
    public static PickleDict Fill(PickleDict dict, object?[] items)
    {
        if (items.Length % 2 != 0)
        {
            throw new CorruptFileException("its pickle sets a key without a value");
        }

        for (int i = 0; i < items.Length; i += 2)
        {
            dict.Set(items[i], items[i + 1]);
        }

        return dict;
    }

    /// <summary>Refuses members of a set that Python could not hash.</summary>
    public static void CheckHashable(IEnumerable<object?> items)
    {
        if (!items.All(PickleDict.IsHashable))
        {
            throw new CorruptFileException("its pickle puts a list, dict or set into a set");
        }
    }

    /// <summary>Plain values: what Python's own plain types may be made from.</summary>
    private static bool IsPlain(object? value) =>
        value
            is null
                or bool
                or long
                or BigInteger
                or double
                or string
                or byte[]
                or PickleTuple
                or PickleList
                or PickleDict
        || (value is Opaque opaque && !opaque.Buildable);

    private object Reconstruct(Global type, object? state) =>
        type.Kind switch
        {
            GlobalKind.ParameterDict when state is null => new PickleParameters(),
            GlobalKind.Dict or GlobalKind.DefaultDict or GlobalKind.PlainDict => MakeDict(
                type,
                state is null ? [] : [state]
            ),
            _ when type.IsPlainType => MakePlain(type, state is null ? [] : [state]),
            _ => throw Refuse(type),
        };

    private PickleDict MakeDict(Global type, object?[] arguments)
    {
        var dict = new PickleDict();
        switch (arguments)
        {
            case []:
                break;
            case [PickleDict source]:
                Charge(source.Count);
                foreach (var (key, value) in source.Entries)
                {
                    dict.Set(key, value);
                }

                break;
            case [PickleList or PickleTuple]:
                foreach (object? item in Copy(arguments[0]))
                {
                    object?[] pair = item is PickleList or PickleTuple ? Copy(item) : [];
                    if (pair.Length != 2)
                    {
                        throw Refuse(type);
                    }

                    dict.Set(pair[0], pair[1]);
                }

                break;
            default:
                throw Refuse(type);
        }

        return dict;
    }

    private object MakePlain(Global type, object?[] arguments)
    {
        if (!Array.TrueForAll(arguments, IsPlain))
        {
            throw Refuse(type);
        }

        switch (type.Kind)
        {
            case GlobalKind.Object when arguments is []:
            case GlobalKind.Complex when arguments.Length <= 2 && Array.TrueForAll(arguments, IsNumber):
            case GlobalKind.Slice
            or GlobalKind.Range
                when arguments.Length is >= 1 and <= 3
                    && Array.TrueForAll(arguments, value => value is null or long or BigInteger):
                return Opaque.Plain;
            case GlobalKind.Set or GlobalKind.FrozenSet when arguments is [] or [PickleList or PickleTuple or Opaque]:
                if (arguments is [PickleList or PickleTuple])
                {
                    CheckHashable(Copy(arguments[0]));
                }

                return type.Kind == GlobalKind.Set ? Opaque.Set : Opaque.Plain;
            case GlobalKind.Tuple when arguments is [] or [PickleList or PickleTuple]:
                return new PickleTuple(arguments is [] ? [] : Copy(arguments[0]));
            case GlobalKind.List when arguments is [] or [PickleList or PickleTuple]:
                var list = new PickleList();
                Array.ForEach(arguments is [] ? [] : Copy(arguments[0]), list.Add);
                return list;
            case GlobalKind.Int when arguments is []:
                return 0L;
            case GlobalKind.Int when arguments is [long or BigInteger]:
                return arguments[0]!;
            case GlobalKind.Int when arguments is [bool flag]:
                return flag ? 1L : 0L;
            case GlobalKind.Int when arguments is [double number] && double.IsFinite(number):
                return PickleInput.ParseInteger(
                    new BigInteger(number).ToString(System.Globalization.CultureInfo.InvariantCulture)
                );
            case GlobalKind.Int when arguments is [string digits]:
                return PickleInput.ParseInteger(digits.Trim());
            case GlobalKind.Float when arguments is []:
                return 0.0;
            case GlobalKind.Float when arguments is [double]:
                return arguments[0]!;
            case GlobalKind.Float when arguments is [long whole]:
                return (double)whole;
            case GlobalKind.Float when arguments is [bool flag]:
                return flag ? 1.0 : 0.0;
            case GlobalKind.Float when arguments is [string text]:
                return PickleInput.ParseFloat(text);
            case GlobalKind.Bool when arguments is []:
                return false;
            case GlobalKind.Bool when arguments is [bool]:
                return arguments[0]!;
            case GlobalKind.Bool when arguments is [long whole]:
                return whole != 0;
            case GlobalKind.Str when arguments is []:
                return "";
            case GlobalKind.Str when arguments is [string]:
                return arguments[0]!;
            case GlobalKind.Bytes when arguments is []:
                return Array.Empty<byte>();
            case GlobalKind.Bytes when arguments is [byte[]]:
                return arguments[0]!;
            case GlobalKind.Bytes when arguments is [string, string]:
                return Encode(arguments);
            case GlobalKind.ByteArray when arguments is [] or [byte[]]:
                return Opaque.Set;
            case GlobalKind.ByteArray when arguments is [string, string]:
                Encode(arguments);
                return Opaque.Set;
            default:
                throw Refuse(type);
        }
    }

    private static bool IsNumber(object? value) => value is bool or long or BigInteger or double;

    /// <summary>
    /// _codecs.encode(text, codec), which is how protocol 2 writes bytes. Other codecs can do anything.
    /// </summary>
    private static byte[] Encode(object?[] arguments)
    {
        if (arguments is not [string text, string codec])
        {
            throw new CorruptFileException("its pickle encodes something that is not text");
        }

        int limit = codec switch
        {
            "latin1" or "latin-1" => 0x100,
            "ascii" => 0x80,
            "utf-8" or "utf8" => 0x10000,
            _ => throw new CorruptFileException("its pickle uses a codec that is not permitted"),
        };
        if (text.Any(c => c >= limit))
        {
            throw new CorruptFileException($"its pickle encodes a text that {codec} cannot hold");
        }

        return limit == 0x10000 ? Encoding.UTF8.GetBytes(text) : Encoding.Latin1.GetBytes(text);
    }

    /// <summary>
    /// Arrays of Python objects would hold pickles of their own, so that dtype is refused in every spelling.
    /// </summary>
    private static Opaque NumpyDType(Global type, object?[] arguments)
    {
        if (
            arguments is not [string name, ..]
            || arguments.Length > 3
            || name.Contains('O', StringComparison.Ordinal)
            || name.Contains("object", StringComparison.OrdinalIgnoreCase)
            || !Array.TrueForAll(arguments[1..], value => value is bool or long)
        )
        {
            throw Refuse(type);
        }

        return Opaque.Numpy;
    }

    private static Opaque NumpyScalar(object?[] arguments) =>
        arguments is [_] or [_, byte[] or string or Opaque]
            ? Opaque.Numpy
            : throw new CorruptFileException("its pickle has a malformed numpy scalar");

    private object?[] Copy(object? sequence)
    {
        var items = sequence is PickleTuple tuple ? tuple.Items : ((PickleList)sequence!).Items;
        Charge(items.Count);
        return [.. items];
    }

    private void Charge(long count)
    {
        copied += count;
        if (copied > MaxCopied)
        {
            throw new CorruptFileException("its pickle copies without end");
        }
    }

    private static CorruptFileException Refuse(Global global) =>
        new($"its pickle uses '{global.Name}' in a way that is not permitted");
}

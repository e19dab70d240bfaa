using System.Text;
using Forno.Files;

namespace Forno.Checkpoints.Pickle;

/// <summary>
/// A pickle machine that only builds data: protocols 0 to 5, globals from <see cref="PickleGlobals"/> alone. Opcodes
/// and their meaning: CPython, Lib/pickletools.py.
/// </summary>
/// <param name="persistent">Resolves persistent ids; null where the file may not use them.</param>
internal sealed class PickleMachine(Func<object?, object>? persistent)
{
    // Each opcode costs at most some hundred bytes; real checkpoints need a few hundred thousand.
    private const long MaxSteps = 3_000_000;

    private readonly List<object?> stack = [];
    private readonly List<int> marks = [];
    private readonly Dictionary<long, object?> memo = [];
    private readonly PickleCalls calls = new();

    /// <summary>Reads one pickle.</summary>
    /// <param name="data">Bytes that begin with it.</param>
    /// <param name="consumed">Its length.</param>
    /// <exception cref="CorruptFileException">It is damaged or asks for anything that is not permitted.</exception>
    public object? Run(ReadOnlySpan<byte> data, out int consumed)
    {
        var input = new PickleInput(data);
        for (long step = 0; step < MaxSteps; step++)
        {
            byte opcode = input.Byte();
            if (opcode == (byte)'.')
            {
                if (marks.Count > 0)
                {
                    throw new CorruptFileException("its pickle ends with an open mark");
                }

                consumed = input.Position;
                return Pop();
            }

            Step(opcode, ref input);
        }

        throw new CorruptFileException("its pickle takes too many steps");
    }

    private void Step(byte opcode, ref PickleInput input)
    {
        switch (opcode)
        {
            case 0x80: // PROTO
                byte protocol = input.Byte();
                if (protocol > 5)
                {
                    throw new CorruptFileException($"pickle protocol {protocol} is unknown");
                }

                break;
            case 0x95:
                input.CheckClaim(input.UInt64());
                break; // FRAME

            case (byte)'N':
                Push(null);
                break;
            case 0x88:
                Push(true);
                break;
            case 0x89:
                Push(false);
                break;
            case (byte)'I':
                Push(input.IntegerLine(allowBool: true));
                break;
            case (byte)'J':
                Push((long)input.Int32());
                break;
            case (byte)'K':
                Push((long)input.Byte());
                break;
            case (byte)'M':
                Push((long)input.UInt16());
                break;
            case (byte)'L':
                Push(input.IntegerLine(allowBool: false));
                break;
            case 0x8a:
                Push(input.LongBytes(input.Byte()));
                break;
            case 0x8b:
                Push(input.LongBytes(input.SignedLength()));
                break;
            case (byte)'F':
                Push(input.FloatLine());
                break;
            case (byte)'G':
                Push(input.Double());
                break;

            case (byte)'S':
                Push(input.QuotedLine());
                break;
            case (byte)'T':
                Push(Encoding.Latin1.GetString(input.Take(input.SignedLength())));
                break;
            case (byte)'U':
                Push(Encoding.Latin1.GetString(input.Take(input.Byte())));
                break;
            case (byte)'V':
                Push(input.RawUnicodeLine());
                break;
            case 0x8c:
                Push(input.Utf8(input.Byte()));
                break;
            case (byte)'X':
                Push(input.Utf8(input.UInt32()));
                break;
            case 0x8d:
                Push(input.Utf8(input.UInt64()));
                break;
            case (byte)'C':
                Push(input.Take(input.Byte()).ToArray());
                break;
            case (byte)'B':
                Push(input.Take(input.UInt32()).ToArray());
                break;
            case 0x8e:
                Push(input.Take(input.UInt64()).ToArray());
                break;
            case 0x96: // BYTEARRAY8: mutable, and nothing looks into it
                input.Take(input.UInt64());
                Push(Opaque.Set);
                break;

            case (byte)'(':
                marks.Add(stack.Count);
                break;
            case (byte)'0':
                PopOrUnmark();
                break;
            case (byte)'1':
                PopMark();
                break;
            case (byte)'2':
                Push(Top());
                break;

            case (byte)']':
                Push(new PickleList());
                break;
            case (byte)'l':
                PushList(PopMark());
                break;
            case (byte)'}':
                Push(new PickleDict());
                break;
            case (byte)'d':
                Push(PickleCalls.Fill(new PickleDict(), PopMark()));
                break;
            case (byte)')':
                Push(new PickleTuple([]));
                break;
            case (byte)'t':
                Push(new PickleTuple(PopMark()));
                break;
            case 0x85:
                Push(new PickleTuple(PopMany(1)));
                break;
            case 0x86:
                Push(new PickleTuple(PopMany(2)));
                break;
            case 0x87:
                Push(new PickleTuple(PopMany(3)));
                break;
            case 0x8f:
                Push(Opaque.Set);
                break;
            case 0x91: // FROZENSET
                PickleCalls.CheckHashable(PopMark());
                Push(Opaque.Plain);
                break;

            case (byte)'a':
                Append(PopMany(1));
                break;
            case (byte)'e':
                Append(PopMark());
                break;
            case (byte)'s':
                SetItems(PopMany(2));
                break;
            case (byte)'u':
                SetItems(PopMark());
                break;
            case 0x90:
                AddItems(PopMark());
                break;

            case (byte)'p':
                memo[input.MemoLine()] = Top();
                break;
            case (byte)'q':
                memo[input.Byte()] = Top();
                break;
            case (byte)'r':
                memo[input.UInt32()] = Top();
                break;
            case 0x94:
                memo[memo.Count] = Top();
                break;
            case (byte)'g':
                PushMemo(input.MemoLine());
                break;
            case (byte)'h':
                PushMemo(input.Byte());
                break;
            case (byte)'j':
                PushMemo(input.UInt32());
                break;

            case (byte)'c':
                Push(PickleGlobals.Resolve(input.LineUtf8(), input.LineUtf8()));
                break;
            case 0x93:
                StackGlobal();
                break;
            case (byte)'R':
                Reduce();
                break;
            case 0x81:
                NewObject(withKeywords: false);
                break;
            case 0x92:
                NewObject(withKeywords: true);
                break;
            case (byte)'i':
                var named = PickleGlobals.Resolve(input.LineUtf8(), input.LineUtf8());
                Push(calls.Instantiate(named, PopMark()));
                break;
            case (byte)'o':
                ObjectFromMark();
                break;
            case (byte)'b':
                Build();
                break;
            case (byte)'Q':
                Persistent();
                break;

            default:
                // EXT1/2/4 and PERSID (registries of the running Python), NEXT_BUFFER, READONLY_BUFFER, unknown ones
                throw new CorruptFileException(
                    $"its pickle uses opcode 0x{opcode:x2}, which is unknown or not permitted"
                );
        }
    }

    private void Push(object? value) => stack.Add(value);

    private int Floor => marks.Count > 0 ? marks[^1] : 0;

    private object? Top() => stack.Count > Floor ? stack[^1] : throw Underflow();

    private object? Pop()
    {
        object? top = Top();
        stack.RemoveAt(stack.Count - 1);
        return top;
    }

    private object?[] PopMany(int count)
    {
        if (stack.Count - count < Floor)
        {
            throw Underflow();
        }

        object?[] items = stack.GetRange(stack.Count - count, count).ToArray();
        stack.RemoveRange(stack.Count - count, count);
        return items;
    }

    private object?[] PopMark()
    {
        if (marks.Count == 0)
        {
            throw new CorruptFileException("its pickle misses a mark");
        }

        object?[] items = PopMany(stack.Count - marks[^1]);
        marks.RemoveAt(marks.Count - 1);
        return items;
    }

    private void PopOrUnmark()
    {
        if (marks.Count > 0 && marks[^1] == stack.Count)
        {
            marks.RemoveAt(marks.Count - 1);
        }
        else
        {
            Pop();
        }
    }

    private void PushList(object?[] items)
    {
        var list = new PickleList();
        Array.ForEach(items, list.Add);
        Push(list);
    }

    private void PushMemo(long index) =>
        Push(
            memo.TryGetValue(index, out object? value)
                ? value
                : throw new CorruptFileException($"its pickle fetches memo entry {index}, which was never put")
        );

    private void Append(object?[] items)
    {
        switch (Top())
        {
            case PickleList list:
                Array.ForEach(items, list.Add);
                break;
            case Inert:
                break;
            default:
                throw new CorruptFileException("its pickle appends to something that is not a list");
        }
    }

    private void SetItems(object?[] items)
    {
        switch (Top())
        {
            case PickleDict dict:
                PickleCalls.Fill(dict, items);
                break;
            case Inert:
                break;
            default:
                throw new CorruptFileException("its pickle sets items of something that is not a dict");
        }
    }

    private void AddItems(object?[] items)
    {
        if (Top() is Inert)
        {
            return;
        }

        if (!ReferenceEquals(Top(), Opaque.Set))
        {
            throw new CorruptFileException("its pickle adds to something that is not a set");
        }

        PickleCalls.CheckHashable(items);
    }

    private void StackGlobal()
    {
        object?[] names = PopMany(2);
        Push(
            names is [string module, string name]
                ? PickleGlobals.Resolve(module, name)
                : throw new CorruptFileException("its pickle names a global by something that is not text")
        );
    }

    private void Reduce()
    {
        object?[] parts = PopMany(2);
        Push(
            parts[1] is PickleTuple arguments
                ? calls.Call(parts[0], arguments.Items)
                : throw new CorruptFileException("its pickle calls something without a tuple of arguments")
        );
    }

    private void NewObject(bool withKeywords)
    {
        object?[] parts = PopMany(withKeywords ? 3 : 2);
        if (parts[1] is not PickleTuple arguments || (withKeywords && parts[2] is not PickleDict))
        {
            throw new CorruptFileException("its pickle makes an object without a tuple of arguments");
        }

        if (
            withKeywords
            && parts[0] is not Inert
            && parts[0] is not Global { Kind: GlobalKind.Inert }
            && ((PickleDict)parts[2]!).Count > 0
        )
        {
            throw new CorruptFileException("its pickle makes an object with named arguments");
        }

        Push(calls.Instantiate(parts[0], arguments.Items));
    }

    private void ObjectFromMark()
    {
        object?[] parts = PopMark();
        if (parts.Length == 0)
        {
            throw Underflow();
        }

        Push(calls.Instantiate(parts[0], parts[1..]));
    }

    private void Build()
    {
        object? state = Pop();
        object? target = Pop();
        Push(PickleCalls.Build(target, state));
    }

    private void Persistent()
    {
        object? id = Pop();
        Push(
            persistent is null
                ? throw new CorruptFileException("its pickle uses a persistent id where none may be")
                : persistent(id)
        );
    }

    private static CorruptFileException Underflow() => new("its pickle takes more from its stack than is there");
}

using System.Runtime.InteropServices;
using Forno.Vision.Onnx;
using Google.Protobuf;

namespace Forno.TestKit;

/// <summary>
/// Writes small ONNX models (<c>ModelProto</c>; field numbers of onnx.proto), general over operators:
/// <c>new OnnxFile().Input("x", OnnxType.Float32, 1, -1).Node("Sigmoid", "x", "y").Output("y", OnnxType.Float32, 1,
/// -1)</c>.
/// </summary>
internal sealed class OnnxFile(int opset = 13)
{
    private readonly List<byte[]> nodes = [],
        weights = [],
        inputs = [],
        outputs = [],
        properties = [];

    /// <summary>An input; −1 = free.</summary>
    public OnnxFile Input(string name, OnnxType type, params long[] shape) => Port(inputs, name, type, shape);

    /// <summary>An output; −1 = free.</summary>
    public OnnxFile Output(string name, OnnxType type, params long[] shape) => Port(outputs, name, type, shape);

    /// <summary>A constant.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="values">Its elements.</param>
    /// <param name="shape">Its dimensions; none = a scalar.</param>
    public OnnxFile Weight<T>(string name, T[] values, params long[] shape)
        where T : unmanaged => AddWeight(name, values, shape, null);

    /// <summary>A constant whose elements lie in another file.</summary>
    public OnnxFile WeightIn(string file, string name, float[] values, params long[] shape) =>
        AddWeight(name, values, shape, file);

    /// <summary>An operator.</summary>
    /// <param name="op">Its type.</param>
    /// <param name="from">Names of its inputs with spaces between; <c>_</c> for one that is left out.</param>
    /// <param name="to">Names of its outputs.</param>
    /// <param name="attributes">Values: float, long, string, float[] or long[] (int for long).</param>
    public OnnxFile Node(string op, string from, string to, params (string Name, object Value)[] attributes)
    {
        nodes.Add(
            Message(m =>
            {
                foreach (string name in from.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                {
                    Text(m, 1, name == "_" ? "" : name);
                }

                foreach (string name in to.Split(' '))
                {
                    Text(m, 2, name);
                }

                Text(m, 4, op);
                foreach ((string name, object value) in attributes)
                {
                    Bytes(m, 5, Attribute(name, value));
                }
            })
        );
        return this;
    }

    /// <summary>A line of the model's own description.</summary>
    public OnnxFile Property(string key, string value)
    {
        properties.Add(Entry(key, value));
        return this;
    }

    /// <summary>The file.</summary>
    public byte[] ToArray() =>
        Message(model =>
        {
            Number(model, 1, 8); // IR version
            Text(model, 2, "forno-tests");
            Text(model, 4, "tests.forno");
            Number(model, 5, 7);
            Text(model, 6, "a model of a test");
            Bytes(
                model,
                7,
                Message(graph =>
                {
                    nodes.ForEach(n => Bytes(graph, 1, n));
                    Text(graph, 2, "graph");
                    weights.ForEach(w => Bytes(graph, 5, w));
                    inputs.ForEach(i => Bytes(graph, 11, i));
                    outputs.ForEach(o => Bytes(graph, 12, o));
                })
            );
            Bytes(model, 8, Message(set => Number(set, 2, opset)));
            properties.ForEach(p => Bytes(model, 14, p));
        });

    /// <summary>Writes the file.</summary>
    /// <returns>Its path.</returns>
    public string Save(string path)
    {
        File.WriteAllBytes(path, ToArray());
        return path;
    }

    private static OnnxType TypeOf<T>() =>
        typeof(T) switch
        {
            var t when t == typeof(float) => OnnxType.Float32,
            var t when t == typeof(Half) => OnnxType.Float16,
            var t when t == typeof(double) => OnnxType.Float64,
            var t when t == typeof(byte) => OnnxType.UInt8,
            var t when t == typeof(sbyte) => OnnxType.Int8,
            var t when t == typeof(int) => OnnxType.Int32,
            var t when t == typeof(long) => OnnxType.Int64,
            var t when t == typeof(bool) => OnnxType.Bool,
            var t => throw new ArgumentException($"{t}"),
        };

    private static byte[] Attribute(string name, object value) =>
        Message(m =>
        {
            Text(m, 1, name);
            switch (value)
            {
                case float f:
                    m.WriteTag(2, WireFormat.WireType.Fixed32);
                    m.WriteFloat(f);
                    Number(m, 20, 1);
                    break;
                case int or long:
                    Number(m, 3, Convert.ToInt64(value));
                    Number(m, 20, 2);
                    break;
                case string s:
                    Text(m, 4, s);
                    Number(m, 20, 3);
                    break;
                case float[] floats:
                    foreach (float f in floats)
                    {
                        m.WriteTag(7, WireFormat.WireType.Fixed32);
                        m.WriteFloat(f);
                    }

                    Number(m, 20, 6);
                    break;
                case long[] ints:
                    foreach (long i in ints)
                    {
                        Number(m, 8, i);
                    }

                    Number(m, 20, 7);
                    break;
                default:
                    throw new ArgumentException($"{value.GetType()} is no attribute");
            }
        });

    private static byte[] Entry(string key, string value) =>
        Message(m =>
        {
            Text(m, 1, key);
            Text(m, 2, value);
        });

    private static byte[] Message(Action<CodedOutputStream> write)
    {
        using var memory = new MemoryStream();
        using (var output = new CodedOutputStream(memory, leaveOpen: true))
        {
            write(output);
        }

        return memory.ToArray();
    }

    private static void Number(CodedOutputStream m, int field, long value)
    {
        m.WriteTag(field, WireFormat.WireType.Varint);
        m.WriteInt64(value);
    }

    private static void Text(CodedOutputStream m, int field, string value)
    {
        m.WriteTag(field, WireFormat.WireType.LengthDelimited);
        m.WriteString(value);
    }

    private static void Bytes(CodedOutputStream m, int field, byte[] value)
    {
        m.WriteTag(field, WireFormat.WireType.LengthDelimited);
        m.WriteBytes(ByteString.CopyFrom(value));
    }

    private OnnxFile AddWeight<T>(string name, T[] values, long[] shape, string? file)
        where T : unmanaged
    {
        weights.Add(
            Message(m =>
            {
                foreach (long d in shape)
                {
                    Number(m, 1, d);
                }

                Number(m, 2, (long)TypeOf<T>());
                Text(m, 8, name);
                if (file is null)
                {
                    Bytes(m, 9, MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
                }
                else
                {
                    Bytes(m, 13, Entry("location", file));
                    Number(m, 14, 1);
                }
            })
        );
        return this;
    }

    private OnnxFile Port(List<byte[]> ports, string name, OnnxType type, long[] shape)
    {
        ports.Add(
            Message(port =>
            {
                Text(port, 1, name);
                Bytes(
                    port,
                    2,
                    Message(t =>
                        Bytes(
                            t,
                            1,
                            Message(tensor =>
                            {
                                Number(tensor, 1, (long)type);
                                Bytes(
                                    tensor,
                                    2,
                                    Message(dimensions =>
                                    {
                                        for (int i = 0; i < shape.Length; i++)
                                        {
                                            Bytes(
                                                dimensions,
                                                1,
                                                Message(d =>
                                                {
                                                    if (shape[i] >= 0)
                                                    {
                                                        Number(d, 1, shape[i]);
                                                    }
                                                    else
                                                    {
                                                        Text(d, 2, $"{name}_{i}");
                                                    }
                                                })
                                            );
                                        }
                                    })
                                );
                            })
                        )
                    )
                );
            })
        );
        return this;
    }
}

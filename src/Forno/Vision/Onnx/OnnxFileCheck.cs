using System.Globalization;

namespace Forno.Vision.Onnx;

/// <summary>
/// Looks at a file before ONNX Runtime reads it, so that what is no ONNX model is called by its name: the top level of
/// the protobuf <c>ModelProto</c> is walked (onnx.proto), its parts are not read.
/// </summary>
internal static class OnnxFileCheck
{
    private const int GraphField = 7;
    private static readonly int[] Fields = [1, 2, 3, 4, 5, 6, GraphField, 8, 14, 20, 25, 26];

    /// <summary>Passes a file that has the outer form of an ONNX model.</summary>
    /// <exception cref="FornoException">It is absent, cannot be read, is something else, or is cut off.</exception>
    public static void Require(string path)
    {
        if (Directory.Exists(path))
        {
            throw FornoException.ForFile(
                path,
                "an ONNX model was expected, this is a folder",
                "Name the .onnx file inside it."
            );
        }

        if (!File.Exists(path))
        {
            throw FornoException.ForFile(path, "there is no such file; an ONNX model was expected", "Check its name.");
        }

        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            Span<byte> head = stackalloc byte[64];
            head = head[..file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false)];
            file.Position = 0;
            if (Other(head, file.Length) is { } other)
            {
                throw FornoException.ForFile(path, $"an ONNX model was expected, found {other.What}", other.WayOut);
            }

            if (Flaw(file) is { } flaw)
            {
                throw FornoException.ForFile(path, $"an ONNX model was expected, {flaw}", "Fetch the file again.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(path, $"cannot be read ({e.Message})", "Check its permissions.", e);
        }
    }

    private static (string What, string WayOut)? Other(ReadOnlySpan<byte> head, long length) =>
        length == 0 ? ("an empty file", "Fetch the file again.")
        : head.StartsWith("version https://git-lfs"u8)
            ? (
                "a git-lfs pointer, which only names the model",
                "Fetch the model itself: git lfs pull, or download the file by its page."
            )
        : head.StartsWith("PK\u0003\u0004"u8)
            ? ("a zip archive (PyTorch's .pth and .ckpt are such)", "Name the .onnx file.")
        : head.StartsWith(new byte[] { 0x80, 0x02 }) ? ("a Python pickle (PyTorch's old .pth)", "Name the .onnx file.")
        : head.Length > 8 && head[8] == (byte)'{' ? ("a safetensors file", "Name the .onnx file.")
        : head.Length > 8 && head[4..8].SequenceEqual("ORTM"u8)
            ? ("a model in ONNX Runtime's own format", "Name the .onnx file that it was made from.")
        : head.TrimStart(" \r\n\t"u8) is var text && (text.StartsWith("<"u8) || text.StartsWith("{"u8))
            ? ("a text (a web page, perhaps of a download that failed)", "Fetch the file again.")
        : null;

    // What is wrong with the top level; null if it holds a graph and ends where the file does.
    private static string? Flaw(Stream file)
    {
        bool graph = false;
        while (file.Position < file.Length)
        {
            long at = file.Position;
            if (Varint(file) is not { } tag)
            {
                return CutOff(file);
            }

            if (!Fields.Contains((int)(tag >> 3)) || (tag & 7) is not (0 or 2))
            {
                return Invariant.Text($"but at byte {at} is something that no ONNX model has");
            }

            if (Varint(file) is not { } value)
            {
                return CutOff(file);
            }

            if ((tag & 7) == 2)
            {
                if (value > (ulong)(file.Length - file.Position))
                {
                    return Invariant.Text(
                        $"but it is cut off: {file.Position + (Int128)value} bytes are announced, "
                            + $"{file.Length} are there"
                    );
                }

                file.Position += (long)value;
            }

            graph |= tag >> 3 == GraphField;
        }

        return graph ? null : "but it has no graph";
    }

    private static string CutOff(Stream file) => Invariant.Text($"but it is cut off after {file.Length} bytes");

    private static ulong? Varint(Stream file)
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int next = file.ReadByte();
            if (next < 0)
            {
                return null;
            }

            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
            {
                return value;
            }
        }

        return ulong.MaxValue;
    }
}

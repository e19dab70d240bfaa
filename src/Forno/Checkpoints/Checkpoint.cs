using System.Buffers.Binary;
using Forno.Checkpoints.Pickle;
using Forno.Checkpoints.Sources;
using Forno.Files;

namespace Forno.Checkpoints;

/// <summary>Opens weight files by what is in them, whatever they are called.</summary>
public static class Checkpoint
{
    /// <summary>Opens a safetensors or PyTorch file, told apart by content.</summary>
    /// <param name="path">The file.</param>
    /// <returns>The open file; dispose it when its tensors are no longer needed.</returns>
    /// <exception cref="FornoException">It is absent, damaged, hostile, or something else; the message says
    /// what.</exception>
    public static ITensorSource Open(string path)
    {
        var map = MappedFile.Open(path);
        try
        {
            var head = map.Span(0, (int)Math.Min(map.Length, 512));
            // First, because a header's length can look like any other format's first bytes.
            if (LooksSafetensors(head, map.Length))
            {
                return SafetensorsFile.Open(path, map);
            }

            if (Recognise(head) is { } wrong)
            {
                throw FornoException.ForFile(path, wrong.Problem, wrong.WayOut);
            }

            return LooksPickled(head) ? PickleFile.Open(path, map) : SafetensorsFile.Open(path, map);
        }
        catch
        {
            map.Dispose();
            throw;
        }
    }

    private static bool LooksSafetensors(ReadOnlySpan<byte> head, long length) =>
        head.Length > 8 && head[8] == (byte)'{' && BinaryPrimitives.ReadUInt64LittleEndian(head) <= (ulong)(length - 8);

    /// <summary>
    /// Zip archives, or a legacy file: the PROTO opcode first, or the magic number as protocols 0 and 1 write it.
    /// </summary>
    private static bool LooksPickled(ReadOnlySpan<byte> head) =>
        head.StartsWith("PK\x03\x04"u8)
        || (head.Length > 1 && head[0] == 0x80 && head[1] <= 5)
        || head.StartsWith("L1195470"u8);

    /// <summary>The wrong files that people most often have under a model's name.</summary>
    private static (string Problem, string WayOut)? Recognise(ReadOnlySpan<byte> head)
    {
        const string Again = "Download it again, and check that the link leads to the file itself and needs no login.";
        if (head.Length == 0)
        {
            return ("the file is empty", "The download probably failed; download it again.");
        }

        if (head.IndexOfAnyExcept((byte)0) < 0)
        {
            return ("the file starts with zeros only", "The download or copy probably broke off; download it again.");
        }

        var text = head.TrimStart(" \t\r\n\xEF\xBB\xBF"u8);
        if (
            StartsWith(text, "<!doctype html"u8)
            || StartsWith(text, "<html"u8)
            || StartsWith(text, "<?xml"u8)
            || StartsWith(text, "<head"u8)
        )
        {
            return ("this is a web page, not a model", Again);
        }

        if (StartsWith(text, "version https://git-lfs"u8))
        {
            return (
                "this is a Git LFS pointer, not the model itself",
                "Run `git lfs pull` in that repository, or download the file from its page."
            );
        }

        if (
            StartsWith(text, "{\""u8)
            || StartsWith(text, "{\n"u8)
            || StartsWith(text, "{ "u8)
            || StartsWith(text, "{}"u8)
        )
        {
            return ("this is a JSON text, not a model", Again);
        }

        foreach (
            var (magic, what) in (ReadOnlySpan<(byte[], string)>)
                [
                    ("GGUF"u8.ToArray(), "a GGUF model of llama.cpp"),
                    ("GGML"u8.ToArray(), "a GGML model"),
                    ([0x1f, 0x8b], "a gzip archive"),
                    ("7z\xBC\xAF"u8.ToArray(), "a 7-Zip archive"),
                    ("Rar!"u8.ToArray(), "a RAR archive"),
                    ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG picture"),
                    ([0xff, 0xd8, 0xff], "a JPEG picture"),
                    ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 (Keras) model"),
                ]
        )
        {
            if (head.StartsWith(magic))
            {
                return ($"this is {what}", "Forno reads .safetensors and PyTorch's .ckpt, .pt, .pth and .bin files.");
            }
        }

        return null;
    }

    private static bool StartsWith(ReadOnlySpan<byte> text, ReadOnlySpan<byte> lowerCase) =>
        text.Length >= lowerCase.Length && System.Text.Ascii.EqualsIgnoreCase(text[..lowerCase.Length], lowerCase);
}

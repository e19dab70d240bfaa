using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Numerics;
using System.Text;

namespace Forno.Training.Logs;

/// <summary>
/// Writes scalars as a TensorBoard event file: TFRecord frames (length, masked CRC-32C, data, masked CRC-32C) of
/// <c>tensorflow.Event</c> messages. A file that ends in the middle of a frame is read up to there.
/// </summary>
public sealed class TensorBoard : IDisposable
{
    private readonly FileStream stream;
    private readonly TimeProvider clock;

    /// <summary>Starts a new event file.</summary>
    /// <param name="folder">The run's folder; made if it is absent.</param>
    /// <param name="clock">The clock; null = the system's.</param>
    /// <exception cref="FornoException">The folder cannot be written to.</exception>
    public TensorBoard(string folder, TimeProvider? clock = null)
    {
        this.clock = clock ?? TimeProvider.System;
        try
        {
            Directory.CreateDirectory(folder);
            long seconds = this.clock.GetUtcNow().ToUnixTimeSeconds();
            for (int number = 0; ; number++)
            {
                FilePath = Path.Combine(
                    folder,
                    Invariant.Text(
                        $"events.out.tfevents.{seconds:D10}.{Environment.MachineName}.{Environment.ProcessId}.{number}"
                    )
                );
                if (!File.Exists(FilePath))
                {
                    break;
                }
            }

            stream = new FileStream(FilePath, FileMode.CreateNew, FileAccess.Write, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException(
                $"{folder}: the log cannot be written ({e.Message}); choose another logging_dir",
                e
            );
        }

        Frame(Event(0, [0x1A, .. Sized("brain.Event:2"u8)])); // file_version = 3
        Flush();
    }

    /// <summary>The event file.</summary>
    public string FilePath { get; }

    /// <summary>Adds a scalar.</summary>
    /// <param name="tag">Its name, <c>loss/current</c> say.</param>
    /// <param name="value">Its value; not-a-number is kept.</param>
    /// <param name="step">The optimizer step.</param>
    public void Scalar(string tag, double value, long step)
    {
        // Summary { value = 1 { tag = 1, simple_value = 2 } }
        byte[] number = new byte[5];
        number[0] = 0x15;
        BinaryPrimitives.WriteSingleLittleEndian(number.AsSpan(1), (float)value);
        byte[] summaryValue = [0x0A, .. Sized(Encoding.UTF8.GetBytes(tag)), .. number];
        byte[] summary = [0x0A, .. Sized(summaryValue)];
        Frame(Event(step, [0x2A, .. Sized(summary)])); // summary = 5
    }

    /// <summary>Hands what was added to the operating system, so that a running TensorBoard shows it.</summary>
    public void Flush() => stream.Flush();

    /// <inheritdoc/>
    public void Dispose() => stream.Dispose();

    /// <summary>TFRecord's masked CRC-32C (Castagnoli): rotated right by 15 bits, plus a constant.</summary>
    internal static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32.HashToUInt32(Crc32ParameterSet.Crc32C, data);
        return BitOperations.RotateRight(crc, 15) + 0xA282EAD8;
    }

    /// <summary>An Event: wall_time = 1 (double), step = 2 (varint), and the rest as given.</summary>
    private byte[] Event(long step, ReadOnlySpan<byte> content)
    {
        byte[] time = new byte[9];
        time[0] = 0x09;
        BinaryPrimitives.WriteDoubleLittleEndian(
            time.AsSpan(1),
            (clock.GetUtcNow() - DateTimeOffset.UnixEpoch).TotalSeconds
        );
        return [.. time, 0x10, .. Varint((ulong)step), .. content];
    }

    private void Frame(byte[] data)
    {
        byte[] frame = new byte[12 + data.Length + 4];
        BinaryPrimitives.WriteUInt64LittleEndian(frame, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(8), MaskedCrc(frame.AsSpan(0, 8)));
        data.CopyTo(frame, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(12 + data.Length), MaskedCrc(data));
        stream.Write(frame);
    }

    private static byte[] Sized(ReadOnlySpan<byte> data) => [.. Varint((ulong)data.Length), .. data];

    private static List<byte> Varint(ulong value)
    {
        var bytes = new List<byte>();
        for (; value >= 0x80; value >>= 7)
        {
            bytes.Add((byte)(value | 0x80));
        }

        bytes.Add((byte)value);
        return bytes;
    }
}

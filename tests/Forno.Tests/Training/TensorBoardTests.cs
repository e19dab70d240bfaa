using System.Buffers.Binary;
using System.Text;
using Forno.Training.Logs;

namespace Forno.Tests.Training;

public sealed class TensorBoardTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("forno-board-").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public void FramesHoldEventsWithTheirChecksums()
    {
        string path;
        using (var board = new TensorBoard(folder))
        {
            board.Scalar("loss/current", 0.125, 300);
            board.Scalar("lr", double.NaN, 1L << 40);
            path = board.FilePath;
        }

        using var second = new TensorBoard(folder); // the same second: a name of its own
        Assert.NotEqual(path, second.FilePath);
        Assert.Matches(@"^events\.out\.tfevents\.\d{10}\.", Path.GetFileName(path));
        var events = Frames(File.ReadAllBytes(path));
        Assert.Equal(3, events.Count);
        Assert.Equal("brain.Event:2", Encoding.UTF8.GetString(events[0][^13..]));
        // wall_time (9 bytes), step 300 = AC 02, summary (field 5) of one value (field 1) with tag (1) and simple_value
        // (2)
        Assert.Equal(
            [
                0x10,
                0xAC,
                0x02,
                0x2A,
                21,
                0x0A,
                19,
                0x0A,
                12,
                .. Encoding.UTF8.GetBytes("loss/current"),
                0x15,
                0,
                0,
                0,
                0x3E,
            ],
            events[1][9..]
        );
        double time = BinaryPrimitives.ReadDoubleLittleEndian(events[1].AsSpan(1));
        Assert.InRange(
            time,
            DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60,
            DateTimeOffset.UtcNow.ToUnixTimeSeconds() + 60
        );
        Assert.Equal([0x10, 0x80, 0x80, 0x80, 0x80, 0x80, 0x20], events[2][9..16]);
    }

    [Fact]
    public void ChecksumsAreCastagnolisMasked()
    {
        // CRC-32C of "123456789" is E3069283; of 32 zero bytes 8A9136AA (RFC 3720, B.4)
        static uint Mask(uint crc) => ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
        Assert.Equal(Mask(0xE3069283), TensorBoard.MaskedCrc("123456789"u8));
        Assert.Equal(Mask(0x8A9136AA), TensorBoard.MaskedCrc(new byte[32]));
    }

    private static List<byte[]> Frames(ReadOnlySpan<byte> file)
    {
        var frames = new List<byte[]>();
        while (!file.IsEmpty)
        {
            int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
            Assert.Equal(TensorBoard.MaskedCrc(file[..8]), BinaryPrimitives.ReadUInt32LittleEndian(file[8..]));
            Assert.Equal(
                TensorBoard.MaskedCrc(file.Slice(12, length)),
                BinaryPrimitives.ReadUInt32LittleEndian(file[(12 + length)..])
            );
            frames.Add(file.Slice(12, length).ToArray());
            file = file[(16 + length)..];
        }

        return frames;
    }
}

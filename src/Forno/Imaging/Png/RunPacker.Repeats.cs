using System.IO.Compression;

namespace Forno.Imaging.Png;

// Bytes that repeat themselves go through zlib, in blocks of the same stream: its blocks begin and end at whole bytes.
internal sealed partial class RunPacker
{
    // Within a tenth as small as by zlib's usual level 6, in half the time.
    private static readonly ZLibCompressionOptions Repeats = new() { CompressionLevel = 4 };

    private DeflateStream? repeats;
    private Sink? sink;

    /// <summary>Adds bytes whose repetitions are worth looking for.</summary>
    public void AddRepeating(ReadOnlySpan<byte> bytes)
    {
        if (repeats is null)
        {
            if (filled > 0)
            {
                Flush(last: false);
            }

            EmptyStoredBlock();
            repeats = new DeflateStream(sink = new Sink(this), Repeats, leaveOpen: true);
        }

        sum.Append(bytes);
        repeats.Write(bytes);
    }

    // Ends at a whole byte, and the stream goes on: what zlib would write as its end is dropped.
    private void EndRepeats()
    {
        if (repeats is not null)
        {
            repeats.Flush();
            sink!.IsClosed = true;
            repeats.Dispose();
            repeats = null;
        }
    }

    // The shortest way to a whole byte (RFC 1951, 3.2.4).
    private void EmptyStoredBlock()
    {
        TakeRoom();
        Put(0, 3);
        if (bitCount > 0)
        {
            Put(0, 8 - bitCount);
        }

        Put(0xFFFF0000, 32);
    }

    private void Append(ReadOnlySpan<byte> whole)
    {
        while (whole.Length > 0)
        {
            TakeRoom();
            int part = Math.Min(whole.Length, HeaderBytes);
            whole[..part].CopyTo(packed.AsSpan(written));
            written += part;
            whole = whole[part..];
        }
    }

    private sealed class Sink(RunPacker to) : Stream
    {
        public bool IsClosed { get; set; }

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if (!IsClosed)
            {
                to.Append(buffer);
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() { }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

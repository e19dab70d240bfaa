using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Forno.Pocket;

/// <summary>
/// Writes a safetensors file with the one tensor <c>pictures</c>, uint8 [N, 3, 128, 128], picture by picture: N stands
/// in the header, which is therefore padded to a fixed size and written last.
/// </summary>
internal sealed class PictureWriter : IDisposable
{
    private const int HeaderBytes = 248;

    private readonly string path;
    private readonly FileStream file;
    private readonly IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long pictures;
    private bool finished;

    public PictureWriter(string path)
    {
        this.path = path;
        file = new FileStream(path + ".tmp", FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20);
        file.Write(new byte[8 + HeaderBytes]);
    }

    /// <summary>SHA-256 of the pixels, known after <see cref="Finish"/>.</summary>
    public string Hash { get; private set; } = "";

    public void Write(byte[] picture)
    {
        file.Write(picture);
        hash.AppendData(picture);
        pictures++;
    }

    /// <summary>Writes the header, flushes to disk and gives the file its name.</summary>
    public void Finish()
    {
        string header = string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"pictures\":{{\"dtype\":\"U8\",\"shape\":[{pictures},3,{PocketData.Side},{PocketData.Side}],\"data_offsets\":[0,{pictures * PocketData.PictureBytes}]}}}}");
        var head = new byte[8 + HeaderBytes];
        head.AsSpan().Fill((byte)' ');
        BinaryPrimitives.WriteUInt64LittleEndian(head, HeaderBytes);
        Encoding.UTF8.GetBytes(header, head.AsSpan(8));
        file.Position = 0;
        file.Write(head);
        file.Flush(flushToDisk: true);
        file.Dispose();
        File.Move(path + ".tmp", path, overwrite: true);
        Hash = Convert.ToHexStringLower(hash.GetHashAndReset());
        finished = true;
    }

    public void Dispose()
    {
        hash.Dispose();
        if (!finished)
        {
            file.Dispose();
            File.Delete(path + ".tmp");
        }
    }
}

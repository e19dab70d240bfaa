using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Png;

namespace Forno.Generation.Requests;

/// <summary>A picture that was drawn.</summary>
/// <param name="Seed">Its own seed.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Pixels">8-bit RGB, row by row.</param>
/// <param name="Infotext">What it was drawn with, as A1111 writes it.</param>
public sealed record GeneratedPicture(ulong Seed, int Width, int Height, byte[] Pixels, string Infotext)
{
    /// <summary>A view for drawing on sheets and comparing.</summary>
    public Picture ToPicture() => Picture.FromRgb(Pixels, Width, Height);

    /// <summary>A PNG file with the infotext under <c>parameters</c>.</summary>
    public byte[] ToPng()
    {
        using Picture picture = ToPicture();
        return PngText.Write(picture.EncodePng(), PngText.Parameters, Infotext);
    }

    /// <summary>Writes <see cref="ToPng"/>; whole or not at all.</summary>
    public void Save(string path) => AtomicFile.WriteBytes(path, ToPng());
}

/// <summary>What came of a request.</summary>
/// <param name="Pictures">In order of seed.</param>
/// <param name="Warnings">Such as modules of an adapter that have no place in the model.</param>
public sealed record GenerateResult(IReadOnlyList<GeneratedPicture> Pictures, IReadOnlyList<string> Warnings);

/// <summary>How far a request is.</summary>
/// <param name="Step">Sampling steps done, over all batches.</param>
/// <param name="Steps">Steps in all; an estimate for samplers that choose their own.</param>
/// <param name="Finished">A picture that has just been finished; else null.</param>
public readonly record struct GenerateProgress(long Step, long Steps, GeneratedPicture? Finished = null);

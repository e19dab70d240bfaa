using System.Security.Cryptography;
using Forno.Datasets.Masks;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.Masking;

namespace Forno.TestKit;

/// <summary>
/// Masks by a network on <see cref="MaskScenes"/>, labelled by the true outline: good if they share at least 0.8 of the
/// union with it (IoU). A mask is made once; the temporary folder keeps it, by the content of its picture.
/// </summary>
internal static class MaskMaterial
{
    /// <summary>From this overlap on a mask is labelled good.</summary>
    public const double Good = 0.8;

    /// <summary>A labelled mask.</summary>
    /// <param name="Name">The scene's.</param>
    /// <param name="Kind">The scene's kind of ground.</param>
    /// <param name="Mask">As the network gave it.</param>
    /// <param name="View">What the judge sees of the picture.</param>
    /// <param name="Overlap">IoU with the true outline, at the picture's size.</param>
    public sealed record Entry(string Name, string Kind, MaskPlane Mask, PictureView View, double Overlap)
    {
        public bool IsGood => Overlap >= Good;
    }

    /// <summary>Makes the material.</summary>
    /// <param name="model">The network's file.</param>
    /// <param name="from">The first scene's number.</param>
    /// <param name="count">How many.</param>
    /// <param name="secondHalf">Which part of the drawings.</param>
    public static IReadOnlyList<Entry> Make(string model, int from, int count, bool secondHalf)
    {
        string folder = Path.Join(Path.GetTempPath(), "forno-judged-masks");
        Directory.CreateDirectory(folder);
        using var network = new Later(model);
        var made = new List<Entry>();
        for (int i = from; i < from + count; i++)
        {
            MaskScenes.Scene scene = MaskScenes.Draw(i, secondHalf);
            using Picture picture = scene.Picture;
            string key = Convert.ToHexStringLower(
                SHA256.HashData([
                    .. picture.ToArray(),
                    .. System.Text.Encoding.UTF8.GetBytes($"{Path.GetFileName(model)} {new FileInfo(model).Length}"),
                ])
            )[..20];
            string file = Path.Join(folder, key + ".png");
            if (!File.Exists(file))
            {
                byte[] png = network.Mask(picture).EncodePng();
                File.WriteAllBytes(file + ".new", png);
                File.Move(file + ".new", file, overwrite: true);
            }

            var mask = MaskPlane.Load(file);
            made.Add(
                new Entry(
                    scene.Name,
                    scene.Kind,
                    mask,
                    PictureView.Of(picture),
                    mask.Resize(picture.Width, picture.Height).Overlap(scene.Truth)
                )
            );
        }

        return made;
    }

    // Opened only where a mask is missing.
    private sealed class Later(string model) : IDisposable
    {
        private MaskNetwork? network;

        public MaskPlane Mask(Picture picture)
        {
            network ??= MaskNetwork.Load(model, new MaskNetworkOptions());
            return network.Run(network.Prepare(picture));
        }

        public void Dispose() => network?.Dispose();
    }
}

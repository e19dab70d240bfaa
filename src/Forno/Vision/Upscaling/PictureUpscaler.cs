using Forno.Imaging;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// Upscales pictures through one model or several in a row. Alpha goes through the models apart from the colour, whose
/// hidden part is filled first, so that edges get no halo.
/// </summary>
/// <param name="models">The models in the order of their use.</param>
/// <param name="settings">How pictures are cut; null: chosen from model and memory.</param>
public sealed class PictureUpscaler(IReadOnlyList<Upscaler> models, TileSettings? settings = null)
{
    private readonly TileSettings tiles = settings ?? new TileSettings();

    /// <summary>The scale of all models together.</summary>
    public int Scale => models.Aggregate(1, (scale, model) => checked(scale * model.Info.Scale));

    /// <summary>Input pixels that all models together go through for a picture: the unit of progress.</summary>
    /// <param name="width">The picture's columns.</param>
    /// <param name="height">Its rows.</param>
    public long Work(int width, int height)
    {
        long work = 0,
            pixels = (long)width * height;
        foreach (Upscaler model in models)
        {
            work += pixels;
            pixels *= (long)model.Info.Scale * model.Info.Scale;
        }
        return work;
    }

    /// <summary>Upscales a picture.</summary>
    /// <param name="picture">Any picture; made 8-bit sRGB and upright.</param>
    /// <param name="progress">Told how many of <see cref="Work"/>'s pixels are done.</param>
    /// <param name="cancel">Stops between two tiles.</param>
    /// <returns>8-bit sRGB; with alpha only if some pixel of the input is not opaque.</returns>
    /// <exception cref="FornoException">The picture is damaged or the result too large, or a model is
    /// damaged.</exception>
    public Picture Run(Picture picture, IProgress<long>? progress = null, CancellationToken cancel = default)
    {
        using Autograd.Mode mode = Autograd.NoGrad();
        var pixels = Pixels.Of(picture);
        bool transparent = pixels.IsTransparent();
        Pixels alpha = transparent ? pixels.Alpha() : default;
        Pixels colour = transparent ? AlphaBleed.Fill(pixels) : pixels.Colour();
        long done = 0;
        foreach (Upscaler model in models)
        {
            colour = TiledUpscale.Run(model, colour, tiles, picture.Source, n => progress?.Report(done += n), cancel);
            // A filter that keeps the size cleans colours; an alpha channel has nothing to clean.
            if (transparent && model.Info.Scale > 1)
            {
                Pixels before = alpha;
                alpha = TiledUpscale.Run(model, before, tiles, picture.Source, _ => { }, cancel);
                KeepConstant(before, alpha, model.Info.Scale);
            }
        }
        return (transparent ? Pixels.Join(colour, alpha, picture.Source) : colour).ToPicture(picture.Source);
    }

    // Networks do not keep 0 and 255 exactly: where nothing changes round about, nothing is made of it.
    private static void KeepConstant(Pixels before, Pixels after, int scale)
    {
        (int width, int height) = (before.Width, before.Height);
        for (int y = 0; y < height; y++)
        {
            for (int x = 0; x < width; x++)
            {
                byte value = before.Samples[(y * width) + x];
                if (value is not (0 or 255) || !Same(before, x, y, value))
                {
                    continue;
                }
                for (int row = 0; row < scale; row++)
                {
                    after.Samples.AsSpan((((y * scale) + row) * after.Width) + (x * scale), scale).Fill(value);
                }
            }
        }
    }

    private static bool Same(Pixels picture, int x, int y, byte value)
    {
        int from = Math.Max(0, x - 1),
            to = Math.Min(picture.Width, x + 2);
        for (int row = Math.Max(0, y - 1); row < Math.Min(picture.Height, y + 2); row++)
        {
            if (picture.Samples.AsSpan((row * picture.Width) + from, to - from).ContainsAnyExcept(value))
            {
                return false;
            }
        }
        return true;
    }
}

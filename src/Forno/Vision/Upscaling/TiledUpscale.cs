using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>Runs a model over a picture tile by tile, in bounded memory.</summary>
public static class TiledUpscale
{
    /// <summary>A picture as a tensor: what the tiles of <paramref name="settings"/> make of it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="image">[1, 3, H, W] float32.</param>
    /// <param name="settings">How to cut it.</param>
    /// <returns>[1, 3, H·scale, W·scale], not clamped, in the current scope.</returns>
    public static Tensor Run(Upscaler model, Tensor image, TileSettings settings)
    {
        using var scope = new Scope();
        (int height, int width, int s) = ((int)image.Size(2), (int)image.Size(3), model.Info.Scale);
        var result = Tensor.Empty([1, 3, (long)height * s, (long)width * s]);
        foreach (Tile tile in TilePlan.Build(model.Info, width, height, settings))
        {
            using var part = new Scope();
            (int x, int y) = (tile.Left - tile.Margins.Left, tile.Top - tile.Margins.Top);
            Tensor seen = image.Slice(2, y, y + tile.FullHeight).Slice(3, x, x + tile.FullWidth).Contiguous();
            result
                .Slice(2, (long)tile.Top * s, (long)(tile.Top + tile.Height) * s)
                .Slice(3, (long)tile.Left * s, (long)(tile.Left + tile.Width) * s)
                .Copy_(model.Forward(seen, tile.Margins));
        }
        return scope.Keep(result);
    }

    /// <summary>RGB or grey samples: grey ones go through as three equal channels, and their mean comes back.</summary>
    /// <param name="model">The model.</param>
    /// <param name="picture">3 bands, or 1.</param>
    /// <param name="settings">How to cut it.</param>
    /// <param name="source">The picture's name, for errors.</param>
    /// <param name="done">Told the number of input pixels done with each tile.</param>
    /// <param name="cancel">Stops between two tiles.</param>
    /// <exception cref="FornoException">The result is too large, or the model gives no numbers.</exception>
    internal static Pixels Run(
        Upscaler model,
        Pixels picture,
        TileSettings settings,
        string source,
        Action<long> done,
        CancellationToken cancel
    )
    {
        int s = model.Info.Scale;
        var result = Pixels.Of((long)picture.Width * s, (long)picture.Height * s, picture.Bands, source);
        foreach (Tile tile in TilePlan.Build(model.Info, picture.Width, picture.Height, settings))
        {
            cancel.ThrowIfCancellationRequested();
            if (picture.Bands != 1 || !Constant(picture, tile, result, s))
            {
                using var scope = new Scope();
                Tensor answer = model.Forward(Cut(picture, tile), tile.Margins).Contiguous();
                if (!answer.AllFinite())
                {
                    throw FornoException.ForFile(
                        model.Path,
                        "its network gives infinite or undefined values",
                        "The file is damaged; get it again."
                    );
                }
                Put(answer.AsSpan<float>(), result, tile, s);
            }
            done((long)tile.Width * tile.Height);
        }
        return result;
    }

    private static Tensor Cut(Pixels picture, Tile tile)
    {
        (int width, int height) = (tile.FullWidth, tile.FullHeight);
        var x = Tensor.Empty([1, 3, height, width]);
        Span<float> planes = x.AsSpan<float>();
        int plane = width * height;
        for (int y = 0; y < height; y++)
        {
            int at =
                (((tile.Top - tile.Margins.Top + y) * picture.Width) + tile.Left - tile.Margins.Left) * picture.Bands;
            ReadOnlySpan<byte> row = picture.Samples.AsSpan(at, width * picture.Bands);
            for (int c = 0; c < 3; c++)
            {
                Span<float> line = planes.Slice((c * plane) + (y * width), width);
                for (int i = 0, j = picture.Bands == 1 ? 0 : c; i < width; i++, j += picture.Bands)
                {
                    line[i] = row[j] / 255f;
                }
            }
        }
        return x;
    }

    private static void Put(ReadOnlySpan<float> planes, Pixels result, Tile tile, int scale)
    {
        (int width, int height) = (tile.Width * scale, tile.Height * scale);
        int plane = width * height;
        for (int y = 0; y < height; y++)
        {
            Span<byte> row = result.Samples.AsSpan(
                (((tile.Top * scale) + y) * result.Width + (tile.Left * scale)) * result.Bands,
                width * result.Bands
            );
            for (int x = 0, i = y * width; x < width; x++, i++)
            {
                if (result.Bands == 1)
                {
                    row[x] = Byte((planes[i] + planes[i + plane] + planes[i + (2 * plane)]) / 3);
                }
                else
                {
                    (row[3 * x], row[(3 * x) + 1], row[(3 * x) + 2]) = (
                        Byte(planes[i]),
                        Byte(planes[i + plane]),
                        Byte(planes[i + (2 * plane)])
                    );
                }
            }
        }
    }

    // Most of an alpha channel is all opaque or all transparent, and stays so.
    private static bool Constant(Pixels picture, Tile tile, Pixels result, int scale)
    {
        int left = tile.Left - tile.Margins.Left,
            top = tile.Top - tile.Margins.Top;
        byte value = picture.Samples[(top * picture.Width) + left];
        for (int y = top; y < top + tile.FullHeight; y++)
        {
            if (picture.Samples.AsSpan((y * picture.Width) + left, tile.FullWidth).ContainsAnyExcept(value))
            {
                return false;
            }
        }
        for (int y = tile.Top * scale; y < (tile.Top + tile.Height) * scale; y++)
        {
            result.Samples.AsSpan((y * result.Width) + (tile.Left * scale), tile.Width * scale).Fill(value);
        }
        return true;
    }

    private static byte Byte(float value) => (byte)((Math.Clamp(value, 0f, 1f) * 255f) + 0.5f);
}

namespace Forno.Datasets.Duplicates;

/// <summary>
/// How far one picture's light may differ from another's: a straight line through one channel's values.
/// </summary>
/// <param name="LeastGain">The smallest slope.</param>
/// <param name="MostGain">The largest slope.</param>
/// <param name="MostShift">The largest constant, either way.</param>
/// <param name="Centre">The value that the slope turns about: 0 for luma, 128 for chroma.</param>
internal sealed record LightChange(double LeastGain, double MostGain, double MostShift, float Centre)
{
    private const double FarOff = 30;

    public static LightChange Luma { get; } = new(0.5, 2, 90, 0);

    public static LightChange Chroma { get; } = new(0.6, 1.6, 16, 128);

    /// <summary>
    /// Lays another picture's light over this one by least squares. Pixels at the ends of the scale, where light was
    /// clipped, have no say, nor in later rounds those that the line leaves far off: they show something else.
    /// </summary>
    /// <param name="pixels">Changed in place; 0–255.</param>
    /// <param name="model">As many values of the other picture.</param>
    /// <param name="rounds">How often the line is drawn.</param>
    public void LayOn(Span<float> pixels, ReadOnlySpan<float> model, int rounds)
    {
        (float gain, float shift) = (1, 0);
        for (int round = 0; round < rounds; round++)
        {
            float n = 0;
            double sx = 0,
                sy = 0,
                sxx = 0,
                sxy = 0;
            for (int i = 0; i < pixels.Length; i++)
            {
                float x = pixels[i] - Centre,
                    y = model[i] - Centre;
                if (
                    pixels[i] is > 1 and < 254
                    && model[i] is > 1 and < 254
                    && (round == 0 || Math.Abs((gain * x) + shift - y) < FarOff)
                )
                {
                    n++;
                    sx += x;
                    sy += y;
                    sxx += x * x;
                    sxy += x * y;
                }
            }

            double variance = sxx - (sx * sx / n);
            if (n < pixels.Length / 16 || !(variance > n * 4))
            {
                break; // nearly one colour: no line to draw
            }

            gain = (float)Math.Clamp((sxy - (sx * sy / n)) / variance, LeastGain, MostGain);
            shift = (float)Math.Clamp((sy - (gain * sx)) / n, -MostShift, MostShift);
        }

        for (int i = 0; i < pixels.Length; i++)
        {
            pixels[i] = Math.Clamp((gain * (pixels[i] - Centre)) + shift + Centre, 0, 255);
        }
    }
}

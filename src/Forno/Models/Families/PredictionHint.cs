using Forno.Checkpoints.Sources;

namespace Forno.Models.Families;

/// <summary>
/// What a file lets guess of the quantity its UNet predicts. Shapes do not tell, so the user can always overrule.
/// </summary>
/// <param name="PredictsV">Whether it seems to predict v rather than noise.</param>
/// <param name="ZeroTerminalSnr">Whether it seems to be trained on a schedule that ends in pure noise.</param>
/// <param name="Reason">Where the guess comes from, for messages.</param>
public sealed record PredictionHint(bool PredictsV, bool ZeroTerminalSnr, string Reason)
{
    // Used by stable-diffusion-webui for 2.x: 768-v models are above it, 512-base models below.
    private const double BiasDeviation = 0.09;

    /// <summary>
    /// Guesses from the metadata, marker tensors, a yaml beside the file and, in 2.x, the spread of one bias.
    /// </summary>
    /// <param name="source">The open file.</param>
    /// <param name="family">Its family.</param>
    public static PredictionHint Of(ITensorSource source, ModelFamily family)
    {
        bool zeroSnr = source.Tensors.ContainsKey("ztsnr");
        if (source.Metadata.TryGetValue("modelspec.prediction_type", out string? said) && said is "v" or "epsilon")
        {
            return new PredictionHint(said == "v", zeroSnr, "its metadata");
        }

        if (source.Tensors.ContainsKey("v_pred"))
        {
            return new PredictionHint(true, zeroSnr, "its tensor 'v_pred'");
        }

        if (Path.ChangeExtension(source.Path, ".yaml") is var yaml && File.Exists(yaml))
        {
            bool isV = File.ReadLines(yaml)
                .Take(1000)
                .Any(line => line.Trim().Replace('\'', '"') is "parameterization: \"v\"" or "parameterization: v");
            return new PredictionHint(isV, zeroSnr, Path.GetFileName(yaml));
        }

        const string Bias = ModelFamily.UNetPrefix + "output_blocks.11.1.transformer_blocks.0.norm1.bias";
        if (family == ModelFamily.Sd21)
        {
            string key = source.Tensors.ContainsKey(Bias) ? Bias : "state_dict/" + Bias;
            if (source.Tensors.TryGetValue(key, out var info) && info.Type.IsFloat())
            {
                return new PredictionHint(
                    Deviation(info, source.ReadBytes(key)) > BiasDeviation,
                    zeroSnr,
                    "the spread of its weights"
                );
            }
        }

        return new PredictionHint(false, zeroSnr, "its family");
    }

    /// <summary>Sample standard deviation, as torch.std computes it.</summary>
    private static double Deviation(TensorInfo info, byte[] bytes)
    {
        int size = info.Type.Size();
        double[] values = Enumerable
            .Range(0, bytes.Length / size)
            .Select(i => info.Type.ReadFloat(bytes.AsSpan(i * size, size)))
            .ToArray();
        double mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Length - 1));
    }
}

using Forno.Imaging;
using Forno.Torch;
using Forno.Vision.Upscaling;

namespace Forno.Studio.Datasets;

/// <summary>The models of one job, one after another.</summary>
internal sealed class UpscaleChain : IDisposable
{
    private readonly List<Upscaler> models = [];
    private readonly PictureUpscaler? upscaler;

    /// <summary>
    /// Loads the models; a dry run takes the scale of those with short names from the table and fetches nothing.
    /// </summary>
    /// <param name="names">Files or short names, in the order of their use.</param>
    /// <param name="settings">How pictures are cut.</param>
    /// <param name="dryRun">Whether nothing will be upscaled.</param>
    /// <param name="source">Fetches the package of those with short names.</param>
    public UpscaleChain(IReadOnlyList<string> names, TileSettings settings, bool dryRun, IModelSource source)
    {
        foreach (string name in names)
        {
            UpscaleModels.ByName(name); // all are there before the first is loaded
        }

        Device device = Device.CudaCount > 0 ? Device.Cuda() : Device.Cpu;
        Scale = 1;
        try
        {
            foreach (string name in names)
            {
                if (dryRun && UpscaleModels.ByName(name) is { } known)
                {
                    Scale *= known.Scale;
                    continue;
                }
                var model = Upscaler.Load(UpscaleModels.Find(name, source), device: device);
                models.Add(model);
                Scale *= model.Info.Scale;
            }
        }
        catch
        {
            Dispose();
            throw;
        }
        upscaler = dryRun ? null : new PictureUpscaler(models, settings);
    }

    /// <summary>The scale of all models together.</summary>
    public int Scale { get; }

    /// <summary>Pixels that the models go through for a picture.</summary>
    public long Work(Size size) => upscaler!.Work(size.Width, size.Height);

    /// <summary>Runs the models over a picture.</summary>
    public Picture Run(Picture picture, IProgress<long>? progress, CancellationToken cancel) =>
        upscaler!.Run(picture, progress, cancel);

    /// <inheritdoc/>
    public void Dispose() => models.ForEach(m => m.Dispose());
}

using Forno.Datasets.Cleaning;
using Forno.Imaging;
using Forno.Vision.TextDetection;

namespace Forno.Studio.Datasets;

/// <summary>
/// The text detector of a job, with the answers of earlier runs; its model is fetched on first need and opened only for
/// pictures that are new.
/// </summary>
internal sealed class TextDetection : IDisposable
{
    private readonly Lazy<TextDetector> detector;

    /// <summary>Gets ready.</summary>
    /// <param name="models">Fetches the model.</param>
    /// <param name="folder">The pictures' folder, whose cache is used.</param>
    /// <param name="model">An ONNX file of the user's; null: PP-OCRv4's.</param>
    /// <param name="settings">How pictures are shown to it; null: as usual.</param>
    public TextDetection(
        IModelSource models,
        string folder,
        string? model = null,
        TextDetectorSettings? settings = null
    )
    {
        if (model is null)
        {
            models.Ensure(TextDetector.Package);
        }

        Cache = TextCache.Open(folder, TextDetector.Identity(model, settings));
        detector = new Lazy<TextDetector>(() => TextDetector.Load(model, settings));
    }

    /// <summary>The answers.</summary>
    public TextCache Cache { get; }

    /// <summary>Finds the texts of a picture; from several threads.</summary>
    public IReadOnlyList<TextArea> Find(Picture picture) => detector.Value.Find(picture);

    /// <summary>Keeps the answers for the next run, or says why not.</summary>
    public void Save(JobProgress events)
    {
        if (Cache.Save() is { } why)
        {
            events.Say($"texts are not kept for the next run: {why}");
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (detector.IsValueCreated)
        {
            detector.Value.Dispose();
        }
    }
}

using Forno.Datasets.Cleaning;
using Forno.Vision.Inpainting;
using Forno.Vision.TextDetection;

namespace Forno.Studio.Datasets;

/// <summary>How text, speech bubbles and watermarks are looked for.</summary>
public sealed record BlemishSearch
{
    /// <summary>What is looked for.</summary>
    public BlemishSettings Find { get; init; } = new();

    /// <summary>Another text detector of PaddleOCR's kind in ONNX form; null: PP-OCRv4's.</summary>
    public string? Detector { get; init; }

    /// <summary>
    /// Whether small letters are looked for everywhere in large pictures, not only along their upper and lower edges.
    /// </summary>
    public bool Fine { get; init; }

    internal TextDetectorSettings? DetectorSettings => Fine ? new TextDetectorSettings { FineShare = 1 } : null;
}

/// <summary>What is done with what is found.</summary>
public abstract record Cleaning
{
    /// <summary>It becomes black in the masks.</summary>
    public sealed record Mark : Cleaning;

    /// <summary>It is covered with its blurred surroundings.</summary>
    public sealed record Blur : Cleaning;

    /// <summary>It is filled by a model.</summary>
    /// <param name="Model">An ONNX file of LaMa's kind.</param>
    /// <param name="Range">What the model takes for full brightness.</param>
    public sealed record Fill(string Model, InpaintRange Range = InpaintRange.Auto) : Cleaning;
}

/// <summary>How a data set is cleaned of text, speech bubbles and watermarks.</summary>
public sealed record CleanRequest
{
    /// <summary>Where.</summary>
    public required ChangePlace Place { get; init; }

    /// <summary>What is looked for.</summary>
    public BlemishSearch Search { get; init; } = new();

    /// <summary>What is done with it.</summary>
    public required Cleaning How { get; init; }

    /// <summary>The share of a picture, 0 to 1; where more is found, it is left as it is and named.</summary>
    public double MostShare { get; init; } = 0.4;
}

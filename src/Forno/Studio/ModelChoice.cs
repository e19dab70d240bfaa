using Forno.Diffusion;
using Forno.Files;
using Forno.Models;
using Forno.Torch;

namespace Forno.Studio;

/// <summary>Which base model a job draws with, and how it is loaded.</summary>
public sealed record ModelChoice
{
    /// <summary>The checkpoint; null: the base model that ships.</summary>
    public string? Path { get; init; }

    /// <summary>A file whose autoencoder stands in for the checkpoint's; null: its own.</summary>
    public string? VaePath { get; init; }

    /// <summary>Type of the weights.</summary>
    public DType Type { get; init; } = DType.Float32;

    /// <summary>Where it computes; null: on the graphics card where there is one.</summary>
    public Device? Device { get; init; }

    /// <summary>What the UNet predicts; null: by the file's marks.</summary>
    public Prediction? Prediction { get; init; }

    /// <summary>The checkpoint's path.</summary>
    /// <exception cref="FornoException">None is named and the base model that ships is not there.</exception>
    public string Checkpoint()
    {
        if (Path is not null)
        {
            return Path;
        }

        string pocket = System.IO.Path.Combine(Assets.Home() ?? ".", "pocket", "pocket.safetensors");
        return File.Exists(pocket)
            ? pocket
            : throw FornoException.ForFile(pocket, "the base model that ships is not there", "Name a checkpoint.");
    }

    /// <summary>Opens the checkpoint; the model is the caller's to dispose.</summary>
    /// <exception cref="FornoException">It is missing, damaged or of no known kind.</exception>
    public BaseModel Load() =>
        BaseModel.Load(
            Checkpoint(),
            new BaseModelOptions
            {
                VaePath = VaePath,
                Type = Type,
                Device =
                    Device ?? (Forno.Torch.Device.CudaCount > 0 ? Forno.Torch.Device.Cuda() : Forno.Torch.Device.Cpu),
                Prediction = Prediction,
            }
        );
}

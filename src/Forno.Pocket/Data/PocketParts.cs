using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Models;
using Forno.Models.Autoencoders;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Nn;

namespace Forno.Pocket.Data;

/// <summary>A part of a checkpoint together with the weights that it holds.</summary>
/// <typeparam name="T">The part.</typeparam>
/// <param name="Part">The part.</param>
/// <param name="Store">Its weights.</param>
public sealed record Loaded<T>(T Part, WeightStore Store) : IDisposable
{
    /// <summary>Frees the weights.</summary>
    public void Dispose() => Store.Dispose();
}

/// <summary>Single parts of checkpoints: those that the trainings write, or a whole one's.</summary>
public static class PocketParts
{
    /// <summary>Path of the text tower in the single-file checkpoint.</summary>
    public const string TextPath = "cond_stage_model.transformer";

    /// <summary>The autoencoder of a file, fp32.</summary>
    /// <param name="path">A file with <c>first_stage_model.…</c>.</param>
    /// <exception cref="FornoException">There is none, or it is damaged.</exception>
    public static Loaded<Vae> Vae(string path) =>
        Open(
            path,
            ModelFamily.VaePrefix,
            "autoencoder",
            "forno pocket train vae",
            (file, store) =>
                new Vae(
                    store.At(ModelFamily.VaePrefix.TrimEnd('.')),
                    VaeConfig.Detect(CheckpointWeights.Shapes(file), file.Metadata)
                )
        );

    /// <summary>The text encoder of a file of SD 1.x's family, fp32.</summary>
    /// <param name="path">A file with <c>cond_stage_model.transformer.…</c>.</param>
    /// <exception cref="FornoException">There is none, or it is damaged.</exception>
    public static Loaded<TextConditioning> Text(string path) =>
        Open(
            path,
            TextPath + ".",
            "text tower",
            "forno pocket train clip",
            (file, store) =>
                TextConditioning.Open(ModelFamily.Sd15, CheckpointWeights.Shapes(file), file.Metadata, store)
        );

    private static Loaded<T> Open<T>(
        string path,
        string prefix,
        string what,
        string command,
        Func<ITensorSource, WeightStore, T> make
    )
    {
        if (!File.Exists(path))
        {
            throw FornoException.ForFile(
                path,
                $"there is no such file; the {what} is needed",
                $"Train it first (`{command}`), or name another file."
            );
        }

        using ITensorSource file = Checkpoint.Open(path);
        if (!CheckpointWeights.Shapes(file).HasBelow(prefix))
        {
            throw FornoException.ForFile(path, $"it has no {what}", $"`{command}` writes one.");
        }

        WeightStore store = CheckpointWeights.Open([file]);
        try
        {
            T part = make(file, store);
            store.RequireAllTaken(prefix, KeyMap.IsHarmless);
            return new Loaded<T>(part, store);
        }
        catch
        {
            store.Dispose();
            throw;
        }
    }
}

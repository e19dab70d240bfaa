using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Optim;
using Forno.Torch;

namespace Forno.Training;

/// <summary>Where a run stands between two optimizer steps.</summary>
/// <param name="Seed">The run's seed.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Epoch">The epoch in progress, from 1.</param>
/// <param name="Batch">Batches of that epoch already done.</param>
/// <param name="SkippedSteps">Steps that fp16's loss scaler left out.</param>
/// <param name="LossScale">fp16's loss scale; 0 without.</param>
/// <param name="LossScaleAge">Good steps since the scale last changed.</param>
public sealed record TrainPosition(
    ulong Seed,
    long Step,
    int Epoch,
    int Batch,
    long SkippedSteps = 0,
    double LossScale = 0,
    long LossScaleAge = 0
);

/// <summary>
/// A run's state in one folder, one file: adapter, optimizer, position, and a checksum over all of it. The file is
/// complete or absent; one that was damaged later is known by its checksum and never loaded.
/// </summary>
public static class TrainState
{
    /// <summary>The file's name in a state's folder.</summary>
    public const string FileName = "state.safetensors";

    private const string AdapterPrefix = "adapter.",
        OptimizerPrefix = "optimizer.";

    /// <summary>Writes a state.</summary>
    /// <param name="folder">The state's folder, made if need be.</param>
    /// <param name="parameters">The adapter's tensors by name, fp32.</param>
    /// <param name="optimizer">The optimizer's state.</param>
    /// <param name="position">Where the run stands.</param>
    /// <param name="recipeKey">What tells this run's settings from others (<see cref="RecipeKey"/>).</param>
    public static void Save(
        string folder,
        IEnumerable<Parameter> parameters,
        OptimizerState optimizer,
        TrainPosition position,
        string recipeKey
    )
    {
        Directory.CreateDirectory(folder);
        using var scope = new Scope();
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (Parameter p in parameters)
        {
            tensors.Add(AdapterPrefix + p.Name, p.Tensor.Detach().To(Device.Cpu).Contiguous());
        }
        foreach ((string name, Tensor t) in optimizer.Tensors)
        {
            tensors.Add(OptimizerPrefix + name, t.To(Device.Cpu).Contiguous());
        }
        var metadata = new Dictionary<string, string>
        {
            ["forno.position"] = JsonSerializer.Serialize(position),
            ["forno.optimizer"] = JsonSerializer.Serialize(
                optimizer.Scalars.OrderBy(s => s.Key, StringComparer.Ordinal).ToDictionary()
            ),
            ["forno.recipe"] = recipeKey,
        };
        metadata["forno.checksum"] = Checksum(tensors, metadata);
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName),
            [.. tensors.Select(t => TensorToWrite.From(t.Key, t.Value))],
            metadata
        );
    }

    /// <summary>Reads a state into parameters and optimizer.</summary>
    /// <exception cref="FornoException">Absent, torn, or of another run.</exception>
    public static TrainPosition Load(
        string folder,
        IReadOnlyList<Parameter> parameters,
        Optimizer optimizer,
        string recipeKey
    )
    {
        string path = Path.Combine(folder, FileName);
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        using ITensorSource file = Checkpoint.Open(path);
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in file.Tensors.Keys)
        {
            tensors.Add(name, file.Load(name));
        }
        RequireWhole(path, tensors, file.Metadata);
        if (file.Metadata["forno.recipe"] != recipeKey)
        {
            throw new FornoException(
                $"{path}: this state is of a run with other settings (model, adapter, optimizer or data). "
                    + "Resume with the configuration that it was started with."
            );
        }
        Parameter? missing = parameters.FirstOrDefault(p =>
            !tensors.TryGetValue(AdapterPrefix + p.Name, out Tensor? t) || !t.Shape.SequenceEqual(p.Tensor.Shape)
        );
        if (missing is not null)
        {
            throw new FornoException(
                $"{path}: {missing.Name} is missing or of another shape; resume with the configuration that "
                    + "the run was started with"
            );
        }
        optimizer.Load(
            new OptimizerState(
                tensors
                    .Where(t => t.Key.StartsWith(OptimizerPrefix, StringComparison.Ordinal))
                    .ToDictionary(t => t.Key[OptimizerPrefix.Length..], t => t.Value),
                JsonSerializer.Deserialize<Dictionary<string, double>>(file.Metadata["forno.optimizer"])!
            )
        );
        foreach (Parameter p in parameters)
        {
            p.Tensor.Copy_(tensors[AdapterPrefix + p.Name]);
        }
        return JsonSerializer.Deserialize<TrainPosition>(file.Metadata["forno.position"])!;
    }

    /// <summary>Whether a folder holds a whole state; if not, why.</summary>
    public static bool IsWhole(string folder, out string reason)
    {
        try
        {
            string path = Path.Combine(folder, FileName);
            using var scope = new Scope();
            using ITensorSource file = Checkpoint.Open(path);
            var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
            foreach (string name in file.Tensors.Keys)
            {
                tensors.Add(name, file.Load(name));
            }
            RequireWhole(path, tensors, file.Metadata);
            reason = "";
            return true;
        }
        catch (FornoException e)
        {
            reason = e.Message;
            return false;
        }
    }

    /// <summary>
    /// The settings that a state belongs to, as a short hash: resuming under others would not be the same run.
    /// </summary>
    /// <param name="parts">Whatever must not change.</param>
    public static string RecipeKey(params IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];

    private static void RequireWhole(
        string path,
        SortedDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        if (!metadata.TryGetValue("forno.checksum", out string? told))
        {
            throw FornoException.ForFile(
                path,
                "this is no state of a Forno training",
                "Point --resume at a folder that ends in -state."
            );
        }
        if (told != Checksum(tensors, metadata))
        {
            throw FornoException.ForFile(
                path,
                "this state is damaged: its checksum does not fit its content",
                "Resume from an earlier state."
            );
        }
    }

    private static unsafe string Checksum(
        SortedDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Text(string text) => hash.AppendData(System.Text.Encoding.UTF8.GetBytes(text + "\0"));
        foreach (string key in (string[])["forno.position", "forno.optimizer", "forno.recipe"])
        {
            Text(metadata[key]);
        }
        foreach ((string name, Tensor tensor) in tensors)
        {
            Text(name);
            Text(tensor.ToString());
            hash.AppendData(new ReadOnlySpan<byte>(tensor.Pointer, checked((int)(tensor.Count * tensor.DType.Size()))));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

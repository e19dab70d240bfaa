using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
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

/// <summary>What a state says of itself.</summary>
/// <param name="Position">Where its run stands.</param>
/// <param name="Key">What tells its run's settings from others (<see cref="TrainState.RecipeKey"/>).</param>
/// <param name="Name">Its run's name; null: it does not say.</param>
public sealed record StateFacts(TrainPosition Position, string Key, string? Name);

/// <summary>
/// A run's state in one folder, one file: parameters, their averages, optimizer, position, and a checksum over all of
/// it. The file is complete or absent; one that was damaged later is known by its checksum and never loaded.
/// </summary>
public static class TrainState
{
    /// <summary>The file's name in a state's folder.</summary>
    public const string FileName = "state.safetensors";

    private const string ParameterPrefix = "adapter.",
        AveragePrefix = "average.",
        OptimizerPrefix = "optimizer.";
    private const string PositionKey = "forno.position",
        OptimizerKey = "forno.optimizer",
        RecipeKeyKey = "forno.recipe",
        NameKey = "forno.output_name",
        ChecksumKey = "forno.checksum";

    /// <summary>Writes a state.</summary>
    /// <param name="folder">The state's folder, made if need be.</param>
    /// <param name="optimizer">The optimizer, not evaluating, with the parameters.</param>
    /// <param name="averages">Averages of the parameters; null: the run keeps none.</param>
    /// <param name="facts">Where the run stands, and which it is.</param>
    public static void Save(string folder, Optimizer optimizer, Ema? averages, StateFacts facts)
    {
        Directory.CreateDirectory(folder);
        using var scope = new Scope();
        OptimizerState state = optimizer.State();
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (Parameter p in optimizer.Parameters)
        {
            tensors.Add(ParameterPrefix + p.Name, p.Tensor.Detach().To(Device.Cpu).Contiguous());
        }
        foreach ((string name, Tensor t) in averages?.Averages ?? new Dictionary<string, Tensor>())
        {
            tensors.Add(AveragePrefix + name, t.To(Device.Cpu).Contiguous());
        }
        foreach ((string name, Tensor t) in state.Tensors)
        {
            tensors.Add(OptimizerPrefix + name, t.To(Device.Cpu).Contiguous());
        }
        var metadata = new Dictionary<string, string>
        {
            [PositionKey] = JsonSerializer.Serialize(facts.Position),
            [OptimizerKey] = JsonSerializer.Serialize(
                state.Scalars.OrderBy(s => s.Key, StringComparer.Ordinal).ToDictionary()
            ),
            [RecipeKeyKey] = facts.Key,
        };
        if (facts.Name is { } run)
        {
            metadata[NameKey] = run;
        }
        metadata[ChecksumKey] = Checksum(tensors, metadata);
        SafetensorsWriter.Write(
            Path.Combine(folder, FileName),
            [.. tensors.Select(t => TensorToWrite.From(t.Key, t.Value))],
            metadata
        );
    }

    /// <summary>Reads a state into an optimizer, its parameters and their averages.</summary>
    /// <exception cref="FornoException">Absent, torn, or of another run.</exception>
    public static TrainPosition Load(string folder, Optimizer optimizer, Ema? averages, string recipeKey)
    {
        string path = Path.Combine(folder, FileName);
        using var scope = new Scope();
        using var mode = Autograd.NoGrad();
        using ITensorSource file = Checkpoint.Open(path);
        SortedDictionary<string, Tensor> tensors = LoadWhole(path, file);
        StateFacts facts = Facts(path, file.Metadata);
        if (facts.Key != recipeKey)
        {
            throw new FornoException(
                $"{path}: this state is of a run with other settings (model, adapter, optimizer or data). "
                    + "Resume with the configuration that it was started with."
            );
        }
        Parameter[] parameters = [.. optimizer.Parameters];
        Parameter? missing = Array.Find(
            parameters,
            p => !tensors.TryGetValue(ParameterPrefix + p.Name, out Tensor? t) || !t.Shape.SequenceEqual(p.Tensor.Shape)
        );
        if (missing is not null)
        {
            throw new FornoException(
                $"{path}: {missing.Name} is missing or of another shape; resume with the configuration that "
                    + "the run was started with"
            );
        }
        averages?.Load(Below(tensors, AveragePrefix), facts.Position.Step - facts.Position.SkippedSteps);
        optimizer.Load(
            new OptimizerState(
                Below(tensors, OptimizerPrefix),
                JsonSerializer.Deserialize<Dictionary<string, double>>(file.Metadata[OptimizerKey])!
            )
        );
        foreach (Parameter p in parameters)
        {
            p.Tensor.Copy_(tensors[ParameterPrefix + p.Name]);
        }
        return facts.Position;
    }

    /// <summary>Whether a folder holds the file of a state, whole or not.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>What a state says of itself; its tensors are not looked at.</summary>
    /// <exception cref="FornoException">Absent, torn, or no state.</exception>
    public static StateFacts Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        using ITensorSource file = Checkpoint.Open(path);
        return Facts(path, file.Metadata);
    }

    /// <summary>Whether a folder holds a whole state; if not, why.</summary>
    public static bool IsWhole(string folder, out string reason) => TryRead(folder, out _, out reason);

    /// <summary>What a whole state says of itself; false: it is absent or damaged.</summary>
    /// <param name="folder">The state's folder.</param>
    /// <param name="facts">What it says.</param>
    /// <param name="reason">Why it cannot be used.</param>
    public static bool TryRead(string folder, [NotNullWhen(true)] out StateFacts? facts, out string reason)
    {
        try
        {
            string path = Path.Combine(folder, FileName);
            using var scope = new Scope();
            using ITensorSource file = Checkpoint.Open(path);
            _ = LoadWhole(path, file);
            facts = Facts(path, file.Metadata);
            reason = "";
            return true;
        }
        catch (FornoException e)
        {
            (facts, reason) = (null, e.Message);
            return false;
        }
    }

    /// <summary>
    /// The settings that a state belongs to, as a short hash: resuming under others would not be the same run.
    /// </summary>
    /// <param name="parts">Whatever must not change.</param>
    public static string RecipeKey(params IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))))[..16];

    private static StateFacts Facts(string path, IReadOnlyDictionary<string, string> metadata)
    {
        RequireState(path, metadata);
        try
        {
            return new StateFacts(
                JsonSerializer.Deserialize<TrainPosition>(metadata[PositionKey])!,
                metadata[RecipeKeyKey],
                metadata.GetValueOrDefault(NameKey)
            );
        }
        catch (JsonException e)
        {
            throw Damaged(path, e);
        }
    }

    // Whether metadata are those of a state, of which the values may be damaged.
    internal static bool IsMarked(IReadOnlyDictionary<string, string> metadata) =>
        ((string[])[ChecksumKey, PositionKey, OptimizerKey, RecipeKeyKey]).All(metadata.ContainsKey);

    private static void RequireState(string path, IReadOnlyDictionary<string, string> metadata)
    {
        if (!IsMarked(metadata))
        {
            throw FornoException.ForFile(
                path,
                "this is not a state of a Forno training, or one of an earlier version",
                "Name a folder that a training of this version wrote."
            );
        }
    }

    private static SortedDictionary<string, Tensor> LoadWhole(string path, ITensorSource file)
    {
        var tensors = new SortedDictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (string name in file.Tensors.Keys)
        {
            tensors.Add(name, file.Load(name));
        }
        RequireState(path, file.Metadata);
        return file.Metadata[ChecksumKey] == Checksum(tensors, file.Metadata) ? tensors : throw Damaged(path);
    }

    private static FornoException Damaged(string path, Exception? inner = null) =>
        FornoException.ForFile(
            path,
            "this state is damaged: its checksum does not fit its content",
            "Resume from an earlier state.",
            inner
        );

    private static Dictionary<string, Tensor> Below(SortedDictionary<string, Tensor> tensors, string prefix) =>
        tensors
            .Where(t => t.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(t => t.Key[prefix.Length..], t => t.Value);

    private static unsafe string Checksum(
        SortedDictionary<string, Tensor> tensors,
        IReadOnlyDictionary<string, string> metadata
    )
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Text(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        foreach (string key in (string[])[PositionKey, OptimizerKey, RecipeKeyKey, NameKey])
        {
            if (metadata.TryGetValue(key, out string? value))
            {
                Text(value);
            }
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

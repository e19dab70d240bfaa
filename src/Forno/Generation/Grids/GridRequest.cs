using System.Globalization;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Generation.Loras;
using Forno.Generation.Requests;

namespace Forno.Generation.Grids;

/// <summary>An adapter file as a grid shows it.</summary>
/// <param name="Path">The file.</param>
/// <param name="Label">What stands beside its pictures.</param>
/// <param name="Epoch">The epoch after which it was saved, by its metadata; null: unknown.</param>
public sealed record GridAdapter(string Path, string Label, int? Epoch)
{
    /// <summary>The adapters of files and folders (with all below them), by epoch, then by name.</summary>
    /// <exception cref="FornoException">A path does not exist, or a folder has no weight files.</exception>
    public static IReadOnlyList<GridAdapter> Of(IEnumerable<string> paths)
    {
        GridAdapter[] found = [.. paths.SelectMany(Files).Distinct().Select(Read)];
        return [.. found.OrderBy(a => a.Epoch ?? int.MaxValue).ThenBy(a => a.Path, StringComparer.Ordinal)];
    }

    private static IEnumerable<string> Files(string path)
    {
        if (!Directory.Exists(path))
        {
            return File.Exists(path)
                ? [path]
                : throw FornoException.ForFile(
                    path,
                    "there is no such file or folder",
                    "Name adapter files, or a folder of them."
                );
        }

        string[] files = [.. LoraLibrary.FilesIn(path)];
        return files.Length > 0
            ? files
            : throw FornoException.ForFile(
                path,
                "there are no weight files in it",
                "Name adapter files, or a folder of them."
            );
    }

    private static GridAdapter Read(string path)
    {
        using ITensorSource source = Checkpoint.Open(path);
        int? epoch = int.TryParse(
            source.Metadata.GetValueOrDefault("ss_epoch"),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out int n
        )
            ? n
            : null;
        string name = System.IO.Path.GetFileNameWithoutExtension(path);
        return new GridAdapter(path, epoch is null ? name : Invariant.Text($"epoch {epoch}\n{name}"), epoch);
    }
}

/// <summary>Pictures of every adapter at every weight for every prompt and seed.</summary>
public sealed record GridRequest
{
    /// <summary>Everything but prompt, seed and adapters, which are replaced.</summary>
    public required GenerateRequest Base { get; init; }

    /// <summary>The adapters; none draws the model alone.</summary>
    public IReadOnlyList<GridAdapter> Adapters { get; init; } = [];

    /// <summary>Strengths; 0 is the model alone, drawn once for all adapters.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [1];

    /// <summary>The prompts.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>The seeds.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [1];

    /// <summary>How many different pictures must be drawn.</summary>
    public int Count =>
        Prompts.Count
        * Seeds.Count
        * (
            Adapters.Count == 0
                ? 1
                : (Weights.Contains(0) ? 1 : 0) + (Adapters.Count * Weights.Where(w => w != 0).Distinct().Count())
        );

    /// <summary>
    /// Draws. The axis of most use goes into columns, the next into rows, the last into sections: weights, adapters,
    /// prompts; where there is one weight or one adapter, prompts become rows.
    /// </summary>
    /// <param name="generator">With the model.</param>
    /// <param name="progress">Told how many pictures are done.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>Sections for <see cref="PictureGrid"/>, and the generator's warnings.</returns>
    public (IReadOnlyList<GridSection> Sections, IReadOnlyList<string> Warnings) Draw(
        PictureGenerator generator,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        if (Prompts.Count == 0 || Seeds.Count == 0 || Weights.Count == 0)
        {
            throw new FornoException("a grid needs at least one prompt, one seed and one weight");
        }

        var drawn = new Dictionary<(string Prompt, ulong Seed, string? Adapter, double Weight), GeneratedPicture>();
        var warnings = new List<string>();
        GeneratedPicture Cell((string Prompt, ulong Seed) subject, GridAdapter? adapter, double weight)
        {
            string? path = weight == 0 ? null : adapter?.Path;
            var key = (subject.Prompt, subject.Seed, path, path is null ? 0 : weight);
            if (!drawn.TryGetValue(key, out GeneratedPicture? picture))
            {
                GenerateResult result = generator.Draw(
                    Base with
                    {
                        Prompt = subject.Prompt,
                        Seed = subject.Seed,
                        BatchSize = 1,
                        BatchCount = 1,
                        Loras = path is null ? [] : [new LoraUse(path, weight, weight)],
                    },
                    null,
                    cancel
                );
                drawn[key] = picture = result.Pictures[0];
                warnings.AddRange(result.Warnings.Except(warnings));
                progress?.Report(drawn.Count);
            }
            return picture;
        }

        (string Prompt, ulong Seed)[] subjects = [.. Prompts.SelectMany(p => Seeds.Select(s => (p, s)))];
        string[] subjectLabels = [.. subjects.Select(SubjectLabel)];
        string[] weightLabels = [.. Weights.Select(WeightLabel)];
        GridAdapter?[] adapters = Adapters.Count > 0 ? [.. Adapters] : [null];
        string[] adapterLabels = [.. adapters.Select(a => a?.Label ?? "no LoRA")];
        GridSection[] sections =
            adapters.Length == 1
                ?
                [
                    new GridSection(
                        Adapters.Count > 0 ? adapterLabels[0].Replace('\n', ' ') : "",
                        Adapters.Count > 0 ? weightLabels : adapterLabels,
                        subjectLabels,
                        [
                            .. subjects.Select(s =>
                                (IReadOnlyList<GeneratedPicture>)
                                    [.. (Adapters.Count > 0 ? Weights : [0]).Select(w => Cell(s, adapters[0], w))]
                            ),
                        ]
                    ),
                ]
            : Weights.Count == 1
                ?
                [
                    new GridSection(
                        weightLabels[0],
                        adapterLabels,
                        subjectLabels,
                        [
                            .. subjects.Select(s =>
                                (IReadOnlyList<GeneratedPicture>)[.. adapters.Select(a => Cell(s, a, Weights[0]))]
                            ),
                        ]
                    ),
                ]
            :
            [
                .. subjects.Select(
                    (s, i) =>
                        new GridSection(
                            subjectLabels[i],
                            weightLabels,
                            adapterLabels,
                            [
                                .. adapters.Select(a =>
                                    (IReadOnlyList<GeneratedPicture>)[.. Weights.Select(w => Cell(s, a, w))]
                                ),
                            ]
                        )
                ),
            ];
        return (sections, warnings);
    }

    private string SubjectLabel((string Prompt, ulong Seed) subject) =>
        Seeds.Count == 1 ? subject.Prompt : Invariant.Text($"{subject.Prompt}\nseed {subject.Seed}");

    private static string WeightLabel(double weight) =>
        weight == 0 ? "no LoRA" : Invariant.Text($"weight {weight:0.###}");
}

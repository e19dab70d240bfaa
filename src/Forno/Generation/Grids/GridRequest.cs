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
    public int Count => Cells().Distinct().Count();

    /// <summary>Finds and checks all that can be without a model.</summary>
    /// <param name="library">Where adapters of prompts are found by name.</param>
    /// <exception cref="FornoException">The grid is empty, or a picture of it cannot be drawn; says why.</exception>
    public void Check(LoraLibrary library)
    {
        if (Prompts.Count == 0 || Seeds.Count == 0 || Weights.Count == 0)
        {
            throw new FornoException("a grid needs at least one prompt, one seed and one weight");
        }

        foreach (Cell cell in Cells().DistinctBy(c => (c.Prompt, c.Adapter, c.Weight)))
        {
            ResolvedRequest.Of(RequestOf(cell), library);
        }
    }

    /// <summary>
    /// Draws. The axis of most use goes into columns, the next into rows, the last into sections: weights, adapters,
    /// prompts; where there is one weight or one adapter, prompts become rows.
    /// </summary>
    /// <param name="generator">With the model.</param>
    /// <param name="progress">Told how many pictures are done.</param>
    /// <param name="cancel">Stops between steps.</param>
    /// <returns>Sections for <see cref="PictureGrid"/>, and the generator's warnings.</returns>
    /// <exception cref="FornoException">As <see cref="Check"/>, or the model or an adapter does not do.</exception>
    public (IReadOnlyList<GridSection> Sections, IReadOnlyList<string> Warnings) Draw(
        PictureGenerator generator,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        Check(generator.Library);
        var drawn = new Dictionary<Cell, GeneratedPicture>();
        var warnings = new List<string>();
        foreach (Cell cell in Cells().Distinct())
        {
            GenerateResult result = generator.Draw(RequestOf(cell), null, cancel);
            drawn.Add(cell, result.Pictures[0]);
            warnings.AddRange(result.Warnings.Except(warnings));
            progress?.Report(drawn.Count);
        }

        return (Sections((subject, adapter, weight) => drawn[CellOf(subject, adapter, weight)]), warnings);
    }

    // In the order in which they stand on the sheet.
    private IEnumerable<Cell> Cells() =>
        from subject in Subjects()
        from adapter in AdapterAxis()
        from weight in WeightAxis()
        select CellOf(subject, adapter, weight);

    private IEnumerable<Subject> Subjects() => Prompts.SelectMany(p => Seeds.Select(s => new Subject(p, s)));

    private IReadOnlyList<GridAdapter?> AdapterAxis() => Adapters.Count > 0 ? [.. Adapters] : [null];

    private IReadOnlyList<double> WeightAxis() => Adapters.Count > 0 ? Weights : [0];

    // Without an adapter all weights are one, and at weight 0 all adapters.
    private static Cell CellOf(Subject subject, GridAdapter? adapter, double weight) =>
        new(subject.Prompt, subject.Seed, weight == 0 ? null : adapter?.Path, adapter is null ? 0 : weight);

    private GenerateRequest RequestOf(Cell cell) =>
        Base with
        {
            Prompt = cell.Prompt,
            Seed = cell.Seed,
            BatchSize = 1,
            BatchCount = 1,
            Loras = cell.Adapter is null ? [] : [new LoraUse(cell.Adapter, cell.Weight, cell.Weight)],
        };

    private GridSection[] Sections(Func<Subject, GridAdapter?, double, GeneratedPicture> picture)
    {
        Subject[] subjects = [.. Subjects()];
        IReadOnlyList<GridAdapter?> adapters = AdapterAxis();
        IReadOnlyList<double> weights = WeightAxis();
        string[] subjectLabels = [.. subjects.Select(SubjectLabel)],
            weightLabels = [.. weights.Select(WeightLabel)],
            adapterLabels = [.. adapters.Select(a => a?.Label ?? "no LoRA")];
        if (adapters is [var only])
        {
            return
            [
                new GridSection(
                    only is null ? "" : adapterLabels[0].Replace('\n', ' '),
                    weightLabels,
                    subjectLabels,
                    Rows(subjects, s => weights.Select(w => picture(s, only, w)))
                ),
            ];
        }

        if (weights is [var weight])
        {
            return
            [
                new GridSection(
                    weightLabels[0],
                    adapterLabels,
                    subjectLabels,
                    Rows(subjects, s => adapters.Select(a => picture(s, a, weight)))
                ),
            ];
        }

        return
        [
            .. subjects.Select(
                (s, i) =>
                    new GridSection(
                        subjectLabels[i],
                        weightLabels,
                        adapterLabels,
                        Rows(adapters, a => weights.Select(w => picture(s, a, w)))
                    )
            ),
        ];
    }

    private static IReadOnlyList<IReadOnlyList<GeneratedPicture>> Rows<T>(
        IEnumerable<T> of,
        Func<T, IEnumerable<GeneratedPicture>> row
    ) => [.. of.Select(x => (IReadOnlyList<GeneratedPicture>)[.. row(x)])];

    private string SubjectLabel(Subject subject) =>
        Seeds.Count == 1 ? subject.Prompt : Invariant.Text($"{subject.Prompt}\nseed {subject.Seed}");

    private static string WeightLabel(double weight) =>
        weight == 0 ? "no LoRA" : Invariant.Text($"weight {weight:0.###}");

    private readonly record struct Subject(string Prompt, ulong Seed);

    // A picture; adapter null: the model alone.
    private readonly record struct Cell(string Prompt, ulong Seed, string? Adapter, double Weight);
}

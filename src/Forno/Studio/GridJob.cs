using Forno.Files;
using Forno.Generation;
using Forno.Generation.Grids;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Torch;

namespace Forno.Studio;

/// <summary>Pictures of adapters, weights and prompts to draw on one sheet.</summary>
public sealed record GridJobRequest
{
    /// <summary>The base model.</summary>
    public ModelChoice Model { get; init; } = new();

    /// <summary>Folders in which the adapters that prompts name are found.</summary>
    public IReadOnlyList<string> LoraFolders { get; init; } = [];

    /// <summary>Everything but prompt, seed and adapters.</summary>
    public required GenerateRequest Base { get; init; }

    /// <summary>Adapter files, or folders of them; none draws the model alone.</summary>
    public IReadOnlyList<string> Adapters { get; init; } = [];

    /// <summary>Strengths of the adapters; 0 is the model alone.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [1];

    /// <summary>The prompts.</summary>
    public required IReadOnlyList<string> Prompts { get; init; }

    /// <summary>Seeds; each prompt is drawn with each.</summary>
    public IReadOnlyList<ulong> Seeds { get; init; } = [1];

    /// <summary>The sheet, a <c>.png</c> file.</summary>
    public required string File { get; init; }

    /// <summary>Whether it may be replaced.</summary>
    public bool Overwrite { get; init; }
}

/// <summary>What a job would draw; the answer of <c>grid --dry-run --json</c>.</summary>
/// <param name="Model">The checkpoint.</param>
/// <param name="Adapters">Files of the adapters, in their order on the sheet.</param>
/// <param name="Weights">Their strengths.</param>
/// <param name="Prompts">The prompts.</param>
/// <param name="Seeds">The seeds.</param>
/// <param name="Pictures">How many pictures would be drawn.</param>
/// <param name="File">The sheet.</param>
public sealed record GridPlan(
    string Model,
    IReadOnlyList<string> Adapters,
    IReadOnlyList<double> Weights,
    IReadOnlyList<string> Prompts,
    IReadOnlyList<ulong> Seeds,
    int Pictures,
    string File
);

/// <summary>What a job drew; the answer of <c>grid --json</c>.</summary>
/// <param name="File">The sheet.</param>
/// <param name="Pictures">How many pictures were drawn for it.</param>
/// <param name="Warnings">Such as modules of an adapter that have no place in the model.</param>
public sealed record GridJobResult(string File, int Pictures, IReadOnlyList<string> Warnings);

/// <summary>Draws a sheet of every adapter at every weight for every prompt and seed.</summary>
/// <param name="request">What is wanted.</param>
public sealed class GridJob(GridJobRequest request) : IJob<GridJobResult>
{
    private readonly LoraLibrary library = new([.. request.LoraFolders]);

    /// <summary>What would be drawn; nothing is loaded or written.</summary>
    /// <exception cref="FornoException">The request cannot be met; all is checked that needs no model.</exception>
    public GridPlan Plan()
    {
        GridRequest grid = Resolve();
        return new GridPlan(
            request.Model.Checkpoint(),
            [.. grid.Adapters.Select(a => a.Path)],
            grid.Weights,
            grid.Prompts,
            grid.Seeds,
            grid.Count,
            request.File
        );
    }

    /// <inheritdoc/>
    public GridJobResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        // All that can be wrong without the model is found before it is loaded.
        GridRequest grid = Resolve();
        using BaseModel model = request.Model.Load();
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        var generator = new PictureGenerator(model, library);
        string footer = Footer(generator, grid);
        NewFile.MakeFolder(request.File);
        progress?.Report(new JobEvent.Started("draw", grid.Count, "pictures"));
        (IReadOnlyList<GridSection> sections, IReadOnlyList<string> warnings) = grid.Draw(
            generator,
            progress is null ? null : new Counter(progress),
            cancel
        );
        foreach (string warning in warnings)
        {
            progress?.Report(new JobEvent.Said(warning));
        }

        using Picture sheet = PictureGrid.Draw("", sections, footer);
        DrawnNames.RequirePng(request.File, request.Overwrite); // it may have come into being meanwhile
        AtomicFile.WriteBytes(request.File, sheet.EncodePng());
        progress?.Report(new JobEvent.Made(request.File));
        return new GridJobResult(request.File, grid.Count, warnings);
    }

    private GridRequest Resolve()
    {
        DrawnNames.RequirePng(request.File, request.Overwrite);
        var grid = new GridRequest
        {
            Base = request.Base,
            Adapters = GridAdapter.Of(request.Adapters),
            Weights = request.Weights,
            Prompts = request.Prompts,
            Seeds = request.Seeds,
        };
        grid.Check(library);
        return grid;
    }

    // What all pictures share.
    private static string Footer(PictureGenerator generator, GridRequest grid)
    {
        ulong seed = grid.Seeds[0];
        var info = Infotext.Of(generator.Resolve(grid.Base with { Prompt = "", Seed = seed }), seed);
        return (
            grid.Seeds.Count == 1 ? info : info with { Fields = [.. info.Fields.Where(f => f.Key != "Seed")] }
        ).ToString();
    }

    private sealed class Counter(IProgress<JobEvent> progress) : IProgress<long>
    {
        public void Report(long value) => progress.Report(new JobEvent.Advanced(value));
    }
}

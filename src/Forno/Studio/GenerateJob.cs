using Forno.Generation;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Torch;

namespace Forno.Studio;

/// <summary>Pictures to draw into files.</summary>
public sealed record GenerateJobRequest
{
    /// <summary>The base model.</summary>
    public ModelChoice Model { get; init; } = new();

    /// <summary>Folders in which the adapters that prompts name are found.</summary>
    public IReadOnlyList<string> LoraFolders { get; init; } = [];

    /// <summary>What to draw.</summary>
    public required GenerateRequest Pictures { get; init; }

    /// <summary>A folder for numbered PNG files, or one file that ends in <c>.png</c>.</summary>
    public required string Output { get; init; }

    /// <summary>Whether a file that <see cref="Output"/> names may be replaced.</summary>
    public bool Overwrite { get; init; }
}

/// <summary>What a job would draw; the answer of <c>generate --dry-run --json</c>.</summary>
/// <param name="Model">The checkpoint.</param>
/// <param name="Adapters">Files of the adapters.</param>
/// <param name="Files">Where the pictures would go.</param>
public sealed record GeneratePlan(string Model, IReadOnlyList<string> Adapters, IReadOnlyList<string> Files);

/// <summary>What a job drew; the answer of <c>generate --json</c>.</summary>
/// <param name="Model">The checkpoint.</param>
/// <param name="Files">The pictures, in order of seed.</param>
/// <param name="Warnings">Such as modules of an adapter that have no place in the model.</param>
public sealed record GenerateJobResult(string Model, IReadOnlyList<DrawnFile> Files, IReadOnlyList<string> Warnings);

/// <summary>A picture in its file.</summary>
/// <param name="Path">The PNG file.</param>
/// <param name="Seed">Its own seed.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Infotext">What it was drawn with, as A1111 writes it; the file carries it too.</param>
public sealed record DrawnFile(string Path, ulong Seed, int Width, int Height, string Infotext);

/// <summary>Draws pictures into files, each written as soon as it is finished.</summary>
/// <param name="request">What is wanted.</param>
public sealed class GenerateJob(GenerateJobRequest request) : IJob<GenerateJobResult>
{
    private readonly DrawnNames names = new(request.Output, request.Overwrite);

    /// <summary>What would be drawn and where; nothing is loaded or written.</summary>
    /// <exception cref="FornoException">The request cannot be met; all is checked that needs no model.</exception>
    public GeneratePlan Plan()
    {
        ResolvedRequest resolved = Resolve();
        return new GeneratePlan(
            request.Model.Checkpoint(),
            [.. resolved.Loras.Select(l => l.Path)],
            names.For(resolved.Seeds)
        );
    }

    /// <inheritdoc/>
    public GenerateJobResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        // All that can be wrong without the model is found before it is loaded.
        ResolvedRequest resolved = Resolve();
        IReadOnlyList<string> planned = names.For(resolved.Seeds);
        using BaseModel model = request.Model.Load();
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        FittedRequest fitted = resolved.Fit(model);
        NewFile.MakeFolder(planned[0]);
        progress?.Report(new JobEvent.Started("draw", (long)resolved.Asked.Steps * resolved.Asked.BatchCount, "steps"));
        var files = new List<DrawnFile>(planned.Count);
        GenerateResult drawn = new PictureGenerator(model).Draw(fitted, new Saver(Save), cancel);
        foreach (string warning in drawn.Warnings)
        {
            progress?.Report(new JobEvent.Said(warning));
        }

        return new GenerateJobResult(model.Path, files, drawn.Warnings);

        void Save(GenerateProgress made)
        {
            if (made.Finished is { } picture)
            {
                string path = names.Settle(planned[files.Count], picture.Seed);
                picture.Save(path);
                files.Add(new DrawnFile(path, picture.Seed, picture.Width, picture.Height, picture.Infotext));
                progress?.Report(new JobEvent.Made(path));
            }

            progress?.Report(new JobEvent.Advanced(made.Step));
        }
    }

    private ResolvedRequest Resolve() =>
        ResolvedRequest.Of(request.Pictures, new LoraLibrary([.. request.LoraFolders]));

    private sealed class Saver(Action<GenerateProgress> save) : IProgress<GenerateProgress>
    {
        public void Report(GenerateProgress value) => save(value);
    }
}

using System.Text.Json.Serialization;
using Forno.Datasets.Edits;
using Forno.Files;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Studio.Datasets;

/// <summary>Single pictures to upscale.</summary>
public sealed record UpscaleFilesRequest
{
    /// <summary>The pictures; they stay as they are.</summary>
    public required IReadOnlyList<string> Sources { get; init; }

    /// <summary>By what and to what size.</summary>
    public required Upscaling How { get; init; }

    /// <summary>A picture file for one picture, or a folder; null is refused.</summary>
    public string? Output { get; init; }

    /// <summary>Whether files that exist may be replaced.</summary>
    public bool Overwrite { get; init; }

    /// <summary>Whether nothing is written.</summary>
    public bool DryRun { get; init; }
}

/// <summary>Pictures that were (or would be) upscaled.</summary>
public sealed record UpscaleFilesResult
{
    /// <summary>The pictures that were made.</summary>
    public required IReadOnlyList<UpscaledFile> Pictures { get; init; }

    /// <summary>Sources that are large enough already.</summary>
    public required IReadOnlyList<string> Untouched { get; init; }

    /// <summary>Sources that could not be upscaled, and why.</summary>
    public required IReadOnlyList<Problem> Problems { get; init; }

    /// <summary>The sizes of <see cref="Untouched"/>.</summary>
    [JsonIgnore]
    public IReadOnlyList<Size> UntouchedSizes { get; init; } = [];
}

/// <summary>A picture that was made.</summary>
/// <param name="Source">The picture that it was made of.</param>
/// <param name="File">Its own file.</param>
/// <param name="From">The size before, <c>512x512</c>.</param>
/// <param name="To">Its own size.</param>
public sealed record UpscaledFile(string Source, string File, string From, string To);

/// <summary>Upscales single pictures, each to a file of its own, whole or absent.</summary>
/// <param name="request">What is wanted.</param>
/// <param name="models">Fetches models.</param>
public sealed class UpscaleFilesJob(UpscaleFilesRequest request, IModelSource models) : IJob<UpscaleFilesResult>
{
    private static readonly string[] Extensions = [".png", ".webp", ".jpg", ".jpeg"];

    private sealed record Entry(string Source, string File, Size From, Size? To);

    /// <inheritdoc/>
    /// <exception cref="NeedsOutputException">No output is named.</exception>
    public UpscaleFilesResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        string output =
            request.Output
            ?? throw new NeedsOutputException(
                request.Sources[0],
                "originals are never changed",
                "Choose a picture file for one picture, or a folder."
            );
        using var chain = new UpscaleChain(request.How.Models, request.How.Tiles, request.DryRun, models);
        var problems = new List<Problem>();
        List<Entry> entries = Entries(output, chain.Scale, problems);
        Entry[] todo = [.. entries.Where(t => t.To is not null)],
            large = [.. entries.Where(t => t.To is null)];
        IReadOnlyList<Entry> done = request.DryRun
            ? todo
            : Do(todo, chain, problems, new JobProgress(progress), cancel);
        return new UpscaleFilesResult
        {
            Pictures =
            [
                .. done.Select(t => new UpscaledFile(t.Source, t.File, t.From.ToString(), t.To!.Value.ToString())),
            ],
            Untouched = [.. large.Select(t => t.Source)],
            UntouchedSizes = [.. large.Select(t => t.From)],
            Problems = problems,
        };
    }

    private List<Entry> Entries(string output, int scale, List<Problem> problems)
    {
        var entries = new List<Entry>();
        foreach (string source in request.Sources)
        {
            try
            {
                var info = PictureFile.Inspect(source);
                var size = new Size(info.Width, info.Height);
                var entry = new Entry(source, Name(source, output), size, request.How.Target.Of(size, scale));
                if (!request.Overwrite && File.Exists(entry.File))
                {
                    throw FornoException.ForFile(
                        entry.File,
                        "it exists already",
                        "Choose another name, or allow to overwrite it."
                    );
                }

                entries.Add(
                    entries.All(t => t.File != entry.File) && Path.GetFullPath(entry.File) != Path.GetFullPath(source)
                        ? entry
                        : throw FornoException.ForFile(
                            source,
                            $"its result would be {entry.File}, which is another picture's",
                            "Choose another folder, or upscale it apart."
                        )
                );
            }
            catch (FornoException e)
            {
                problems.Add(Problem.Of(source, e));
            }
        }

        return entries;
    }

    private static List<Entry> Do(
        Entry[] todo,
        UpscaleChain chain,
        List<Problem> problems,
        JobProgress events,
        CancellationToken cancel
    )
    {
        var done = new List<Entry>();
        long before = 0;
        // In thousands of pixels that the models go through: pictures differ too much for a rate.
        events.Report(new JobEvent.Started("upscale", todo.Sum(t => chain.Work(t.From)) / 1000, "kpx"));
        foreach (Entry entry in todo)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                using Picture picture = PictureFile.Inspect(entry.Source).Decode();
                var ahead = new Ahead(events, before, Path.GetFileName(entry.Source));
                using Picture result = UpscalePlan.Upscale(picture, entry.To!.Value, p => chain.Run(p, ahead, cancel));
                Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(entry.File))!);
                AtomicFile.WriteBytes(entry.File, Encode(result, entry.File));
                done.Add(entry);
                events.Report(new JobEvent.Made(entry.File));
            }
            catch (FornoException e)
            {
                problems.Add(Problem.Of(entry.Source, e));
            }

            before += chain.Work(entry.From);
        }

        return done;
    }

    // One picture may be told its file; several go into a folder, as PNG.
    private string Name(string source, string output)
    {
        string extension = Path.GetExtension(output).ToLowerInvariant();
        return !Extensions.Contains(extension) || Directory.Exists(output)
                ? Path.Combine(output, Path.GetFileNameWithoutExtension(source) + ".png")
            : request.Sources.Count == 1 ? output
            : throw FornoException.ForFile(
                output,
                $"it is the name of one picture, and there are {request.Sources.Count}",
                "Choose a folder."
            );
    }

    private static byte[] Encode(Picture picture, string file)
    {
        switch (Path.GetExtension(file).ToLowerInvariant())
        {
            case ".webp":
                return picture.EncodeWebp(100);
            case ".jpg" or ".jpeg":
                using (Picture opaque = picture.Flatten(Rgb.White))
                {
                    return opaque.EncodeJpeg(95);
                }
            default:
                return picture.EncodePng();
        }
    }

    private sealed class Ahead(JobProgress events, long before, string note) : IProgress<long>
    {
        public void Report(long value) => events.Report(new JobEvent.Advanced((before + value) / 1000, note));
    }
}

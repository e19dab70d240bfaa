using System.Text.Json;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Edits;
using Forno.Files;
using Forno.Imaging;
using Forno.Reports;
using Forno.Studio;
using Forno.Workspace;

namespace Forno.Cli.Commands.Datasets;

/// <summary><c>forno upscale</c> for single pictures: each to a file of its own, whole or absent.</summary>
internal static class UpscaleFiles
{
    private static readonly string[] Extensions = [".png", ".webp", ".jpg", ".jpeg"];

    private sealed record Job(string Source, string File, Size From, Size? To);

    public static int Run(
        CommandHost cli,
        UpscaleChain chain,
        UpscaleTarget target,
        string[] sources,
        string? output,
        bool overwrite,
        bool dryRun,
        bool json
    )
    {
        if (output is null)
        {
            throw FornoException.ForFile(
                sources[0],
                "originals are never changed",
                "Add -o: a picture file for one picture, or a folder."
            );
        }
        var (jobs, problems) = (new List<Job>(), new List<Problem>());
        foreach (string source in sources)
        {
            try
            {
                var info = PictureFile.Inspect(source);
                var size = new Size(info.Width, info.Height);
                var job = new Job(source, Name(source, output, sources.Length), size, target.Of(size, chain.Scale));
                NewFile.RequireFree(job.File, overwrite);
                jobs.Add(
                    jobs.All(j => j.File != job.File) && Path.GetFullPath(job.File) != Path.GetFullPath(source)
                        ? job
                        : throw FornoException.ForFile(
                            source,
                            $"its result would be {job.File}, which is another picture's",
                            "Choose another folder, or upscale it apart."
                        )
                );
            }
            catch (FornoException e)
            {
                problems.Add(Problem.Of(source, e));
            }
        }
        Job[] todo = [.. jobs.Where(j => j.To is not null)];
        var done = new List<Job>();
        if (dryRun)
        {
            done.AddRange(todo);
        }
        else
        {
            Do(cli, chain, todo, done, problems);
        }
        Report(cli, jobs, done, problems, dryRun, json);
        return problems.Count > 0 ? 1 : 0;
    }

    private static void Do(CommandHost cli, UpscaleChain chain, Job[] todo, List<Job> done, List<Problem> problems)
    {
        long before = 0;
        // In thousands of pixels that the models go through: pictures differ too much for a rate.
        using ProgressBar bar = cli.Progress("upscale", todo.Sum(j => chain.Work(j.From)) / 1000, "kpx");
        foreach (Job job in todo)
        {
            cli.Cancel.ThrowIfCancellationRequested();
            bar.Note = Path.GetFileName(job.Source);
            try
            {
                using Picture picture = PictureFile.Inspect(job.Source).Decode();
                using Picture result = UpscalePlan.Upscale(
                    picture,
                    job.To!.Value,
                    p => chain.Run(p, new Ahead(bar, before))
                );
                NewFile.MakeFolder(job.File);
                AtomicFile.WriteBytes(job.File, Encode(result, job.File));
                done.Add(job);
            }
            catch (FornoException e)
            {
                problems.Add(Problem.Of(job.Source, e));
            }
            before += chain.Work(job.From);
        }
    }

    private static void Report(
        CommandHost cli,
        List<Job> jobs,
        List<Job> done,
        List<Problem> problems,
        bool dryRun,
        bool json
    )
    {
        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        Pictures = done.Select(j => new
                        {
                            j.Source,
                            j.File,
                            From = j.From.ToString(),
                            To = j.To.ToString(),
                        }),
                        Untouched = jobs.Where(j => j.To is null).Select(j => j.Source),
                        Problems = problems,
                    },
                    JsonOutput.Options
                )
            );
            return;
        }
        foreach (Job job in done)
        {
            cli.Out.WriteLine($"{(dryRun ? "would write " : "")}{Wording.Shown(job.File)}  {job.From} to {job.To}");
        }
        foreach (Job job in jobs.Where(j => j.To is null))
        {
            cli.Out.WriteLine($"{Wording.Shown(job.Source)} is large enough at {job.From}");
        }
        WorkFolderRun.List(cli, problems);
    }

    // One picture may be told its file; several go into a folder, as PNG.
    private static string Name(string source, string output, int count)
    {
        string extension = Path.GetExtension(output).ToLowerInvariant();
        if (Extensions.Contains(extension) && !Directory.Exists(output))
        {
            return count == 1 ? output : throw new FornoException($"-o {output}: {count} pictures need a folder");
        }
        return Path.Combine(output, Path.GetFileNameWithoutExtension(source) + ".png");
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

    private sealed class Ahead(ProgressBar bar, long before) : IProgress<long>
    {
        public void Report(long value) => bar.Report((before + value) / 1000);
    }
}

using System.Globalization;
using System.Security.Cryptography;
using Forno.Data;
using Forno.Imaging;
using Forno.Imaging.Frames;
using Forno.Workspace;

namespace Forno.Datasets.Import;

/// <summary>
/// Plans an import: looks into folders, files and archives, reads every header, gives names. Archives are unpacked to a
/// temporary folder that goes when this is disposed, so keep it until the plan is applied.
/// </summary>
/// <param name="settings">How to import.</param>
public sealed class Importer(ImportSettings settings) : IDisposable
{
    private readonly List<string> unpacked = [];

    /// <summary>How many files were neither pictures, films, archives nor captions.</summary>
    public int Others { get; private set; }

    /// <summary>How many pictures, animations and films were looked at.</summary>
    public int Looked { get; private set; }

    /// <summary>Makes the plan.</summary>
    /// <param name="sources">Folders (recursing) and files.</param>
    /// <param name="taken">Paths that the work folder holds already.</param>
    /// <param name="progress">Counts files whose header was read.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="FornoException">A source is absent.</exception>
    public ChangePlan Plan(
        IReadOnlyList<string> sources,
        IEnumerable<string> taken,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var problems = new List<Problem>();
        var found = new List<Found>();
        var folder = PictureFolder.Scan(sources, IsWanted);
        Others = folder.Others.Count;
        problems.AddRange(folder.Problems);
        foreach (var item in folder.Pictures)
        {
            if (IsZip(item.File))
            {
                Unpack(item, found, problems, cancel);
            }
            else
            {
                found.Add(new Found(item, item.Path));
            }
        }

        Looked = found.Count;
        var kinds = new Kind?[found.Count];
        var failures = new Problem?[found.Count];
        long done = 0;
        Parallel.For(
            0,
            found.Count,
            new ParallelOptions { CancellationToken = cancel, MaxDegreeOfParallelism = Environment.ProcessorCount },
            i =>
            {
                try
                {
                    kinds[i] = Look(found[i].Item.File);
                }
                catch (FornoException e)
                {
                    failures[i] = Problem.Of(found[i].Shown, e, found[i].Item.File);
                }

                progress?.Report(Interlocked.Increment(ref done));
            }
        );
        problems.AddRange(failures.OfType<Problem>());
        var names = new FreeNames(taken);
        var steps = new List<PlanStep>();
        for (int i = 0; i < found.Count; i++)
        {
            if (kinds[i] is { } kind)
            {
                var item = found[i].Item;
                steps.Add(
                    Step(item, kind, names.Take(item.Folder, settings.Name.Make(item.Stem, kind.Md5, steps.Count + 1)))
                );
            }
        }

        return new ChangePlan
        {
            Name = "import",
            Steps = steps,
            Problems = problems,
        };
    }

    /// <summary>Clears the temporary folders away.</summary>
    public void Dispose()
    {
        foreach (string? folder in unpacked.Where(Directory.Exists))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static bool IsZip(string file) => ZipUnpacker.IsZipName(file);

    private static bool IsWanted(string file) =>
        PictureFiles.IsPictureName(file)
        || VideoFrames.IsVideoName(file)
        || IsZip(file)
        || PictureFormat.Detect(file) is not null;

    private static bool IsWantedInZip(string name) =>
        PictureFiles.IsPictureName(name)
        || PictureFiles.IsCaptionName(name)
        || PictureFiles.IsTagsName(name)
        || VideoFrames.IsVideoName(name)
        || IsZip(name)
        || Path.GetExtension(name).Length == 0;

    private void Unpack(PictureItem archive, List<Found> found, List<Problem> problems, CancellationToken cancel)
    {
        string folder = Directory.CreateTempSubdirectory("forno-unpacked-").FullName;
        unpacked.Add(folder);
        var unpacker = new ZipUnpacker(folder, IsWantedInZip);
        unpacker.Unpack(archive.File, archive.Path, cancel);
        problems.AddRange(unpacker.Problems);
        var inside = PictureFolder.Scan([folder], IsWanted);
        found.AddRange(
            inside.Pictures.Select(p => new Found(
                p.At(RelativePath.Join(archive.Folder, p.Path)),
                $"{archive.Path}/{p.Path}"
            ))
        );
        Others += inside.Others.Count;
        problems.AddRange(inside.Problems.Select(p => p with { File = $"{archive.Path}/{p.File}" }));
    }

    private Kind Look(string file)
    {
        string? md5 = null;
        if (settings.Name.NeedsHash)
        {
            using var stream = Reading(file);
            md5 = Convert.ToHexStringLower(MD5.HashData(stream));
        }

        if (VideoFrames.IsVideoName(file) && PictureFormat.Detect(file) is null)
        {
            return VideoFrames.FindProgram() is null
                ? throw new FornoException(
                    $"{file}: films are read by ffmpeg, which is missing; on Debian: apt-get install ffmpeg"
                )
                : new Kind(null, md5);
        }

        return new Kind(PictureFile.Inspect(file, settings.MaxPixels), md5);
    }

    private static FileStream Reading(string file)
    {
        try
        {
            return new FileInfo(file).Length == 0
                ? throw new FornoException($"{file}: the file is empty")
                : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{file}: cannot be read ({e.Message})", e);
        }
    }

    private PlanStep Step(PictureItem item, Kind kind, string target)
    {
        var captions = Captions(item).ToArray();
        if (kind.Picture is not { Frames: 1 } still)
        {
            string what = kind.Picture is null
                ? "film"
                : Invariant.Text(
                    $"{kind.Picture.Format} of {kind.Picture.Frames} "
                        + $"{(kind.Picture.Format == "tiff" ? "pages" : "frames")}"
                );
            return new PlanStep
            {
                Subject = item.Path,
                What = $"{what} → {target}_f0001.png …",
                Expand = cancel => Frames(item.File, kind, target, captions, cancel),
            };
        }

        string size = Invariant.Text($"{still.Format} {still.Width}×{still.Height}");
        List<FileChange> changes =
        [
            new AddFile(target + ".png", PictureContent.AsPng(item.File, settings.MaxPixels)),
            .. captions.Select(c => new AddFile(target + c.Extension, c.Content)),
        ];
        if (item.Mask is { } mask)
        {
            changes.Add(
                new AddFile(
                    RelativePath.Join(
                        RelativePath.Folder(target),
                        $"{PictureItem.MaskFolder}/{RelativePath.Name(target)}.png"
                    ),
                    PictureContent.AsPng(mask.File, settings.MaxPixels)
                )
            );
        }

        return new PlanStep
        {
            Subject = item.Path,
            What =
                $"{size} → {target}.png{(item.Captions.Count > 0 ? " with caption" : "")}"
                + $"{(item.Mask is null ? "" : " with mask")}",
            Changes = changes,
        };
    }

    private IEnumerable<AddFile> Frames(
        string file,
        Kind kind,
        string target,
        (string Extension, FileContent Content)[] captions,
        CancellationToken cancel
    )
    {
        bool isVideo = kind.Picture is null;
        bool isPages = kind.Picture?.Format == "tiff";
        var filter = new FrameFilter(
            dropRepeats: !settings.AllFrames && !isPages,
            dropBlurred: isVideo && !settings.AllFrames
        );
        // ffmpeg skips frames itself; those of an animation come one by one.
        var frames =
            isVideo ? VideoFrames.Read(file, settings.Every, settings.MaxPixels, cancel)
            : isPages ? PageReader.Read(file, settings.MaxPixels)
            : kind.Picture!.Format == "png" ? ApngReader.Read(file, settings.MaxPixels)
            : FrameReader.Read(file, settings.MaxPixels);
        int every = isVideo || isPages ? 1 : settings.Every ?? 1;
        var (seen, kept) = (0, 0);
        foreach (var frame in frames)
        {
            using (frame)
            {
                if (seen++ % every != 0 || !filter.Keep(frame))
                {
                    continue;
                }

                string name = Invariant.Text($"{target}_f{++kept:0000}");
                using (PixelBudget.Take((long)frame.Width * frame.Height))
                {
                    yield return new AddFile(name + ".png", PictureContent.Png(frame));
                }

                foreach (var (extension, content) in captions)
                {
                    yield return new AddFile(name + extension, content);
                }
            }
        }

        if (kept == 0)
        {
            throw new FornoException($"{file}: no frame of it was worth keeping");
        }
    }

    // The new names are name.txt and name.caption, or what is asked for; of two that would be the same the second keeps
    // its own. Tags seen and pruned come along.
    private IEnumerable<(string Extension, FileContent Content)> Captions(PictureItem item)
    {
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (var sidecar in item.At(item.Path).Sidecars)
        {
            string extension = Path.GetExtension(sidecar.Path).ToLowerInvariant();
            bool isTagName = extension is not (".txt" or ".caption");
            string wanted = settings.CaptionExtension ?? (isTagName ? ".txt" : extension);
            string free = used.Add(wanted) ? wanted : RelativePath.Name(sidecar.Path)[item.Stem.Length..];
            if (free != wanted && !used.Add(free))
            {
                continue;
            }

            yield return (
                free,
                FileContent.Made(
                    "caption",
                    () => Caption(sidecar.File, settings.Tags ?? (isTagName ? (bool?)true : null))
                )
            );
        }

        if (item.Tags is { } tags)
        {
            yield return (PictureFiles.TagsExtension, FileContent.CopyOf(tags.File));
        }
    }

    private Action<Stream> Caption(string file, bool? isTags)
    {
        if (isTags == false)
        {
            return FileContent.Copying(file);
        }

        string text;
        try
        {
            text = Forno.Data.Caption.ReadText(file);
        }
        catch (FornoException)
        {
            // Unreadable as text: as it is, for whoever knows its encoding.
            return FileContent.Copying(file);
        }

        return TagFile.Read(text, isTags == true) is { } tags
            ? output =>
                output.Write(
                    System.Text.Encoding.UTF8.GetBytes(
                        string.Join(", ", TagFile.Drop(tags, settings.DropPrefixes)) + "\n"
                    )
                )
            : FileContent.Copying(file);
    }

    // Picture: null for a film.
    private sealed record Kind(PictureFile? Picture, string? Md5);

    private sealed record Found(PictureItem Item, string Shown);
}

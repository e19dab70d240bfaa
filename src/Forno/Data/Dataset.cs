using Forno.Imaging;

namespace Forno.Data;

/// <summary>A picture to train on.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Caption">The caption as read, before any processing.</param>
/// <param name="Size">Its size in pixels, upright.</param>
public sealed record Example(string Path, string Caption, Size Size)
{
    /// <summary>
    /// The file that says where the loss counts, or null: everywhere, or by opacity (<see cref="Subset.AlphaMask"/>).
    /// </summary>
    public string? Mask { get; init; }
}

/// <summary>An example's place in a data set.</summary>
public sealed record DatasetItem
{
    /// <summary>The picture.</summary>
    public required Example Example { get; init; }

    /// <summary>The subset it came from.</summary>
    public required Subset Subset { get; init; }

    /// <summary>Index of that subset in the settings.</summary>
    public required int SubsetIndex { get; init; }

    /// <summary>Bucket, resize and centre crop.</summary>
    public required BucketFit Fit { get; init; }

    /// <summary>
    /// Draws per epoch; for regularisation pictures what it takes to match the training pictures, possibly 0.
    /// </summary>
    public required int Repeats { get; init; }

    /// <summary>Weight of its loss: 1, or <c>prior_loss_weight</c>.</summary>
    public required double LossWeight { get; init; }
}

/// <summary>A scanned data set: which pictures, in which buckets, how often.</summary>
public sealed class Dataset
{
    private static readonly string[] Extensions =
    [
        ".png",
        ".jpg",
        ".jpeg",
        ".webp",
        ".bmp",
        ".PNG",
        ".JPG",
        ".JPEG",
        ".WEBP",
        ".BMP",
    ];

    /// <summary>Arranges examples that are already known.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="bySubset">The examples of each subset of the settings, in order.</param>
    /// <exception cref="FornoException">Settings that make no sense, or a picture that fits no bucket.</exception>
    public Dataset(DatasetSettings settings, IReadOnlyList<IReadOnlyList<Example>> bySubset)
    {
        if (settings.BatchSize < 1)
        {
            throw new FornoException($"train_batch_size = {settings.BatchSize} must be at least 1");
        }

        Settings = settings;
        var buckets = new Buckets(settings.Buckets);
        var items = new List<DatasetItem>();
        for (int s = 0; s < settings.Subsets.Count; s++)
        {
            var subset = settings.Subsets[s];
            foreach (var example in bySubset[s])
            {
                items.Add(
                    new DatasetItem
                    {
                        Example = example,
                        Subset = subset,
                        SubsetIndex = s,
                        Fit = Fit(buckets, example),
                        Repeats = subset.NumRepeats,
                        LossWeight = subset.IsReg ? settings.PriorLossWeight : 1,
                    }
                );
            }

            int draws = subset.NumRepeats * bySubset[s].Count;
            TrainImages += subset.IsReg ? 0 : draws;
            RegImages += subset.IsReg ? draws : 0;
        }

        Items = MatchRegularisation(items, TrainImages);
    }

    /// <summary>The settings it was made from.</summary>
    public DatasetSettings Settings { get; }

    /// <summary>The pictures, in the order of subsets and paths.</summary>
    public IReadOnlyList<DatasetItem> Items { get; }

    /// <summary>Training pictures with repeats.</summary>
    public int TrainImages { get; }

    /// <summary>
    /// Regularisation pictures with their own repeats, before they are matched to the training pictures.
    /// </summary>
    public int RegImages { get; }

    /// <summary>The buckets in use, ascending by size, with draws per epoch (repeats included).</summary>
    public IReadOnlyList<(Size Size, int Count)> Buckets =>
        [
            .. Items
                .Where(i => i.Repeats > 0)
                .GroupBy(i => i.Fit.Bucket)
                .Select(g => (g.Key, g.Sum(i => i.Repeats)))
                .OrderBy(b => b.Key),
        ];

    /// <summary>Batches per epoch: batches never mix buckets, and the last one of a bucket may be short.</summary>
    public int BatchesPerEpoch => Buckets.Sum(b => (b.Count + Settings.BatchSize - 1) / Settings.BatchSize);

    /// <summary>Mean |aspect ratio error| over the pictures, without repeats; 0 if there are none.</summary>
    public double MeanAspectError => Items.Count == 0 ? 0 : Items.Average(i => Math.Abs(i.Fit.AspectError));

    /// <summary>Looks into the folders: pictures by name (ordinal), their captions and sizes.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="measure">Reads a picture's header; null = <see cref="PictureLoader.Measure"/>.</param>
    /// <param name="notice">Receives what the user should know, a line each.</param>
    /// <exception cref="FornoException">A folder is absent, or a file is broken.</exception>
    public static Dataset Scan(
        DatasetSettings settings,
        Func<string, PictureInfo>? measure = null,
        Action<string>? notice = null
    )
    {
        settings.Buckets.Check();
        return new(
            settings,
            [
                .. settings.Subsets.Select(s =>
                    ScanFolder(s, settings.SkipUpTo, measure ?? PictureLoader.Measure, notice)
                ),
            ]
        );
    }

    /// <summary>
    /// The pictures directly in a folder, by name (ordinal): .png .jpg .jpeg .webp .bmp, all lower or all upper case.
    /// </summary>
    /// <exception cref="FornoException">The folder does not exist.</exception>
    public static IReadOnlyList<string> Pictures(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw new FornoException($"{folder}: no such folder; check image_dir or train_data_dir");
        }

        return
        [
            .. Directory
                .EnumerateFiles(folder)
                .Where(f => Extensions.Contains(Path.GetExtension(f), StringComparer.Ordinal))
                .OrderBy(f => Path.GetFileName(f), StringComparer.Ordinal),
        ];
    }

    /// <summary>Whether <c>skip_image_resolution</c> leaves out every picture that there is.</summary>
    public static bool SkipsAll(DatasetSettings settings)
    {
        string[] pictures =
        [
            .. settings
                .Subsets.Where(s => !s.IsReg && Directory.Exists(s.ImageDir))
                .SelectMany(s => Pictures(s.ImageDir)),
        ];
        return settings.SkipUpTo is not null
            && pictures.Length > 0
            && pictures.All(p => IsSkipped(PictureLoader.Measure(p).Size, settings.SkipUpTo));
    }

    /// <summary>The caption of a picture of a subset: its file, else the class tokens, else nothing.</summary>
    public static string CaptionOf(string picture, Subset subset) =>
        Caption.Read(picture, subset.CaptionExtension, subset.Captions.Wildcard) ?? subset.ClassTokens ?? "";

    private static List<Example> ScanFolder(
        Subset subset,
        Size? skipUpTo,
        Func<string, PictureInfo> measure,
        Action<string>? notice
    )
    {
        var examples = new List<Example>();
        if (subset.NumRepeats < 1)
        {
            notice?.Invoke($"{subset.ImageDir}: num_repeats = {subset.NumRepeats}, so the folder is left out");
            return examples;
        }

        var pictures = Pictures(subset.ImageDir);
        var masks = subset.MaskDir is null ? null : MaskFiles.Find(subset.MaskDir, pictures, notice);
        var (uncaptioned, bare, transparent, small) = (0, 0, 0, 0);
        foreach (string picture in pictures)
        {
            var info = measure(picture);
            if (IsSkipped(info.Size, skipUpTo))
            {
                small++;
                continue;
            }

            bool written = Caption.FindFile(picture, subset.CaptionExtension) is not null;
            uncaptioned += written ? 0 : 1;
            bare += written || subset.ClassTokens is not null ? 0 : 1;
            transparent += info.HasAlpha && !subset.AlphaMask ? 1 : 0;
            examples.Add(new Example(picture, CaptionOf(picture, subset), info.Size) { Mask = masks?[picture] });
        }

        if (transparent > 0)
        {
            notice?.Invoke(
                $"{subset.ImageDir}: {transparent} of {examples.Count} pictures have an alpha channel, which "
                    + "is dropped; what is transparent is trained as the colour under it"
            );
        }

        if (small > 0)
        {
            notice?.Invoke(
                $"{subset.ImageDir}: {small} of {pictures.Count} pictures are no larger than skip_image_resolution = "
                    + $"{skipUpTo}, so they are left out"
            );
        }

        if (examples.Count == 0 && small == 0)
        {
            notice?.Invoke($"{subset.ImageDir}: no pictures (.png .jpg .jpeg .webp .bmp)");
        }
        else if (bare > 0)
        {
            notice?.Invoke(
                $"{subset.ImageDir}: {bare} of {examples.Count} pictures have no {subset.CaptionExtension} "
                    + "file and no class tokens; their caption is empty"
            );
        }
        else if (uncaptioned > 0)
        {
            notice?.Invoke(
                $"{subset.ImageDir}: {uncaptioned} of {examples.Count} pictures have no "
                    + $"{subset.CaptionExtension} file; their caption is \"{subset.ClassTokens}\""
            );
        }

        return examples;
    }

    private static bool IsSkipped(Size size, Size? upTo) => upTo is { } limit && size.Area <= limit.Area;

    private static BucketFit Fit(Buckets buckets, Example example)
    {
        try
        {
            return buckets.Fit(example.Size);
        }
        catch (FornoException e)
        {
            throw new FornoException($"{example.Path}: {e.Message}", e);
        }
    }

    /// <summary>
    /// Regularisation pictures are drawn in turn until they are as many as the training pictures: first with their own
    /// repeats, then once more each; those never reached are not used.
    /// </summary>
    private static List<DatasetItem> MatchRegularisation(List<DatasetItem> items, int trainImages)
    {
        int[] regular = Enumerable.Range(0, items.Count).Where(i => items[i].Subset.IsReg).ToArray();
        int[] repeats = new int[items.Count];
        int drawn = 0;
        for (int round = 0; drawn < trainImages && regular.Length > 0; round++)
        {
            foreach (int i in regular)
            {
                int more = round == 0 ? items[i].Repeats : 1;
                repeats[i] += more;
                drawn += more;
                if (drawn >= trainImages)
                {
                    break;
                }
            }
        }

        return [.. items.Select((item, i) => item.Subset.IsReg ? item with { Repeats = repeats[i] } : item)];
    }
}

using Forno.Advice;
using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Kohya;
using Forno.Studio.Captions;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>Gathers what all tools find in a data set and in the configuration that trains it, worst first.</summary>
/// <param name="request">What is wanted.</param>
public sealed class DiagnoseJob(DiagnoseRequest request) : IJob<DiagnoseResult>
{
    /// <inheritdoc/>
    public DiagnoseResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        ConfigEdit? config = request.Configuration is { } file ? ConfigEdit.Open(file) : null;
        IReadOnlyList<ConfigFolder>? trained = config is null
            ? null
            : OrNull<IReadOnlyList<ConfigFolder>>(() => config.Folders);
        var folder = PictureFolder.Scan(
            request.Folders,
            captionExtension: CaptionExtensions.Further(request.Extension, config)
        );
        var set = CaptionSet.Read(folder, CaptionExtensions.Of(request.Extension, config, folder), cancel: cancel);
        TraitLists traits = request.Triggers.Traits();
        IReadOnlyList<TriggerName> names = request.Triggers.Names(folder, request.Folders, set, traits, config);
        var files = new List<Finding>();
        if (trained is not null && !trained.Any(t => !t.IsReg))
        {
            files.Add(NothingTrained(config!));
            trained = AsIfTrained(config!, folder);
        }

        TrainedFolder[]? places = trained is null ? null : [.. trained.Select(Place)];
        files.InsertRange(
            0,
            FileFindings.Find(
                [.. request.Folders.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)))],
                folder,
                set,
                places
            )
        );
        var sources = new List<(string, IReadOnlyList<Finding>)> { ("files", files) };
        // A folder of the configuration that is absent is among the findings of files.
        BucketRules? said = config is null ? null : OrNull(() => config.Buckets);
        ConfigFacts? facts = config is null ? null : ConfigModel.Facts(config, places ?? [], said);
        if (facts is not null)
        {
            sources.Add(
                ("configuration", [.. ConfigFindings.Find(facts), .. MissingFiles.Find(config!.Read().Recipe)])
            );
        }

        if (folder.Pictures.Count > 0)
        {
            sources.AddRange(OfCaptions(config, facts, set, names, traits, cancel));
            if (request.LooksIntoPictures)
            {
                sources.Add(
                    (
                        "pictures",
                        PictureFindings.Find(
                            folder,
                            request.Folders[0],
                            said ?? request.Buckets,
                            new JobProgress(progress),
                            cancel
                        )
                    )
                );
            }
        }

        return new DiagnoseResult(
            folder.Pictures.Count,
            [.. names.Select(n => n.Name)],
            Diagnosis.Gather(sources),
            folder.Problems,
            folder
        )
        {
            SeveralFiles = config?.DatasetFile is not null,
        };
    }

    // What captions, triggers and repeats give, in the order in which it is told.
    private IEnumerable<(string From, IReadOnlyList<Finding> Findings)> OfCaptions(
        ConfigEdit? config,
        ConfigFacts? facts,
        CaptionSet set,
        IReadOnlyList<TriggerName> names,
        TraitLists traits,
        CancellationToken cancel
    )
    {
        var (pruned, problems) = TriggerScenes.ReadPruned(set, cancel);
        if (facts is not null)
        {
            yield return ("configuration", DataFindings.Find(facts, set, names, traits, pruned));
        }

        CaptionReport report = CaptionReporter.Make(
            set,
            new CaptionReportOptions
            {
                KeepTokens = (int)(config?.Args["keep_tokens"] as long? ?? 0),
                Tags = request.KnownTags,
            }
        );
        yield return (
            "captions",
            facts is null
                ? report.Findings
                :
                [
                    .. report.Findings.Where(f =>
                        f.Kind != FindingKind.Long
                        || report.Long![0].Tokens > Math.Max(75, facts.Number("max_token_length"))
                    ),
                ]
        );
        yield return (
            "captions",
            [
                .. problems.Select(p => new Finding(
                    FindingKind.Unreadable,
                    FindingLevel.Bad,
                    p.ToString(),
                    "What was pruned there is not known.",
                    Fix.ByHand("restore it"),
                    Fix.ByHand("remove it")
                )),
            ]
        );
        yield return (
            "triggers",
            AbsorptionTable.Make(TriggerScenes.Of(set, names, traits, pruned, request.KnownTags?.Names)).Findings
        );
        // No pictures but regularisation is among the findings of files.
        yield return (
            "plan",
            OrNull(() => PlanJob.Make(config, set, names, traits, request.Settings.Of(config, set)).Findings) ?? []
        );
    }

    private static Finding NothingTrained(ConfigEdit config)
    {
        string why = config.DatasetFile is null
            ? "there is no folder N_name in its train_data_dir"
            : "its dataset config has no folders";
        return new Finding(
            FindingKind.EmptyFolder,
            FindingLevel.Bad,
            $"{Path.GetFileName(config.File)} trains on nothing: {why}",
            "The trainer stops at once.",
            Fix.Run("plan").OnDataSet().Changing().WithConfig().With("apply").Noting("gives every folder its N_name")
        );
    }

    // The data set's own folders, with what the configuration says for all.
    private static ConfigFolder[] AsIfTrained(ConfigEdit config, PictureFolder folder) =>
        [
            .. folder
                .Pictures.Select(p => Path.GetDirectoryName(p.File)!)
                .Distinct()
                .Select(d => new ConfigFolder(
                    0,
                    0,
                    d,
                    d,
                    false,
                    config.Args["caption_extension"] as string ?? ".caption",
                    1,
                    config.Args["keep_tokens"] is long keep ? (int)Math.Clamp(keep, 0, 1000) : 0,
                    config.Args["keep_tokens_separator"] as string,
                    config.Args["shuffle_caption"] is true
                )
                {
                    Options = config.Args.Values,
                }),
        ];

    private static TrainedFolder Place(ConfigFolder folder) =>
        new(
            Path.TrimEndingDirectorySeparator(folder.Path),
            folder.IsReg,
            folder.CaptionExtension,
            folder.KeepSeparator,
            folder.KeepTokens,
            folder.Shuffles
        )
        {
            Options = folder.Options,
        };

    // What cannot be answered is one of the other findings.
    private static T? OrNull<T>(Func<T?> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (FornoException)
        {
            return null;
        }
    }
}

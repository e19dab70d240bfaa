using Forno.Advice;
using Forno.Datasets.Captions;
using Forno.Datasets.Repeats;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Kohya;
using Forno.Studio.Captions;
using Forno.Workspace;

namespace Forno.Studio.Training;

/// <summary>A data set to find repeats and epochs for.</summary>
public sealed record PlanRequest
{
    /// <summary>Folders of pictures; nothing in them is changed.</summary>
    public required IReadOnlyList<string> Folders { get; init; }

    /// <summary>The training configuration, or null.</summary>
    public string? Configuration { get; init; }

    /// <summary>What is to be other than there.</summary>
    public BakeChoice Settings { get; init; } = new();

    /// <summary>The triggers.</summary>
    public TriggerSearch Triggers { get; init; } = new();

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Computes repeats for each folder and epochs, so that triggers are balanced and nothing burns in.</summary>
/// <param name="request">What is wanted.</param>
public sealed class PlanJob(PlanRequest request) : IJob<PlanResult>
{
    /// <inheritdoc/>
    public PlanResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        ConfigEdit? config = request.Configuration is { } file ? ConfigEdit.Open(file) : null;
        return Of(
            PictureFolder.Scan(request.Folders, captionExtension: CaptionExtensions.Further(request.Extension, config)),
            config,
            cancel
        );
    }

    /// <summary>The plan for pictures that are looked at already, such as those of a work folder to change.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="config">The configuration, opened, or null.</param>
    /// <param name="cancel">Stops it.</param>
    /// <exception cref="FornoException">There are no pictures, or a setting makes no sense.</exception>
    public PlanResult Of(PictureFolder folder, ConfigEdit? config, CancellationToken cancel)
    {
        if (folder.Pictures.Count == 0)
        {
            throw FornoException.ForFile(
                string.Join(", ", request.Folders),
                "there are no pictures to plan for",
                "Check the folder."
            );
        }

        var set = CaptionSet.Read(folder, CaptionExtensions.Of(request.Extension, config, folder), cancel: cancel);
        TraitLists traits = request.Triggers.Traits();
        IReadOnlyList<TriggerName> names = request.Triggers.Names(folder, request.Folders, set, traits, config);
        RepeatPlan plan = Make(config, set, names, traits, request.Settings.Of(config, set));
        return new PlanResult(plan, RepeatRenames.Targets(plan, Top(request.Folders[0])), folder)
        {
            Configuration = config,
        };
    }

    /// <summary>The plan of a data set; regularisation pictures of the configuration are left out.</summary>
    internal static RepeatPlan Make(
        ConfigEdit? config,
        CaptionSet set,
        IReadOnlyList<TriggerName> names,
        TraitLists traits,
        BakeSettings settings
    )
    {
        ConfigFolder[] reg = config is null ? [] : [.. config.Folders.Where(f => f.IsReg)];
        CaptionSet trained =
            reg.Length == 0
                ? set
                : CaptionSet.Of([
                    .. set.Pictures.Where(p =>
                        !reg.Any(r =>
                            p.Picture.File.StartsWith(r.Path + Path.DirectorySeparatorChar, StringComparison.Ordinal)
                        )
                    ),
                ]);
        TriggerScene scene = TriggerScenes.Of(trained, names, traits, _ => []);
        var before = scene
            .Groups.Select(g => (g.Name, N: RelativePath.Repeats(RelativePath.Name(g.Name))))
            .Where(g => g.N is not null)
            .ToDictionary(g => g.Name, g => g.N!.Value, StringComparer.Ordinal);
        RepeatPlan plan = RepeatPlanner.Make(scene, settings, before);
        return config is null
            ? plan
            : plan with
            {
                Findings = [.. plan.Findings.Concat(Contradictions(config, settings)).OrderByDescending(f => f.Level)],
            };
    }

    // What of a configuration contradicts the recipe.
    private static IEnumerable<Finding> Contradictions(ConfigEdit config, BakeSettings settings) =>
        [
            .. RateFindings.Find(
                new ConfigFacts { Values = config.Args.Values, Given = config.Args.Given },
                settings.Optimizer
            ),
            .. ConfigFindings.Rates(config, settings.Optimizer),
        ];

    private static string Top(string folder)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return name.Length > 0 ? name : "pictures";
    }
}

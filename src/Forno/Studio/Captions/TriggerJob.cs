using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Kohya;
using Forno.Studio.Datasets;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Triggers to put in front of captions.</summary>
public sealed record TriggerRequest
{
    /// <summary>Where.</summary>
    public required ChangePlace Place { get; init; }

    /// <summary>Which triggers, and for which captions.</summary>
    public required TriggerSettings Settings { get; init; }

    /// <summary>
    /// Training configuration that gets <c>keep_tokens_separator</c> or <c>keep_tokens</c>; null: none is written.
    /// </summary>
    public string? Config { get; init; }

    /// <summary>The extension of the captions; null: the configuration's, or the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Puts triggers in front of captions, where shuffling does not reach.</summary>
/// <param name="request">What is wanted.</param>
public sealed class TriggerJob(TriggerRequest request) : IJob<ChangeResult>
{
    /// <inheritdoc/>
    public ChangeResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        ConfigEdit? config = request.Config is null ? null : ConfigEdit.Open(request.Config);
        return new Change(request, config).Run(progress, cancel);
    }

    private sealed class Change(TriggerRequest request, ConfigEdit? config)
        : ChangeJob(request.Place, CaptionExtensions.Further(request.Extension, config))
    {
        private readonly List<Finding> findings = [];
        private string? work;

        protected override ChangePlan Plan(ChangeContext context)
        {
            work = request.Place.Output is null ? context.Folder.Work : null;
            var set = CaptionSet.Read(
                context.Folder,
                CaptionExtensions.Of(request.Extension, config, context.Folder),
                cancel: context.Cancel
            );
            string file = TriggerFile.PlaceFor(context.Folder, request.Place.Folders);
            TriggerOutcome outcome = TriggerPlans.Make(
                set,
                request.Settings,
                TriggerFile.Read(file),
                context.Progress,
                context.Cancel
            );
            Report(outcome);
            return ConfigFiles
                .Steps(config, work)
                .Aggregate(
                    outcome.Plan.And(outcome.Most == 0 ? null : TriggerFile.Step(file, request.Settings.Add)),
                    (plan, step) => plan.And(step)
                );
        }

        protected override IReadOnlyList<Finding> Findings() => findings;

        protected override ChangeResult Complete(ChangeResult result) =>
            config is null || result.Failed
                ? result
                : result with
                {
                    Configurations = ConfigFiles.WriteOutside(config, work, request.Place.DryRun),
                };

        // What the trainer must know, into its configuration or to the user.
        private void Report(TriggerOutcome outcome)
        {
            if (outcome.Most == 0)
            {
                findings.Add(
                    new Finding(
                        FindingKind.NoMatch,
                        FindingLevel.Note,
                        "no caption fulfils the expression",
                        "Nothing gets the trigger.",
                        Fix.Run("caption report").OnDataSet().Noting("lists the tags")
                    )
                );
                return;
            }

            if (request.Settings.Separator)
            {
                config?.SetEverywhere("keep_tokens_separator", CaptionText.KeepSeparator);
            }
            else
            {
                config?.SetEverywhere("keep_tokens", outcome.Most);
                if (outcome.Least < outcome.Most)
                {
                    findings.Add(
                        new Finding(
                            FindingKind.KeepTokens,
                            FindingLevel.Warning,
                            Invariant.Text($"captions begin with {outcome.Least} to {outcome.Most} triggers"),
                            "One keep_tokens for all: where there are fewer triggers other tags stay in place, too.",
                            Fix.ByHand("let ||| mark the end of the triggers in each caption, which is the default")
                        )
                    );
                }
            }

            if (config is null)
            {
                findings.Add(ForTheTrainer(outcome));
            }
        }

        private Finding ForTheTrainer(TriggerOutcome outcome) =>
            new(
                FindingKind.Trainer,
                FindingLevel.Note,
                request.Settings.Separator
                    ? "||| stands behind the triggers"
                    : Invariant.Text(
                        $"{outcome.Most} {(outcome.Most == 1 ? "tag in front is" : "tags in front are")} "
                            + $"to stay in place"
                    ),
                "The trainer has to know, or shuffle_caption moves the triggers.",
                (
                    request.Settings.Separator
                        ? Fix.Set("keep_tokens_separator", CaptionText.KeepSeparator)
                        : Fix.Set("keep_tokens", outcome.Most)
                ).Noting("name the configuration, and it is written there")
            );
    }
}

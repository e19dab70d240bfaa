using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Kohya;
using Forno.Reports;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption trigger</c>: puts triggers in front of captions, where shuffling does not reach.</summary>
internal static class CaptionTriggerCommand
{
    private static readonly (string Name, TriggerKind Kind, string Of)[] Kinds =
    [
        ("--character", TriggerKind.Character, "a person or creature"),
        ("--outfit", TriggerKind.Outfit, "clothes"),
        ("--style", TriggerKind.Style, "how it is drawn"),
        ("--pose", TriggerKind.Pose, "a posture"),
        ("--object", TriggerKind.Object, "a thing, such as a sword"),
        ("--situation", TriggerKind.Situation, "a scene or doing"),
    ];

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        Option<string[]>[] names =
        [
            .. Kinds.Select(k => new Option<string[]>(k.Name)
            {
                Description = $"A word for {k.Of}",
                AllowMultipleArgumentsPerToken = true,
                HelpName = "NAME",
            }),
        ];
        Option<bool> keepTokens = new("--no-separator")
        {
            Description = "Put no ||| behind them; the trainer's keep_tokens then says how many stay in place",
        };
        Option<string?> config = new("--config")
        {
            Description = "Training configuration that gets it: keep_tokens_separator, or keep_tokens",
            HelpName = "FILE",
        };
        FornoCommand command = new(
            "trigger",
            "Put triggers in front of captions, where shuffling does not reach; triggers.toml remembers them",
            "forno caption trigger cat --character sks",
            "forno caption trigger cat/outfit1 --outfit sks_armor --config train.toml",
            "forno caption trigger cat --object sks_sword --where sword --dry-run"
        )
        {
            keepTokens,
            config,
        };
        command.Details = """
            Triggers stand in the order character, outfit, object, pose, situation, style, each once; one that stands among the other
            tags moves to the front. Pictures without a caption get one. ||| behind them needs keep_tokens_separator = "|||" in the
            training configuration, which --config writes.
            """;
        foreach (Option<string[]> name in names)
        {
            command.Options.Add(name);
        }

        CaptionOptions captions = new CaptionOptions().AddWhereTo(command).AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed =>
        {
            TriggerName[] add =
            [
                .. names.SelectMany(
                    (option, i) => (parsed.GetValue(option) ?? []).Select(n => new TriggerName(n.Trim(), Kinds[i].Kind))
                ),
            ];
            if (add.Length == 0)
            {
                throw new FornoException(
                    $"nothing says which trigger to add; give {string.Join(", ", Kinds.Select(k => k.Name))}"
                        + ", each with a name"
                );
            }

            var settings = new TriggerSettings
            {
                Add = add,
                Separator = !parsed.GetValue(keepTokens),
                Where = captions.Where(parsed),
            };
            return Run(cli, parsed, options, captions, settings, parsed.GetValue(config));
        });
        return command;
    }

    private static int Run(
        CommandHost cli,
        ParseResult parsed,
        DatasetOptions options,
        CaptionOptions captions,
        TriggerSettings settings,
        string? configFile
    )
    {
        ConfigEdit? config = configFile is null ? null : ConfigEdit.Open(configFile);
        string[] folders = options.Folders(parsed);
        string? work = null;
        var findings = new List<Finding>();
        int code = WorkFolderRun.Run(
            cli,
            parsed,
            options,
            context =>
            {
                work = options.Output(parsed) is null ? context.Folder.Work : null;
                var set = CaptionSet.Read(
                    context.Folder,
                    captions.Extension(parsed, config, context.Folder),
                    cancel: context.Cancel
                );
                string file = TriggerFile.PlaceFor(context.Folder, folders);
                TriggerOutcome outcome = TriggerPlans.Make(
                    set,
                    settings,
                    TriggerFile.Read(file),
                    context.Progress,
                    context.Cancel
                );
                Report(settings, outcome, config, findings);
                return ConfigFiles
                    .Steps(config, work)
                    .Aggregate(
                        outcome.Plan.And(outcome.Most == 0 ? null : TriggerFile.Step(file, settings.Add)),
                        (plan, step) => plan.And(step)
                    );
            },
            () => findings,
            captions.Further(parsed, config)
        );
        if (code == 0)
        {
            ConfigFiles.WriteOutside(
                config,
                work,
                options.DryRun(parsed),
                options.Json(parsed) ? cli.Error.WriteLine : cli.Out.WriteLine
            );
        }

        return code;
    }

    // What the trainer must know, into its configuration or to the user.
    private static void Report(
        TriggerSettings settings,
        TriggerOutcome outcome,
        ConfigEdit? config,
        List<Finding> findings
    )
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

        if (settings.Separator)
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
                        TriggerText(outcome),
                        "One keep_tokens for all: where there are fewer triggers other tags stay in place, too.",
                        Fix.ByHand("leave out --no-separator: ||| then marks the end of the triggers in each caption")
                    )
                );
            }
        }

        if (config is null)
        {
            findings.Add(
                new Finding(
                    FindingKind.Trainer,
                    FindingLevel.Note,
                    settings.Separator
                        ? "||| stands behind the triggers"
                        : Invariant.Text(
                            $"{outcome.Most} {(outcome.Most == 1 ? "tag in front is" : "tags in front are")} "
                                + $"to stay in place"
                        ),
                    "The trainer has to know, or shuffle_caption moves the triggers.",
                    (
                        settings.Separator
                            ? Fix.Set("keep_tokens_separator", CaptionText.KeepSeparator)
                            : Fix.Set("keep_tokens", outcome.Most)
                    ).Noting("--config FILE writes it")
                )
            );
        }
    }

    private static string TriggerText(TriggerOutcome outcome) =>
        Invariant.Text(
            $"captions begin with {outcome.Least} to {outcome.Most} {Wording.Counted(outcome.Most, "trigger")}"
        );
}

using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Forno.Advice;
using Forno.Cli.Commands.Datasets;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Datasets.Checks;
using Forno.Datasets.Duplicates;
using Forno.Datasets.Surveys;
using Forno.Datasets.Triggers;
using Forno.Findings;
using Forno.Kohya;
using Forno.Reports;
using Forno.Workspace;

namespace Forno.Cli.Commands.Training;

/// <summary>
/// <c>forno doctor DATASET</c>: every finding of all tools over a data set and a training configuration, worst first.
/// </summary>
internal sealed class DatasetDoctor
{
    private static readonly (Harm Harm, string Name, string Heading)[] Classes =
    [
        (Harm.Stops, "stops", "First of all: with these the training fails, or learns something else"),
        (Harm.Spoils, "spoils", "Spoils pictures, the set or the training"),
        (Harm.Worse, "worse", "Likely to make the LoRA worse"),
        (Harm.Note, "note", "Good to know"),
    ];

    private readonly Argument<string[]> folders = new("folders")
    {
        Description = "Folders of a data set; without any the machine is looked at",
        Arity = ArgumentArity.ZeroOrMore,
    };
    private readonly Option<string?> config = new("--config")
    {
        Description = "Training configuration to hold against the data set",
        HelpName = "FILE",
    };
    private readonly Option<bool> strict = new("--strict")
    {
        Description = "Exit code 1 on any finding of the first class",
    };
    private readonly Option<bool> noPictures = new("--no-pictures")
    {
        Description = "Do not look into the pictures themselves, which takes longest",
    };
    private readonly Option<string?> tags = new("--tags")
    {
        Description = "Tag list of the model's data, as for forno caption report",
        HelpName = "FILE",
    };
    private readonly BucketOptions buckets = new();
    private readonly CaptionOptions captions = new();
    private readonly PlanSettings plan = new();
    private readonly TriggerOptions triggers = new();

    /// <summary>Gives the command its options.</summary>
    public DatasetDoctor AddTo(Command command)
    {
        command.Arguments.Add(folders);
        foreach (Option option in (Option[])[config, strict, noPictures, tags])
        {
            command.Options.Add(option);
        }

        captions.AddTo(command);
        triggers.AddTo(command);
        plan.AddTo(command);
        buckets.AddTo(command);
        return this;
    }

    /// <summary>Whether a command line names a data set.</summary>
    public bool Asked(ParseResult parsed) => parsed.GetValue(folders) is { Length: > 0 };

    /// <summary>Looks at it and reports.</summary>
    public int Run(CommandHost cli, ParseResult parsed, bool json)
    {
        string[] named = parsed.GetValue(folders)!;
        var before = new List<Finding>();
        ConfigEdit? edit = parsed.GetValue(config) is { } file ? ConfigEdit.Open(file) : null;
        IReadOnlyList<ConfigFolder>? trained = edit is null ? null : Trained(edit);
        var folder = PictureFolder.Scan(named, captionExtension: captions.Further(parsed, edit));
        var set = CaptionSet.Read(folder, captions.Extension(parsed, edit, folder), cancel: cli.Cancel);
        TraitLists traits = triggers.Traits(parsed);
        TagList? list = parsed.GetValue(tags) is { } listFile ? TagList.Read(listFile) : null;
        IReadOnlyList<TriggerName> names = triggers.Names(parsed, folder, named, set, traits, edit);
        if (trained is not null && !trained.Any(t => !t.IsReg))
        {
            before.Add(
                new Finding(
                    FindingKind.EmptyFolder,
                    FindingLevel.Bad,
                    $"{Path.GetFileName(edit!.File)} trains on nothing: "
                        + $"{(edit.DatasetFile is null ? "there is no folder N_name in its train_data_dir" : "its dataset config has no folders")}",
                    "The trainer stops at once.",
                    Fix.Run("plan")
                        .OnDataSet()
                        .Changing()
                        .WithConfig()
                        .With("apply")
                        .Noting("gives every folder its N_name")
                )
            );
            trained = AsIfTrained(edit, folder);
        }

        TrainedFolder[]? places = trained is null
            ? null
            :
            [
                .. trained.Select(t => new TrainedFolder(
                    Path.TrimEndingDirectorySeparator(t.Path),
                    t.IsReg,
                    t.CaptionExtension,
                    t.KeepSeparator,
                    t.KeepTokens,
                    t.Shuffles
                )
                {
                    Options = t.Options,
                }),
            ];
        before.InsertRange(
            0,
            FileFindings.Find(
                [.. named.Select(f => Path.TrimEndingDirectorySeparator(Path.GetFullPath(f)))],
                folder,
                set,
                places
            )
        );
        var sources = new List<(string, IReadOnlyList<Finding>)> { ("files", before) };
        BucketRules? said = edit is null ? null : Sizes(edit);
        ConfigFacts? facts = edit is null ? null : ConfigModel.Facts(edit, places ?? [], said);
        if (facts is not null)
        {
            sources.Add(("configuration", ConfigFindings.Find(facts)));
        }

        if (folder.Pictures.Count > 0)
        {
            var (pruned, problems) = TriggerScenes.ReadPruned(set, cli.Cancel);
            if (facts is not null)
            {
                sources.Add(("configuration", DataFindings.Find(facts, set, names, traits, pruned)));
            }

            CaptionReport report = CaptionReporter.Make(
                set,
                new CaptionReportOptions { KeepTokens = (int)(edit?.Args["keep_tokens"] as long? ?? 0), Tags = list }
            );
            sources.Add(
                (
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
                )
            );
            sources.Add(
                (
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
                )
            );
            sources.Add(
                ("triggers", AbsorptionTable.Make(TriggerScenes.Of(set, names, traits, pruned, list?.Names)).Findings)
            );
            sources.Add(("plan", Planned(parsed, edit, set, names, traits)));
            if (!parsed.GetValue(noPictures))
            {
                sources.Add(("pictures", Pictures(cli, folder, named, said ?? buckets.Rules(parsed))));
            }
        }

        RemedyPlaces at = FindingPrinter.Places(folder, named, parsed.GetValue(config), edit?.DatasetFile is not null);
        IReadOnlyList<Diagnosis> all = Diagnosis.Gather(sources);
        if (json)
        {
            cli.Out.WriteLine(
                JsonSerializer.Serialize(
                    new
                    {
                        Pictures = folder.Pictures.Count,
                        Triggers = names.Select(n => n.Name),
                        Findings = all.Select(d => new
                        {
                            Class = Classes.First(c => c.Harm == d.Harm).Name,
                            d.From,
                            Kind = d.Finding.Kind.Name,
                            d.Finding.What,
                            d.Finding.Effect,
                            Fix = RemedyText.Line(d.Finding.Remedies, at),
                            Remedies = FindingJson.Rows(d.Finding.Remedies, at),
                        }),
                        folder.Problems,
                    },
                    JsonOutput.Options
                )
            );
        }
        else
        {
            Print(
                cli,
                string.Join(", ", named.Select(f => Wording.Shown(Path.TrimEndingDirectorySeparator(f)))),
                folder,
                all,
                at
            );
        }

        return parsed.GetValue(strict) && all.Any(d => d.Harm == Harm.Stops) ? 1 : 0;
    }

    private static void Print(
        CommandHost cli,
        string name,
        PictureFolder folder,
        IReadOnlyList<Diagnosis> all,
        RemedyPlaces at
    )
    {
        cli.Out.WriteLine(
            Invariant.Text(
                $"{name}: {folder.Pictures.Count} {Wording.Counted(folder.Pictures.Count, "picture")}, "
                    + $"{(all.Count == 0 ? "nothing found: it is ready" : Invariant.Text($"{all.Count} {Wording.Counted(all.Count, "finding")}"))}"
            )
        );
        foreach (var (harm, _, heading) in Classes)
        {
            Finding[] these = [.. all.Where(d => d.Harm == harm).Select(d => d.Finding)];
            if (these.Length > 0)
            {
                cli.Out.WriteLine();
                cli.Out.WriteLine($"{heading}:");
                FindingPrinter.Print(cli.Out, these, at);
            }
        }

        WorkFolderRun.List(cli, folder.Problems);
    }

    // The data set's own folders, with what the configuration says for all.
    private static ConfigFolder[] AsIfTrained(ConfigEdit edit, PictureFolder folder) =>
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
                    edit.Args["caption_extension"] as string ?? ".caption",
                    1,
                    edit.Args["keep_tokens"] is long keep ? (int)Math.Clamp(keep, 0, 1000) : 0,
                    edit.Args["keep_tokens_separator"] as string,
                    edit.Args["shuffle_caption"] is true
                )
                {
                    Options = edit.Args.Values,
                }),
        ];

    private static IReadOnlyList<ConfigFolder>? Trained(ConfigEdit edit)
    {
        try
        {
            return edit.Folders;
        }
        catch (FornoException)
        {
            return null; // one of the configuration's findings
        }
    }

    private static BucketRules? Sizes(ConfigEdit edit)
    {
        try
        {
            return edit.Buckets;
        }
        catch (FornoException)
        {
            return null; // a folder that is absent: reported before
        }
    }

    private IReadOnlyList<Finding> Planned(
        ParseResult parsed,
        ConfigEdit? edit,
        CaptionSet set,
        IReadOnlyList<TriggerName> names,
        TraitLists traits
    )
    {
        try
        {
            return PlanCommand.Make(edit, set, names, traits, plan.Of(parsed, edit, set)).Findings;
        }
        catch (FornoException)
        {
            return []; // no pictures but regularisation: reported by the files
        }
    }

    private static IReadOnlyList<Finding> Pictures(
        CommandHost cli,
        PictureFolder folder,
        string[] named,
        BucketRules rules
    )
    {
        PictureSurvey survey = DatasetCheckCommand.Survey(cli, folder, named[0]);
        IReadOnlyList<DuplicateGroup> duplicates;
        using (ProgressBar bar = cli.Progress("compare", survey.Pictures.Count, "pictures"))
        {
            duplicates = survey.FindDuplicates(new DuplicateOptions(), bar, cli.Cancel);
        }

        SetReport report = SetCheck.Check(survey, duplicates, rules);
        var kinds = report
            .Pictures.SelectMany(p => p.Findings.Select(f => (p.Picture.Item.Path, Finding: f)))
            .GroupBy(f => f.Finding.Kind)
            .ToArray();
        // Without buckets everything is cut to one shape: that is the configuration's mistake, not the pictures'.
        int cut = rules.Enabled ? 0 : kinds.FirstOrDefault(k => k.Key == FindingKind.Cropped)?.Count() ?? 0;
        return
        [
            .. cut == 0
                ? []
                : (Finding[])
                    [
                        new Finding(
                            FindingKind.NoBuckets,
                            FindingLevel.Warning,
                            Invariant.Text(
                                $"enable_bucket is not on: {cut} of {report.Pictures.Count} pictures are cut "
                                    + $"to the shape of {rules.Resolution}"
                            ),
                            "Heads and feet at the edges are cut: the LoRA learns them cut.",
                            Fix.Set("enable_bucket", true)
                        ),
                    ],
            .. report.Findings,
            .. kinds
                .Where(k => k.Key != FindingKind.Duplicate && !(k.Key == FindingKind.Cropped && cut > 0))
                .Select(k =>
                    k.MaxBy(f => f.Finding.Level).Finding with
                    {
                        What = Invariant.Text(
                            $"{k.Count()} × {k.Key}: "
                                + $"{string.Join(", ", k.Take(3).Select(f => $"{f.Path} ({f.Finding.What})"))}"
                                + $"{(k.Count() > 3 ? ", …" : "")}"
                        ),
                    }
                ),
            .. report
                .Problems.Except(folder.Problems)
                .Select(p => new Finding(
                    FindingKind.Unreadable,
                    FindingLevel.Bad,
                    p.ToString(),
                    "It is not trained, or the trainer stops at it.",
                    Fix.ByHand("repair or remove it")
                )),
        ];
    }
}

using System.CommandLine;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Triggers;
using Forno.Studio.Captions;

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
            Triggers stand in the order character, outfit, object, pose, situation, style, each once; one that stands
            among the other tags moves to the front. Pictures without a caption get one. ||| behind them needs
            keep_tokens_separator = "|||" in the training configuration, which --config writes.
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

            var request = new TriggerRequest
            {
                Place = options.Place(parsed),
                Settings = new TriggerSettings
                {
                    Add = add,
                    Separator = !parsed.GetValue(keepTokens),
                    Where = captions.Where(parsed),
                },
                Config = parsed.GetValue(config),
                Extension = captions.Extension(parsed),
            };
            return WorkFolderRun.Run(cli, parsed, options, new TriggerJob(request));
        });
        return command;
    }
}

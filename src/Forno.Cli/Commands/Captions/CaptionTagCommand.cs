using System.CommandLine;
using System.Globalization;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Datasets.Captions;
using Forno.Studio.Captions;
using Forno.Vision.Tagging;

namespace Forno.Cli.Commands.Captions;

/// <summary><c>forno caption tag</c>: captions by booru taggers.</summary>
internal static class CaptionTagCommand
{
    private const string Summary = """
        Write captions by booru taggers: WD14 (model.onnx + selected_tags.csv) and DeepDanbooru (… .onnx + tags.txt).

        What every tagger saw, with its confidence, is noted beside the picture in NAME.tags.json: with --from-sidecar
        other thresholds and forms are tried in a moment, without running a network again.
        """;

    private static readonly Option<string[]> Models = new("--model", "-m")
    {
        Description =
            "A tagger: the folder that has its ONNX model and list of tags, or the .onnx file with the list "
            + "beside it; several are united",
        HelpName = "FOLDER|FILE",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> FromSidecar = new("--from-sidecar")
    {
        Description = "Make captions of what was noted by an earlier run, with other thresholds; no model is run",
    };
    private static readonly Option<double> Threshold = Share("--threshold", "Least confidence of a tag", 0.35);
    private static readonly Option<double> CharacterThreshold = Share(
        "--character-threshold",
        "Least confidence of a character",
        0.85
    );
    private static readonly Option<string[]> CategoryThresholds = new("--category-threshold")
    {
        Description =
            "Least confidence of another category, such as copyright=0.5; "
            + $"{string.Join(", ", TaggerTags.Categories)}; 2 leaves it out",
        HelpName = "NAME=SHARE",
        AllowMultipleArgumentsPerToken = true,
    };

    private static readonly Option<bool> Rating = new("--rating")
    {
        Description = "Write the surest rating at the end",
    };
    private static readonly Option<string?> Prefix = new("--prefix")
    {
        Description = "Tags in front of every caption, such as the trigger; several between commas",
        HelpName = "TAGS",
    };
    private static readonly Option<string[]> Exclude = new("--exclude")
    {
        Description = "Tags that are left out, between commas; @FILE reads them from a file, one a line",
        HelpName = "TAGS",
        AllowMultipleArgumentsPerToken = true,
    };
    private static readonly Option<bool> Underscores = new("--underscores")
    {
        Description = "Keep the underscores of the tagger's list; by default tags have spaces (but in ^_^)",
    };
    private static readonly Option<string> Existing = Existings();
    private static readonly Option<double> Least = Share(
        "--note-from",
        "Least confidence that is noted in the sidecar; thresholds below it find nothing later",
        0.1
    );
    private static readonly Option<int> Batch = new("--batch")
    {
        Description = "Pictures at once, where the model allows it",
        DefaultValueFactory = _ => 4,
        HelpName = "N",
    };
    private static readonly Option<int> Threads = new("--threads")
    {
        Description = "Threads of the network (OMP_NUM_THREADS, else all)",
        HelpName = "N",
    };
    private static readonly Option<string?> TagListFile = new("--tag-list")
    {
        Description = "The tagger's list of tags, if it does not lie beside the model; with one --model",
        HelpName = "FILE",
    };
    private static readonly Option<string?> Channels = Choice(
        "--channels",
        "Order of the colours: bgr (WD14) or rgb (DeepDanbooru)",
        "bgr",
        "rgb"
    );
    private static readonly Option<string?> Pixels = Choice(
        "--pixels",
        "Range of the samples: 255 (WD14), 1 (DeepDanbooru) or signed (-1 to 1)",
        "255",
        "1",
        "signed"
    );
    private static readonly Option<int?> Size = new("--model-size")
    {
        Description = "Side of the network's pictures, if its file leaves it open (448, DeepDanbooru 512)",
        HelpName = "N",
    };

    /// <summary>Builds the command.</summary>
    public static Command Build(CommandHost cli)
    {
        FornoCommand command = new(
            "tag",
            Summary,
            "forno caption tag cat --model ~/models/wd-swinv2-tagger-v3 --prefix \"sks cat\" --exclude "
                + "monochrome,greyscale",
            "forno caption tag cat --model ~/models/wd-eva02-large-tagger-v3 ~/models/deepdanbooru --existing append",
            "forno caption tag cat --from-sidecar --threshold 0.5 --existing replace --dry-run"
        )
        {
            Models,
            FromSidecar,
            Threshold,
            CharacterThreshold,
            CategoryThresholds,
            Rating,
            Prefix,
            Exclude,
            Underscores,
            Existing,
            Least,
            Batch,
            Threads,
            TagListFile,
            Channels,
            Pixels,
            Size,
        };
        CaptionOptions captions = new CaptionOptions().AddTo(command);
        DatasetOptions options = new DatasetOptions().AddTo(command);
        command.SetAction(parsed => Run(cli, parsed, options, captions.Extension(parsed)));
        return command;
    }

    private static int Run(CommandHost cli, ParseResult parsed, DatasetOptions options, string? extension)
    {
        string[] words = parsed.GetValue(Models) ?? [];
        bool fromSidecar = parsed.GetValue(FromSidecar);
        if (fromSidecar == (words.Length > 0))
        {
            throw new FornoException(
                fromSidecar
                    ? "--model and --from-sidecar exclude each other: run the tagger, or use what it saw earlier"
                    : $"no tagger is given: --model FOLDER. {TaggerFiles.WhereToGet}"
            );
        }

        string? list = parsed.GetValue(TagListFile);
        if (list is not null && words.Length != 1)
        {
            throw new FornoException("--tag-list belongs to one --model; with several each needs its list beside it");
        }

        var request = new TagRequest
        {
            Place = options.Place(parsed),
            Taggers = words,
            TagList = list,
            Rules = Rules(parsed),
            NoteFrom = parsed.GetValue(Least),
            Batch = parsed.GetValue(Batch),
            Options = Options(parsed),
            Extension = extension,
        };
        return WorkFolderRun.Run(cli, parsed, options, new TagJob(request));
    }

    private static TagRules Rules(ParseResult parsed)
    {
        var thresholds = new Dictionary<string, double>(StringComparer.Ordinal)
        {
            ["character"] = parsed.GetValue(CharacterThreshold),
        };
        foreach (string pair in parsed.GetValue(CategoryThresholds) ?? [])
        {
            string[] parts = pair.Split('=');
            thresholds[parts[0].Trim()] =
                parts.Length == 2
                && parts[0].Trim().Length > 0
                && double.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out double share)
                && share >= 0
                    ? share
                    : throw new FornoException(
                        $"--category-threshold {pair}: write it as NAME=SHARE, such as copyright=0.5 ("
                            + $"{string.Join(", ", TaggerTags.Categories)})"
                    );
        }

        return new TagRules
        {
            Threshold = parsed.GetValue(Threshold),
            Thresholds = thresholds,
            Rating = parsed.GetValue(Rating),
            Exclude = Excluded(parsed.GetValue(Exclude) ?? []),
            Prefix = parsed.GetValue(Prefix) is { } prefix ? CaptionText.Parse(prefix).Tags : [],
            Underscores = parsed.GetValue(Underscores),
            Existing = Enum.Parse<ExistingCaption>(parsed.GetValue(Existing)!, ignoreCase: true),
        };
    }

    private static HashSet<string> Excluded(string[] words)
    {
        var tags = new HashSet<string>(StringComparer.Ordinal);
        foreach (string word in words)
        {
            if (word.StartsWith('@'))
            {
                try
                {
                    tags.UnionWith(
                        File.ReadLines(word[1..])
                            .Select(l => l.Split('#')[0])
                            .SelectMany(l => l.Split(','))
                            .Select(TagExpression.Normal)
                            .Where(t => t.Length > 0)
                    );
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    throw FornoException.ForFile(
                        word[1..],
                        $"cannot be read ({e.Message})",
                        "--exclude @FILE wants a text with a tag a line.",
                        e
                    );
                }
            }
            else
            {
                tags.UnionWith(word.Split(',').Select(TagExpression.Normal).Where(t => t.Length > 0));
            }
        }

        return tags;
    }

    private static TaggerOptions Options(ParseResult parsed) =>
        new()
        {
            Bgr = parsed.GetValue(Channels) switch
            {
                "bgr" => true,
                "rgb" => false,
                _ => null,
            },
            Pixels = parsed.GetValue(Pixels) switch
            {
                "255" => TaggerPixels.Bytes,
                "1" => TaggerPixels.Unit,
                "signed" => TaggerPixels.Signed,
                _ => null,
            },
            Size = parsed.GetValue(Size),
            Threads = Math.Max(0, parsed.GetValue(Threads)),
        };

    private static Option<double> Share(string name, string what, double usual)
    {
        Option<double> option = new(name)
        {
            Description = what,
            DefaultValueFactory = _ => usual,
            HelpName = "SHARE",
        };
        option.Validators.Add(result =>
        {
            if (
                result.Tokens.Count == 1
                && !(
                    double.TryParse(
                        result.Tokens[0].Value,
                        NumberStyles.Float,
                        CultureInfo.InvariantCulture,
                        out double share
                    ) && share is >= 0 and <= 2
                )
            )
            {
                result.AddError($"{name} {result.Tokens[0].Value}: a share from 0 to 1 is needed (2 leaves all out)");
            }
        });
        return option;
    }

    private static Option<string> Existings()
    {
        Option<string> option = new("--existing")
        {
            Description =
                "What is done for pictures that have a caption: keep it, append new tags, or replace it "
                + "(what stands before ||| stays)",
            DefaultValueFactory = _ => "keep",
        };
        option.AcceptOnlyFromAmong("keep", "append", "replace");
        return option;
    }

    private static Option<string?> Choice(string name, string what, params string[] values)
    {
        Option<string?> option = new(name) { Description = what };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}

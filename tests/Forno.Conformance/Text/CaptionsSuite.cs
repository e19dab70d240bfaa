using System.Text.Json;
using Forno.Data;

namespace Forno.Conformance.Text;

/// <summary>Suite <c>captions</c>: caption files, folder names, and what a draw makes of a caption.</summary>
internal sealed class CaptionsSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "captions";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        var (p, expect, comparison) = (golden.Params, golden.Expect, new Comparison(golden));
        string? kind = p.GetProperty("kind").GetString();
        var runs = p.TryGetProperty("runs", out var list) ? list.EnumerateArray().ToArray() : [];
        switch (kind)
        {
            case "process":
                comparison.Json(
                    "captions",
                    runs.Select(r => Process(r, KeyedRandom.For(1, "golden"))).ToArray(),
                    expect.GetProperty("captions")
                );
                break;
            case "wildcard":
                comparison.Json("allowed", runs.Select(All).ToArray(), expect.GetProperty("allowed"));
                break;
            case "shuffle":
                for (int i = 0; i < runs.Length; i++)
                {
                    Shuffled(comparison, $"tokens[{i}]", runs[i], expect.GetProperty("tokens")[i]);
                }

                break;
            case "folder_names":
                comparison.Json(
                    "folders",
                    p.GetProperty("names").EnumerateArray().Select(Folder).ToArray(),
                    expect.GetProperty("folders")
                );
                break;
            case "files":
                comparison.Json("runs", runs.Select(Files).ToArray(), expect.GetProperty("runs"));
                break;
            default:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static CaptionRules Rules(JsonElement run)
    {
        var rules = new CaptionRules();
        if (!run.TryGetProperty("options", out var options))
        {
            return rules;
        }

        foreach (var (name, value) in options.EnumerateObject().Select(o => (o.Name, o.Value)))
        {
            rules = name switch
            {
                "shuffle_caption" => rules with { Shuffle = value.GetBoolean() },
                "caption_separator" => rules with { Separator = value.GetString()! },
                "keep_tokens" => rules with { KeepTokens = value.GetInt32() },
                "keep_tokens_separator" => rules with { KeepTokensSeparator = value.GetString() },
                "secondary_separator" => rules with { SecondarySeparator = value.GetString() },
                "enable_wildcard" => rules with { Wildcard = value.GetBoolean() },
                "caption_prefix" => rules with { Prefix = value.GetString() },
                "caption_suffix" => rules with { Suffix = value.GetString() },
                "caption_dropout_rate" => rules with { DropoutRate = value.GetDouble() },
                "caption_dropout_every_n_epochs" => rules with { DropoutEveryNEpochs = value.GetInt32() },
                "caption_tag_dropout_rate" => rules with { TagDropoutRate = value.GetDouble() },
                "token_warmup_min" => rules with { WarmupMin = value.GetInt32() },
                "token_warmup_step" => rules with { WarmupStep = value.GetDouble() },
                _ => throw new FornoException($"the case has an option '{name}' that captions do not have"),
            };
        }

        return rules;
    }

    private static string Process(JsonElement run, IChoices choices)
    {
        var state = run.TryGetProperty("state", out var given) ? given : default;
        return Caption.Process(
            run.GetProperty("caption").GetString()!,
            Rules(run),
            new CaptionState(
                (int)Whole(state, "current_epoch", 1),
                Whole(state, "current_step", 0),
                Whole(state, "max_train_steps", 1000)
            ),
            choices
        );
    }

    private static long Whole(JsonElement state, string name, long otherwise) =>
        state.ValueKind == JsonValueKind.Object && state.TryGetProperty(name, out var value)
            ? value.GetInt64()
            : otherwise;

    /// <summary>Every caption that some sequence of choices gives, sorted.</summary>
    private static string[] All(JsonElement run)
    {
        var found = new SortedSet<string>(StringComparer.Ordinal);
        var walk = new EveryChoice();
        do
        {
            found.Add(Process(run, walk));
        } while (walk.Next());
        return [.. found];
    }

    /// <summary>
    /// Many draws: each has the fixed tokens in place and the others in some order, and the orders differ.
    /// </summary>
    private static void Shuffled(Comparison comparison, string name, JsonElement run, JsonElement want)
    {
        var (prefix, shuffled, suffix) = (Strings(want, "prefix"), Strings(want, "shuffled"), Strings(want, "suffix"));
        var orders = new HashSet<string>(StringComparer.Ordinal);
        for (int draw = 0; draw < 64; draw++)
        {
            string caption = Process(run, KeyedRandom.For(1, "golden", 0, draw));
            orders.Add(caption);
            string[] tokens = caption.Split(", ");
            comparison.Same($"{name} count", tokens.Length, prefix.Length + shuffled.Length + suffix.Length);
            if (!comparison.Agrees)
            {
                return;
            }

            comparison.Same($"{name} prefix", string.Join(", ", tokens[..prefix.Length]), string.Join(", ", prefix));
            comparison.Same(
                $"{name} shuffled",
                string.Join(", ", tokens[prefix.Length..^suffix.Length].Order(StringComparer.Ordinal)),
                string.Join(", ", shuffled)
            );
            comparison.Same($"{name} suffix", string.Join(", ", tokens[^suffix.Length..]), string.Join(", ", suffix));
        }

        if (shuffled.Distinct().Count() > 1 && orders.Count == 1)
        {
            comparison.Fail($"{name}: 64 draws all have the same order");
        }
    }

    private static string[] Strings(JsonElement want, string name) =>
        [.. want.GetProperty(name).EnumerateArray().Select(t => t.GetString()!)];

    private static object? Folder(JsonElement name) =>
        SubsetFolders.ParseName(name.GetString()!) is var (repeats, tokens)
            ? new Dictionary<string, object> { ["num_repeats"] = repeats, ["class_tokens"] = tokens }
            : null;

    private static Dictionary<string, object> Files(JsonElement run)
    {
        string root = Directory.CreateTempSubdirectory("forno-captions-").FullName;
        try
        {
            var (train, reg) = (Path.Combine(root, "train"), Path.Combine(root, "reg"));
            Write(run, "files", train);
            bool hasReg = Write(run, "reg_files", reg);
            string extension = run.GetProperty("caption_extension").GetString()!;
            var rules = Rules(run);
            var subsets = SubsetFolders
                .Find(train)
                .Select(f => (f, false))
                .Concat(SubsetFolders.Find(hasReg ? reg : null).Select(f => (f, true)))
                .Select(s => new Subset
                {
                    ImageDir = s.Item1.Path,
                    NumRepeats = s.Item1.NumRepeats,
                    ClassTokens = s.Item1.ClassTokens,
                    IsReg = s.Item2,
                    CaptionExtension = extension.StartsWith('.') ? extension : "." + extension,
                    Captions = rules,
                })
                .ToArray();
            var found = subsets
                .Select(s =>
                    Dataset
                        .Pictures(s.ImageDir)
                        .Select(f => (File: Path.GetFileName(f), Caption: Dataset.CaptionOf(f, s)))
                        .ToArray()
                )
                .ToArray();
            var described = subsets
                .Zip(found)
                .Select(s => new Dictionary<string, object>
                {
                    ["folder"] = Path.GetFileName(s.First.ImageDir),
                    ["is_reg"] = s.First.IsReg,
                    ["num_repeats"] = s.First.NumRepeats,
                    ["class_tokens"] = s.First.ClassTokens!,
                    ["image_count"] = s.Second.Length,
                    ["images"] = s
                        .Second.Select(i => new Dictionary<string, string>
                        {
                            ["file"] = i.File,
                            ["caption"] = i.Caption,
                        })
                        .ToArray(),
                })
                .ToArray();
            foreach (var subset in described.Where(s => (bool)s["is_reg"]))
            {
                subset.Remove("images");
            }

            return new()
            {
                ["subsets"] = described,
                ["tag_frequency"] = subsets
                    .Zip(found)
                    .ToDictionary(
                        s => Path.GetFileName(s.First.ImageDir),
                        s => Caption.TagFrequency(s.Second.Select(i => i.Caption))
                    ),
            };
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static bool Write(JsonElement run, string name, string folder)
    {
        if (!run.TryGetProperty(name, out var files))
        {
            return false;
        }

        Directory.CreateDirectory(folder);
        foreach (var file in files.EnumerateObject())
        {
            string path = Path.GetFullPath(file.Name, folder);
            if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            {
                throw new FornoException($"the case names a file outside its folder: {file.Name}");
            }

            Directory.CreateDirectory(file.Name.EndsWith('/') ? path : Path.GetDirectoryName(path)!);
            if (!file.Name.EndsWith('/'))
            {
                File.WriteAllText(path, file.Value.GetString());
            }
        }

        return true;
    }

    /// <summary>Walks through all sequences of choices, depth first.</summary>
    private sealed class EveryChoice : IChoices
    {
        private readonly List<(int Taken, int Count)> path = [];
        private int at;

        public int Below(int count)
        {
            if (at == path.Count)
            {
                path.Add((0, count));
            }

            return path[at++].Taken;
        }

        public double Unit() => throw new NotSupportedException("only whole choices are walked through");

        /// <summary>Moves to the next sequence; false after the last.</summary>
        public bool Next()
        {
            at = 0;
            while (path.Count > 0 && path[^1].Taken + 1 == path[^1].Count)
            {
                path.RemoveAt(path.Count - 1);
            }

            if (path.Count == 0)
            {
                return false;
            }

            path[^1] = (path[^1].Taken + 1, path[^1].Count);
            return true;
        }
    }
}

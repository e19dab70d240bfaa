using System.Text.Json;
using Forno.Data;
using Forno.Imaging;

namespace Forno.Conformance.Images;

/// <summary>Suite <c>buckets</c>: bucket sizes, resize and crop, batches and steps.</summary>
internal sealed class BucketsSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "buckets";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        var (p, comparison) = (golden.Params, new Comparison(golden));
        switch (p.GetProperty("kind").GetString())
        {
            case "predefined":
                comparison.Json(
                    "results",
                    p.GetProperty("settings").EnumerateArray().Select(Predefined).ToArray(),
                    golden.Expect.GetProperty("results")
                );
                break;
            case "select":
                var buckets = new Buckets(Rules(p));
                var fits = p.GetProperty("images").EnumerateArray().Select(i => Fit(buckets.Fit(Pair(i)))).ToArray();
                comparison.Json("images", fits, golden.Expect.GetProperty("images"));
                break;
            case "epoch":
                comparison.Json(
                    "runs",
                    p.GetProperty("runs").EnumerateArray().Select(Epoch).ToArray(),
                    golden.Expect.GetProperty("runs")
                );
                break;
            case "gui_steps":
                comparison.Json(
                    "runs",
                    p.GetProperty("runs").EnumerateArray().Select(Gui).ToArray(),
                    golden.Expect.GetProperty("runs")
                );
                break;
            case var kind:
                return CaseResult.Unknown($"kind {kind}");
        }

        return comparison.Result();
    }

    private static BucketRules Rules(JsonElement p) =>
        new()
        {
            Resolution = Pair(p.GetProperty("resolution")),
            Enabled = !p.TryGetProperty("enable_bucket", out var enabled) || enabled.GetBoolean(),
            MinReso = Whole(p, "min_bucket_reso", 256),
            MaxReso = Whole(p, "max_bucket_reso", 1024),
            Steps = Whole(p, "bucket_reso_steps", 64),
            NoUpscale = p.TryGetProperty("no_upscale", out var keep) && keep.GetBoolean(),
        };

    private static Dictionary<string, object> Predefined(JsonElement p)
    {
        var rules = Rules(p);
        return new()
        {
            ["min_bucket_reso"] = rules.EffectiveMin,
            ["max_bucket_reso"] = rules.EffectiveMax,
            ["resolutions"] = new Buckets(rules).Predefined.Select(List).ToArray(),
        };
    }

    private static Dictionary<string, object> Fit(BucketFit fit)
    {
        var (left, top, right, bottom) = fit.CropLtrb();
        return new()
        {
            ["bucket"] = List(fit.Bucket),
            ["resized"] = List(fit.Resized),
            ["ar_error"] = fit.AspectError,
            ["crop_box"] = new[]
            {
                fit.CropLeft,
                fit.CropTop,
                fit.CropLeft + fit.Bucket.Width,
                fit.CropTop + fit.Bucket.Height,
            },
            ["crop_ltrb"] = new[] { left, top, right, bottom },
            ["crop_top_left"] = new[] { fit.CropTopLeft(false).Top, fit.CropTopLeft(false).Left },
            ["crop_top_left_flipped"] = new[] { fit.CropTopLeft(true).Top, fit.CropTopLeft(true).Left },
        };
    }

    private static Dictionary<string, object> Epoch(JsonElement run)
    {
        var subsets = run.GetProperty("subsets")
            .EnumerateArray()
            .Select(s =>
                (
                    Subset: new Subset
                    {
                        ImageDir = "",
                        NumRepeats = Whole(s, "num_repeats", 1),
                        IsReg = s.TryGetProperty("is_reg", out var reg) && reg.GetBoolean(),
                    },
                    Examples: s.GetProperty("images")
                        .EnumerateArray()
                        .Select(i => new Example("", "", Pair(i)))
                        .ToArray()
                )
            )
            .ToArray();
        var settings = new DatasetSettings
        {
            Buckets = Rules(run),
            BatchSize = Whole(run, "batch_size", 1),
            Subsets = [.. subsets.Select(s => s.Subset)],
        };
        var dataset = new Dataset(settings, [.. subsets.Select(s => s.Examples)]);
        int? epochs =
            run.TryGetProperty("max_train_epochs", out var given) && given.ValueKind == JsonValueKind.Number
                ? given.GetInt32()
                : null;
        var steps = StepCounts.For(
            dataset.BatchesPerEpoch,
            Whole(run, "gradient_accumulation_steps", 1),
            Whole(run, "max_train_steps", 1600),
            epochs
        );
        var plan = EpochPlan.Build([dataset], seed: 0, epoch: 1, steps);
        var result = new Dictionary<string, object>
        {
            ["num_train_images"] = dataset.TrainImages,
            ["num_reg_images"] = dataset.RegImages,
            ["buckets"] = plan
                .Batches.GroupBy(b => b.Size)
                .OrderBy(b => b.Key)
                .Select(b => new Dictionary<string, object>
                {
                    ["resolution"] = List(b.Key),
                    ["count"] = b.Sum(x => x.Examples.Count),
                    ["batches"] = b.Count(),
                })
                .ToArray(),
            ["batches_per_epoch"] = plan.Batches.Count,
            ["max_train_steps"] = steps.TotalSteps,
            ["update_steps_per_epoch"] = steps.StepsPerEpoch,
            ["num_epochs"] = steps.Epochs,
        };
        int[] regular = Enumerable.Range(0, subsets.Length).Where(s => subsets[s].Subset.IsReg).ToArray();
        if (regular.Length > 0)
        {
            result["reg_repeats"] = regular
                .Select(s => dataset.Items.Where(i => i.SubsetIndex == s).Select(i => i.Repeats).ToArray())
                .ToArray();
        }

        if (run.TryGetProperty("save_n_epoch_ratio", out var ratio))
        {
            result["save_every_n_epochs"] = steps.SaveEveryNEpochs(ratio.GetInt32());
        }

        return result;
    }

    private static Dictionary<string, object> Gui(JsonElement run)
    {
        long total = run.GetProperty("folders")
            .EnumerateArray()
            .Sum(f => f.GetProperty("repeats").GetInt64() * f.GetProperty("images").GetInt64());
        var (steps, warmup) = StepCounts.Gui(
            total,
            Whole(run, "train_batch_size", 1),
            Whole(run, "gradient_accumulation_steps", 1),
            Whole(run, "epoch", 1),
            run.GetProperty("reg_data_dir").GetBoolean(),
            run.GetProperty("lr_warmup").GetDouble()
        );
        return new()
        {
            ["total_steps"] = total,
            ["max_train_steps"] = steps,
            ["lr_warmup_steps"] = warmup,
        };
    }

    private static int Whole(JsonElement p, string name, int otherwise) =>
        p.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetInt32() : otherwise;

    private static Size Pair(JsonElement pair) => new(pair[0].GetInt32(), pair[1].GetInt32());

    private static int[] List(Size size) => [size.Width, size.Height];
}

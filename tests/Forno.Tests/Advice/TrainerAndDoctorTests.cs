using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Advice;
using Forno.Diffusion;
using Forno.Findings;
using Forno.Imaging;
using Forno.Kohya;
using Forno.Models;
using Forno.Models.Families;
using Forno.Nn;
using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Optim.Rates;
using Forno.TestKit;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Recipes;

namespace Forno.Tests.Advice;

/// <summary>
/// What the trainer refuses the doctor reports, and what the doctor calls refused the trainer refuses: held over random
/// configurations. The trainer is taken as far as its first optimizer step, without a model's tensors.
/// </summary>
public sealed class TrainerAndDoctorTests : IDisposable
{
    private const int Draws = 10_000;
    private readonly string folder = Directory.CreateTempSubdirectory("forno-both-").FullName;
    private readonly TinyBaseModel small = new(),
        large = new(family: ModelFamily.Sdxl);
    private readonly Dictionary<string, (ModelFamily Family, IReadOnlyList<PatchTarget> Targets)> models;

    public TrainerAndDoctorTests()
    {
        foreach (string name in (string[])["train/1_a", "empty", "masks"])
        {
            Directory.CreateDirectory(Path.Combine(folder, name));
        }
        using var picture = Picture.FromRgb(new byte[64 * 64 * 3], 64, 64);
        picture.SavePng(Path.Combine(folder, "train/1_a/a.png"));
        picture.SavePng(Path.Combine(folder, "masks/a.png"));
        File.WriteAllText(Path.Combine(folder, "prompts.txt"), "a cat\n");
        models = new(StringComparer.Ordinal)
        {
            [small.File] = (ModelFamily.Sd15, PatchTargets.FullSize(ModelFamily.Sd15)),
            [large.File] = (ModelFamily.Sdxl, PatchTargets.FullSize(ModelFamily.Sdxl)),
        };
    }

    public void Dispose()
    {
        small.Dispose();
        large.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void TheyAgreeOnRandomConfigurations()
    {
        var random = new Random(20260);
        var configs = new RandomConfig(random, folder);
        var (sound, unread, kinds) = (0, 0, new SortedDictionary<string, int>(StringComparer.Ordinal));
        string path = Path.Combine(folder, "train.toml");
        for (int i = 0; i < Draws; i++)
        {
            string text = configs.Draw(random.Next(3) == 0 ? large.File : small.File);
            File.WriteAllText(path, text);
            IReadOnlyList<RuleBreach>? trainer = Trainer(path, out string? said);
            IReadOnlyList<Finding>? doctor = Doctor(path, out string? words);
            string where = $"draw {i}:\n{text}\n{DatasetConfig(text)}\ntrainer: {said}\ndoctor: {words}";

            if (doctor is null)
            {
                // A file that cannot be read has no findings; both say the same of it.
                Assert.True(trainer is null || trainer.Any(b => b.Kind == FindingKind.DatasetConfig), where);
                Assert.True(trainer is not null || said is not null, where);
                unread++;
                continue;
            }
            Assert.True(said is null || trainer is not null, where);
            // What depends on the family shows to the trainer when it has opened the model: after the rest.
            string[] refused = [.. (trainer ?? []).Select(b => Key(b.Kind.Name, b.What + Place(b)))],
                reported = [.. doctor.Select(f => Key(f.Kind.Name, f.What))];
            Assert.True(!refused.Except(reported).Any(), where);
            Assert.True(reported.Except(refused).All(key => trainer is not null && OfFamily(key)), where);
            sound += trainer is null ? 1 : 0;
            foreach (string kind in (trainer ?? []).Select(b => b.Kind.Name).Distinct())
            {
                kinds[kind] = kinds.GetValueOrDefault(kind) + 1;
            }
        }
        string tally =
            $"{sound} sound, {unread} unreadable; {string.Join(", ", kinds.Select(k => $"{k.Key} {k.Value}"))}";
        Assert.True(sound > Draws / 10 && unread < Draws / 4, tally);
        FindingKind[] refusing =
        [
            FindingKind.UnknownOption,
            FindingKind.UnsupportedOption,
            FindingKind.OptionValue,
            FindingKind.MissingOption,
            FindingKind.DatasetConfig,
            FindingKind.EmptyFolder,
            FindingKind.Resolution,
            FindingKind.Buckets,
            FindingKind.MaskedLoss,
            FindingKind.NetworkArgs,
            FindingKind.NothingTrained,
            FindingKind.Optimizer,
            FindingKind.Rates,
            FindingKind.LrScheduler,
            FindingKind.CachedCaptions,
            FindingKind.CachedTextEncoder,
            FindingKind.CachedLatents,
            FindingKind.Timesteps,
            FindingKind.NoiseOffset,
            FindingKind.Loss,
            FindingKind.SamplePrompts,
        ];
        Assert.True(refusing.All(k => kinds.GetValueOrDefault(k.Name) >= 20), tally);
    }

    // The breaches that it refuses for; null: it trains, or (then it said why) it stopped at something else.
    private IReadOnlyList<RuleBreach>? Trainer(string path, out string? said)
    {
        said = null;
        try
        {
            FirstStep(TrainRecipeReader.Read(path, workingFolder: folder));
            return null;
        }
        catch (RecipeRefusedException e)
        {
            said = e.Message;
            return e.Breaches;
        }
        catch (FornoException e)
        {
            said = e.Message;
            return null;
        }
    }

    // As Trainer does, with parameters of one number in place of the adapter's.
    private void FirstStep(TrainRecipe recipe)
    {
        using var scope = new Scope();
        var (family, targets) = models.TryGetValue(recipe.Model.Path, out var known) ? known : default;
        var plan = TrainPlan.Make(recipe, family, Prediction.Epsilon);
        LrSchedule schedule = LrSchedules.Create(recipe.Optimizer.Schedule(plan.Steps.TotalSteps));
        if (family is null)
        {
            return;
        }
        IReadOnlyList<AdapterModule> modules = plan.Modules(targets);
        ParameterGroup[] groups =
        [
            .. AdapterGroups
                .Of(modules, plan.Settings(), recipe.Optimizer.TextEncoderLrs[0], recipe.Optimizer.UNetLr)
                .Select(g => new ParameterGroup
                {
                    Parameters = [new Parameter(g.Name, Tensor.Zeros([1], DType.Float32))],
                    Options = new Dictionary<string, object?> { ["lr"] = g.Lr },
                }),
        ];
        using Optimizer optimizer = OptimizerRegistry.Create(recipe.Optimizer.Type, groups, recipe.Optimizer.Args);
        foreach (ParameterGroup group in groups)
        {
            group.Parameters[0].Tensor.RequiresGrad = true;
            group.Parameters[0].Tensor.Grad = Tensor.Full([1], 1, DType.Float32);
            group.Lr = schedule(group.BaseLr, 0);
        }
        optimizer.Step();
    }

    // The findings that say that the trainer stops; null: it cannot read the file, and said why.
    private IReadOnlyList<Finding>? Doctor(string path, out string? said)
    {
        try
        {
            ConfigEdit edit = ConfigEdit.Open(path, folder);
            TrainedFolder[] folders = [];
            try
            {
                folders =
                [
                    .. edit.Folders.Select(f => new TrainedFolder(f.Path, f.IsReg, f.CaptionExtension)
                    {
                        Options = f.Options,
                    }),
                ];
                _ = edit.Buckets;
            }
            catch (FornoException)
            {
                // The doctor goes on without, as here.
            }
            Finding[] findings =
            [
                .. ConfigFindings
                    .Find(ConfigModel.Facts(edit, folders, null))
                    .Where(f => f.Effect == ConfigFindings.Stops),
            ];
            Assert.All(findings, f => Assert.Equal(FindingLevel.Bad, f.Level));
            said = string.Join('\n', findings.Select(f => f.What));
            return findings;
        }
        catch (FornoException e)
        {
            said = e.Message;
            return null;
        }
    }

    private static bool OfFamily(string kind) =>
        kind == FindingKind.NetworkArgs.Name
        || kind == FindingKind.NothingTrained.Name
        || kind == FindingKind.Rates.Name;

    // Kind and text; what depends on a family may be said of the other one.
    private static string Key(string kind, string what) => OfFamily(kind) ? FindingKind.NetworkArgs.Name : kind + what;

    private static string Place(RuleBreach breach) => breach.Where is null ? "" : $" ({breach.Where})";

    private string DatasetConfig(string text) =>
        text.Contains("data.toml") ? File.ReadAllText(Path.Combine(folder, "data.toml")) : "";
}

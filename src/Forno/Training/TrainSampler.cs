using System.Globalization;
using Forno.Generation;
using Forno.Generation.Requests;
using Forno.Kohya;
using Forno.Models;
using Forno.Torch;
using Forno.Training.Logs;
using Forno.Training.Recipes;

namespace Forno.Training;

/// <summary>
/// Draws a training's sample pictures by the engine that <c>generate</c> uses, into kohya's folder under kohya's names.
/// </summary>
public sealed class TrainSampler : ISampleDrawer
{
    private readonly IReadOnlyList<SamplePrompt> prompts;
    private readonly PictureGenerator generator;
    private readonly OutputSettings output;
    private readonly int clipSkip;

    private TrainSampler(BaseModel model, TrainRecipe recipe, SampleSettings settings)
    {
        prompts = SamplePrompts.Read(settings.PromptsPath, settings.Sampler);
        generator = new PictureGenerator(model);
        output = recipe.Output;
        clipSkip = recipe.Model.ClipSkip ?? 1;
    }

    /// <summary>
    /// The samples that a recipe asks for; null: none. Reads the prompts, so that what is wrong with them shows before
    /// the training begins.
    /// </summary>
    /// <param name="model">The model that is trained on.</param>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="FornoException">The prompts cannot be read.</exception>
    public static SamplePlan? PlanOf(BaseModel model, TrainRecipe recipe) =>
        recipe.Samples is not { } settings
            ? null
            : new SamplePlan(new TrainSampler(model, recipe, settings))
            {
                AtFirst = settings.AtFirst,
                EveryNEpochs = settings.EveryNEpochs,
                EveryNSteps = settings.EveryNSteps,
            };

    /// <inheritdoc/>
    public void Draw(SampleMoment moment, Action<TrainEvent> report, CancellationToken cancel)
    {
        string folder = Path.Combine(output.Folder, "sample"),
            time = DateTime.Now.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(folder);
        string when = moment.Epoch is { } epoch
            ? Invariant.Text($"e{epoch:D6}")
            : moment.Step.ToString("D6", CultureInfo.InvariantCulture);
        for (int i = 0; i < prompts.Count && !cancel.IsCancellationRequested; i++)
        {
            ulong seed = prompts[i].Seed ?? Rng.Key(moment.Seed, "sample", moment.Step, i) >> 32;
            GeneratedPicture picture = generator
                .Draw(prompts[i].Request with { Seed = seed, ClipSkip = clipSkip })
                .Pictures[0];
            string named = prompts[i].Seed is { } given ? Invariant.Text($"_{given}") : "";
            string path = Path.Combine(folder, Invariant.Text($"{output.Name}_{when}_{i:D2}_{time}{named}.png"));
            picture.Save(path);
            report(new TrainEvent.Sampled(path, prompts[i].Request.Prompt, moment.Step, moment.Epoch));
        }
    }
}

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
/// Draws a training's sample pictures by the engine that <c>generate</c> uses, with the adapter as it is, into kohya's
/// folder under kohya's names.
/// </summary>
public sealed class TrainSampler
{
    private readonly IReadOnlyList<SamplePrompt> prompts;
    private readonly PictureGenerator generator;
    private readonly OutputSettings output;
    private readonly int clipSkip;

    /// <summary>Reads the prompts, so that what is wrong with them shows before the training begins.</summary>
    /// <param name="model">The model that is trained on.</param>
    /// <param name="recipe">With <see cref="TrainRecipe.Samples"/>.</param>
    /// <exception cref="FornoException">The prompts cannot be read.</exception>
    public TrainSampler(BaseModel model, TrainRecipe recipe)
    {
        SampleSettings settings =
            recipe.Samples ?? throw new ArgumentException("the recipe asks for no samples", nameof(recipe));
        prompts = SamplePrompts.Read(settings.PromptsPath, settings.Sampler);
        generator = new PictureGenerator(model);
        output = recipe.Output;
        clipSkip = recipe.Model.ClipSkip ?? 1;
    }

    /// <summary>Draws all prompts.</summary>
    /// <param name="trainer">The training; its adapter fills the model's slots.</param>
    /// <param name="due">When.</param>
    /// <param name="tell">Told of each picture.</param>
    public void Draw(Trainer trainer, TrainEvent.SamplesDue due, Action<TrainEvent> tell)
    {
        // No dropout while drawing; the next step announces its own draw.
        trainer.Network.SetDraw(null);
        using var evaluated = trainer.Evaluating();
        string folder = Path.Combine(output.Folder, "sample"),
            time = DateTime.Now.ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(folder);
        string when = due.Epoch is { } epoch
            ? Invariant.Text($"e{epoch:D6}")
            : due.Step.ToString("D6", CultureInfo.InvariantCulture);
        for (int i = 0; i < prompts.Count; i++)
        {
            ulong seed = prompts[i].Seed ?? Rng.Key(trainer.Position.Seed, "sample", due.Step, i) >> 32;
            GeneratedPicture picture = generator
                .Draw(prompts[i].Request with { Seed = seed, ClipSkip = clipSkip })
                .Pictures[0];
            string named = prompts[i].Seed is { } given ? Invariant.Text($"_{given}") : "";
            string path = Path.Combine(folder, Invariant.Text($"{output.Name}_{when}_{i:D2}_{time}{named}.png"));
            picture.Save(path);
            tell(new TrainEvent.Sampled(path, prompts[i].Request.Prompt, due.Step, due.Epoch));
        }
    }
}

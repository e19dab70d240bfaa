using Forno.Advice;
using Forno.Diffusion;
using Forno.Kohya;
using Forno.Models;
using Forno.Torch;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;
using Forno.Training.Setups;

namespace Forno.Studio.Training;

/// <summary>A LoRA to train by a configuration in kohya's format.</summary>
public sealed record TrainJobRequest
{
    /// <summary>
    /// The TOML file of training options, with or without <c>.toml</c>; <see cref="Recipe"/> stands in for it.
    /// </summary>
    public string? Configuration { get; init; }

    /// <summary>Options that override the file's, in kohya's words: <c>--network_dim</c>, <c>4</c>, …</summary>
    public IReadOnlyList<string> Overrides { get; init; } = [];

    /// <summary>What to train, read already; null: what <see cref="Configuration"/> says.</summary>
    public TrainRecipe? Recipe { get; init; }

    /// <summary>Folder of a saved state to go on from; null: as the configuration says.</summary>
    public string? Resume { get; init; }

    /// <summary>Where it computes; null: on the graphics card where there is one.</summary>
    public Device? Device { get; init; }
}

/// <summary>How a training ended; the answer of <c>train --json</c>.</summary>
/// <param name="Completed">Whether all steps were taken; if not, a stop was asked for and the state saved.</param>
/// <param name="Step">Optimizer steps done.</param>
/// <param name="Adapter">The last file that was saved; null: none yet.</param>
/// <param name="Check">What re-loading that file showed; null: not done.</param>
public sealed record TrainJobResult(bool Completed, long Step, string? Adapter, TargetCheck? Check);

/// <summary>What a training tells besides the events of every job.</summary>
public static class TrainJobEvent
{
    /// <summary>The data are scanned; what follows trains this.</summary>
    /// <param name="Plan">What will be trained.</param>
    public sealed record Planned(TrainJobPlan Plan) : JobEvent;

    /// <summary>
    /// The loop tells something. Its notices and preparations come as <see cref="JobEvent.Said"/> and
    /// <see cref="JobEvent.Started"/> instead; its steps, files and pictures come as <see cref="JobEvent.Advanced"/>
    /// and <see cref="JobEvent.Made"/> too, right after.
    /// </summary>
    /// <param name="Event">What it tells.</param>
    public sealed record Trained(TrainEvent Event) : JobEvent;
}

/// <summary>Trains a LoRA: loads the model, runs the loop, keeps its log.</summary>
/// <param name="request">What is wanted.</param>
public sealed class TrainJob(TrainJobRequest request) : IJob<TrainJobResult>
{
    /// <summary>What would be trained; the data are scanned, nothing else is loaded, nothing is written.</summary>
    /// <param name="progress">Is told what a user should know.</param>
    /// <exception cref="FornoException">The request cannot be met; all is checked that needs no model.</exception>
    public TrainJobPlan Plan(IProgress<JobEvent>? progress = null)
    {
        var events = new JobProgress(progress);
        (TrainRecipe recipe, _) = Read(events);
        return new TrainJobPlan(TrainPlan.Make(recipe, null, Prediction.Epsilon, events.Say));
    }

    /// <inheritdoc/>
    public TrainJobResult Run(IProgress<JobEvent>? progress = null, CancellationToken cancel = default)
    {
        var events = new JobProgress(progress);
        (TrainRecipe recipe, string? state) = Read(events);
        if (MissingFiles.Find(recipe).FirstOrDefault() is { } missing)
        {
            throw new FornoException($"{missing.What}. Correct it, or name a file on this machine.");
        }

        using BaseModel model = new ModelChoice
        {
            Path = recipe.Model.Path,
            VaePath = recipe.Model.Vae,
            Type = recipe.Run.Precision,
            Device = request.Device,
            Prediction = recipe.Model.VParameterization ? Prediction.Velocity : null,
        }.Load();
        using IDisposable threads = ProductThreads.Use(model.ProductThreads);
        var plan = TrainPlan.Make(recipe, model.Family, model.Prediction, events.Say);
        events.Report(new TrainJobEvent.Planned(new TrainJobPlan(plan)));
        var teller = new Teller(events);
        TrainLog? log = null;
        using Trainer trainer = LoraTraining.Create(model, plan, Tell);
        if (state is not null)
        {
            trainer.Resume(state);
        }

        // Not before the state is taken: a mistake in it must leave nothing behind.
        using (log = TrainLog.Open(recipe.Output))
        {
            TrainResult result = trainer.Run(cancel);
            return new TrainJobResult(result.Completed, result.Step, result.File, result.Check);
        }

        void Tell(TrainEvent e)
        {
            log?.Tell(e);
            teller.Tell(e);
        }
    }

    // The recipe, with the seed of the state that it goes on from.
    private (TrainRecipe Recipe, string? State) Read(JobProgress events)
    {
        TrainRecipe recipe =
            request.Recipe
            ?? TrainRecipeReader.Read(
                request.Configuration ?? throw new FornoException("there is nothing to train; name a configuration"),
                [.. request.Overrides]
            );
        foreach (string notice in recipe.Notices)
        {
            events.Say(notice);
        }

        string? state = request.Resume ?? recipe.Run.Resume;
        return (state is null ? recipe : LoraTraining.ForResume(recipe, state), state);
    }

    // The loop's events as those of a job.
    private sealed class Teller(JobProgress events)
    {
        private string stretch = "";

        public void Tell(TrainEvent e)
        {
            switch (e)
            {
                case TrainEvent.Notice notice:
                    events.Say(notice.Text);
                    return;
                case TrainEvent.Preparing work:
                    Count(work.What, work.Total, "");
                    events.Report(new JobEvent.Advanced(work.Done));
                    return;
                case TrainEvent.Stepped step:
                    Count("train", step.Total, "steps");
                    events.Report(new TrainJobEvent.Trained(e));
                    events.Report(new JobEvent.Advanced(step.Step));
                    return;
            }

            events.Report(new TrainJobEvent.Trained(e));
            if (((e as TrainEvent.Saved)?.Path ?? (e as TrainEvent.Sampled)?.Path) is { } path)
            {
                events.Report(new JobEvent.Made(path));
            }
        }

        private void Count(string what, long total, string unit)
        {
            if (stretch != what)
            {
                events.Report(new JobEvent.Started(stretch = what, total, unit));
            }
        }
    }
}

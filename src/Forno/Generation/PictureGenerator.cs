using Forno.Diffusion.Noise;
using Forno.Generation.Loras;
using Forno.Generation.Prompts;
using Forno.Generation.Requests;
using Forno.Generation.Stages;
using Forno.Models;
using Forno.Text;
using Forno.Torch;

namespace Forno.Generation;

/// <summary>
/// Draws pictures with a model. A picture depends on the request and its own seed alone: the n-th of a batch is the one
/// that a request for seed + n draws. Not for several threads at once: adapters fill the model's patch slots meanwhile.
/// </summary>
/// <param name="model">The model; it is not disposed.</param>
/// <param name="library">Where adapters are found by name; null: only by path.</param>
/// <param name="tokenizer">CLIP's tokenizer; null: the usual one.</param>
public sealed class PictureGenerator(BaseModel model, LoraLibrary? library = null, ClipTokenizer? tokenizer = null)
{
    private readonly ClipTokenizer tokenizer = tokenizer ?? ClipTokenizer.Default;

    /// <summary>The model.</summary>
    public BaseModel Model => model;

    /// <summary>Where adapters are found by name.</summary>
    public LoraLibrary Library { get; } = library ?? new LoraLibrary();

    /// <summary>Finds and checks all that a request needs on this model, so that it can be drawn.</summary>
    /// <exception cref="FornoException">It cannot be met; says why and what is valid.</exception>
    public FittedRequest Resolve(GenerateRequest request) => ResolvedRequest.Of(request, Library).Fit(model);

    /// <summary>Draws.</summary>
    /// <param name="request">What.</param>
    /// <param name="progress">Told of every step and every finished picture, on this thread.</param>
    /// <param name="cancel">Stops between steps with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FornoException">The request, an adapter or the model does not do; or the result is no
    /// number.</exception>
    public GenerateResult Draw(
        GenerateRequest request,
        IProgress<GenerateProgress>? progress = null,
        CancellationToken cancel = default
    ) => Draw(Resolve(request), progress, cancel);

    /// <summary>Draws a request that <see cref="Resolve"/> took in.</summary>
    /// <param name="request">What, fitted to this model.</param>
    /// <param name="progress">Told of every step and every finished picture, on this thread.</param>
    /// <param name="cancel">Stops between steps with an <see cref="OperationCanceledException"/>.</param>
    /// <exception cref="FornoException">An adapter does not fit, or the result is no number.</exception>
    public GenerateResult Draw(
        FittedRequest request,
        IProgress<GenerateProgress>? progress = null,
        CancellationToken cancel = default
    )
    {
        if (request.Model != model)
        {
            throw new ArgumentException("the request was fitted to another model", nameof(request));
        }

        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        using var loras = LoadedLoras.Apply(model, request.Request.Loras);
        var network = new GuidedNetwork(
            model,
            new PromptEncoder(request, tokenizer).Schedule(),
            request.TakesMask ? Inpainting.Everything(request) : null
        );
        var plan = StagePlan.Of(request);
        ulong[][] batches = [.. request.Request.Seeds.Chunk(request.Request.Asked.BatchSize)];
        var pictures = new List<GeneratedPicture>(request.Request.Seeds.Count);
        long done = 0,
            steps = (long)plan.Steps * batches.Length;
        foreach (ulong[] seeds in batches)
        {
            cancel.ThrowIfCancellationRequested();
            using var inner = new Scope();
            using var noise = new SeededNoise(seeds, request.LatentShape, model.Device);
            long before = done;
            Tensor latents = plan.Run(
                new StageContext
                {
                    Request = request,
                    Network = network,
                    Noise = noise,
                    Cancel = cancel,
                    OnStep = step => progress?.Report(new GenerateProgress(before + step, steps)),
                }
            );
            done += plan.Steps;
            foreach ((ulong seed, byte[] pixels) in seeds.Zip(PictureDecoder.Decode(model, latents)))
            {
                string infotext = Infotext.Of(request, seed, loras.Used).ToString();
                pictures.Add(new GeneratedPicture(seed, request.Size.Width, request.Size.Height, pixels, infotext));
                progress?.Report(new GenerateProgress(done, steps, pictures[^1]));
            }
        }

        return new GenerateResult(pictures, [.. request.Request.Warnings, .. loras.Warnings]);
    }
}

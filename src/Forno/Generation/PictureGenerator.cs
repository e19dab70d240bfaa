using Forno.Diffusion.Noise;
using Forno.Diffusion.Samplers;
using Forno.Generation.Loras;
using Forno.Generation.Prompts;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.Models.Families;
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
    private readonly LoraLibrary library = library ?? new LoraLibrary();
    private readonly ClipTokenizer tokenizer = tokenizer ?? ClipTokenizer.Default;

    /// <summary>The model.</summary>
    public BaseModel Model => model;

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
    )
    {
        request.Validate();
        using var mode = Autograd.NoGrad();
        using var scope = new Scope();
        using var loras = LoadedLoras.Apply(model, library, request.AllLoras());
        GuidedNetwork network = Network(request);
        var pictures = new List<GeneratedPicture>(request.Count);
        for (int batch = 0; batch < request.BatchCount; batch++)
        {
            using var inner = new Scope();
            cancel.ThrowIfCancellationRequested();
            long before = (long)batch * request.Steps,
                steps = (long)request.BatchCount * request.Steps;
            ulong first = unchecked(request.Seed + (ulong)(batch * request.BatchSize));
            var run = new SamplerRun
            {
                Cancel = cancel,
                OnStep = s =>
                    progress?.Report(new GenerateProgress(before + Math.Min(s.Step + 1, request.Steps), steps)),
            };
            Tensor latents = Sample(request, network, first, run);
            for (int i = 0; i < request.BatchSize; i++)
            {
                ulong seed = unchecked(first + (ulong)i);
                byte[] pixels = Decode(latents.Slice(0, i, i + 1));
                pictures.Add(
                    new GeneratedPicture(
                        seed,
                        request.Width,
                        request.Height,
                        pixels,
                        Infotext.Of(request, seed, model, loras.Used).ToString()
                    )
                );
                progress?.Report(new GenerateProgress(before + request.Steps, steps, pictures[^1]));
            }
        }

        return new GenerateResult(pictures, loras.Warnings);
    }

    private GuidedNetwork Network(GenerateRequest request)
    {
        var encoder = new PromptEncoder(model, tokenizer, request);
        string prompt = ExtraNetworks.Parse(request.Prompt).Prompts[0];
        int chunks = request.PadConds ? Math.Max(encoder.Chunks(prompt), encoder.Chunks(request.NegativePrompt)) : 1;
        Tensor? inpainting = null;
        if (model.UNet.Config.Layout.InChannels == model.Vae.Config.Layout.LatentChannels + 5)
        {
            // Everything is masked, and behind the mask everything is grey.
            using var scope = new Scope();
            Tensor grey = model.Vae.Encode(
                Tensor.Zeros([1, 3, request.Height, request.Width], DType.Float32, model.Device)
            );
            var mask = Tensor.Ones([1, 1, grey.Size(2), grey.Size(3)], DType.Float32, model.Device);
            inpainting = scope.Keep(Ops.Cat([mask, grey], 1));
        }

        return new GuidedNetwork(
            model,
            encoder.Encode(prompt, chunks, negative: false),
            encoder.Encode(request.NegativePrompt, chunks, negative: true),
            inpainting
        );
    }

    // [B, C, h, w]
    private Tensor Sample(GenerateRequest request, GuidedNetwork network, ulong seed, SamplerRun run)
    {
        int factor = model.Vae.Config.Factor;
        long[] shape = [model.Vae.Config.Layout.LatentChannels, request.Height / factor, request.Width / factor];
        IEnumerable<ulong> seeds = Enumerable.Range(0, request.BatchSize).Select(i => unchecked(seed + (ulong)i));
        using var noise = new SeededNoise(seeds, shape, model.Device);
        return SamplerRegistry
            .Find(request.Sampler)
            .Sample(
                new SampleRequest
                {
                    Denoise = network.Denoiser(request.CfgScale),
                    Schedule = model.SamplingSchedule,
                    Prediction = model.Prediction,
                    Noise = noise,
                    Steps = request.Steps,
                    SigmaSchedule = request.EffectiveScheduler(),
                    Sdxl = model.Family == ModelFamily.Sdxl,
                    Run = run,
                }
            );
    }

    // One picture at a time, so that memory does not grow with the batch.
    private byte[] Decode(Tensor latents)
    {
        using var scope = new Scope();
        Tensor picture = model.Vae.Decode(latents);
        if (!picture.AllFinite())
        {
            throw new FornoException(
                "the picture came out as NaN: "
                    + (
                        model.Options.Type == DType.Float16
                            ? "half precision overflowed; use bf16 or fp32 (--precision)"
                            : "the model or an adapter holds broken weights, or an adapter is far too strong"
                    )
            );
        }

        Tensor bytes = ((picture + 1) * 127.5).Round().Clamp(0, 255).To(DType.UInt8);
        return bytes.Select(0, 0).Permute(1, 2, 0).Contiguous().To(Device.Cpu).ToArray<byte>();
    }
}

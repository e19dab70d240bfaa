using System.Globalization;
using Forno.Adapters;
using Forno.Data;
using Forno.Diffusion.Losses;
using Forno.Torch;

namespace Forno.Training;

/// <summary>Finds out where infinities or NaN came from, and says so.</summary>
internal static class NotFinite
{
    private const string WayOut =
        "The last saved state is untouched. Usual causes: a learning rate that is too high, "
        + "fp16 without a VAE made for it, a broken picture. Lower the rate or use bf16, and resume.";

    /// <summary>
    /// A loss that is not finite: which picture at which timestep, and the first module that is broken.
    /// </summary>
    public static FornoException Explain(
        PlannedBatch planned,
        TrainBatch batch,
        LossResult result,
        AdapterNetwork network,
        TrainPosition position
    )
    {
        double[] each = result.PerSample.ToArray<double>();
        int bad = Math.Max(0, Array.FindIndex(each, v => !double.IsFinite(v)));
        string module =
            FirstBroken(network) is { } name ? $"module {name} holds values that are not finite"
            : batch.Latents.AllFinite() ? "the network's output is not finite, though every module is"
            : "the picture's latent is not finite";
        return new FornoException(
            Invariant.Text(
                $"{planned.Examples[bad].Item.Example.Path}: the loss is {each[bad]} at timestep "
                    + $"{batch.Timesteps[bad]} "
            ) + Invariant.Text($"(optimizer step {position.Step + 1}); {module}. {WayOut}")
        );
    }

    /// <summary>A gradient that is not finite: the first module that has one.</summary>
    public static FornoException Gradient(PlannedBatch[] update, AdapterNetwork network, TrainPosition position)
    {
        using var scope = new Scope();
        string module =
            network.Tensors.FirstOrDefault(t => t.Tensor.Grad is { } g && !g.AllFinite()).Key ?? "no module";
        string pictures = string.Join(
            ", ",
            update.SelectMany(b => b.Examples).Select(e => e.Item.Example.Path).Distinct().Take(4)
        );
        return new FornoException(
            Invariant.Text(
                $"the gradient of {module} is not finite at optimizer step {position.Step + 1} (pictures: "
                    + $"{pictures}). {WayOut}"
            )
        );
    }

    private static string? FirstBroken(AdapterNetwork network) =>
        network.Adapters.FirstOrDefault(a => a.Tensors.Values.Any(t => !t.Detach().AllFinite()))?.Name;
}

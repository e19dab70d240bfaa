using Forno.Optim;
using Forno.Torch;

namespace Forno.Training;

/// <summary>Finds out where infinities or NaN came from, and says so.</summary>
internal static class NotFinite
{
    private const string WayOut =
        "The last saved state is untouched. Usual causes: a learning rate that is too high, "
        + "fp16 without a VAE made for it, a broken picture. Lower the rate or use bf16, and resume.";

    /// <summary>
    /// A loss that is not finite: which sample at which timestep, and the first module that is broken.
    /// </summary>
    public static FornoException Explain(
        TrainWork work,
        StepLoss step,
        double value,
        TrainTarget target,
        TrainPosition position
    )
    {
        double[] each = step.PerSample?.ToArray<double>() ?? [];
        int bad = Math.Max(0, Array.FindIndex(each, v => !double.IsFinite(v)));
        string where = bad < work.Sources.Count ? work.Sources[bad] + ": " : "",
            when = step.Timesteps is { } times ? Invariant.Text($" at timestep {times[bad]}") : "";
        string module = target.FirstBroken() is { } name
            ? $"module {name} holds values that are not finite"
            : step.BrokenInput() ?? "the network's output is not finite, though every module is";
        return new FornoException(
            Invariant.Text(
                $"{where}the loss is {(bad < each.Length ? each[bad] : value)}{when} (optimizer step "
                    + $"{position.Step + 1}); {module}. {WayOut}"
            )
        );
    }

    /// <summary>A gradient that is not finite: the first module that has one.</summary>
    public static FornoException Gradient(TrainWork[] update, IEnumerable<Parameter> parameters, TrainPosition position)
    {
        using var scope = new Scope();
        string module = parameters.FirstOrDefault(p => p.Tensor.Grad is { } g && !g.AllFinite())?.Name ?? "no module";
        string[] sources = [.. update.SelectMany(w => w.Sources).Distinct(StringComparer.Ordinal).Take(4)];
        string from = sources.Length > 0 ? $" (pictures: {string.Join(", ", sources)})" : "";
        return new FornoException(
            Invariant.Text(
                $"the gradient of {module} is not finite at optimizer step {position.Step + 1}{from}. {WayOut}"
            )
        );
    }
}

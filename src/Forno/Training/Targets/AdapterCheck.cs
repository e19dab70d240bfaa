using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Torch;

namespace Forno.Training.Targets;

/// <summary>Re-loads a saved adapter and asks the model with it and without.</summary>
public static class AdapterCheck
{
    /// <summary>Loads a file through the reader that everything else uses.</summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model, its slots empty; left so.</param>
    public static TargetCheck Of(string path, BaseModel model)
    {
        using var scope = new Scope();
        using Autograd.Mode mode = Autograd.NoGrad();
        using var file = AdapterFile.Load(path, model.Targets, model.Device);
        Tensor plain = Ask(model);
        IReadOnlyList<Adapter> lost = file.Network.Apply(model.Layers);
        Tensor changed = Ask(model);
        file.Network.Remove();
        double change = Math.Sqrt(
            (changed - plain).Square().Mean().Item() / Math.Max(1e-30, plain.Square().Mean().Item())
        );
        return new TargetCheck(file.Network.Adapters.Count, [.. file.Strangers, .. lost.Select(a => a.Name)], change);
    }

    // The UNet on fixed noise and a caption, text encoder included.
    private static Tensor Ask(BaseModel model)
    {
        using var scope = new Scope();
        using Generator g = Rng.For(0, "adapter check");
        int side = 8 << (model.UNet.Config.Layout.ChannelMult.Count - 1) >> 2;
        Conditioning words = new CaptionEncoder(model.Family, model.Text, null).Encode(["a photo"]);
        words = words with
        {
            SizeIds = Conditioning.Sizes((side * 8, side * 8), (0, 0), (side * 8, side * 8)).Unsqueeze(0),
        };
        Tensor x = g.Randn(1, model.UNet.Config.Layout.InChannels, side, side).To(model.Device);
        return scope.Keep(model.UNet.Forward(x, Tensor.Full([1], 500).To(model.Device), words.Context, words.Vector()));
    }
}

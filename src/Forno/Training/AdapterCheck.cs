using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Models;
using Forno.Models.Clip;
using Forno.Torch;

namespace Forno.Training;

/// <summary>What re-loading a saved adapter showed.</summary>
/// <param name="Modules">Modules in the file.</param>
/// <param name="Unplaced">Keys or modules that found no layer of the model.</param>
/// <param name="Change">Root mean square of the change of the network's output, relative to the output; 0: it does
/// nothing.</param>
public sealed record AdapterCheck(int Modules, IReadOnlyList<string> Unplaced, double Change)
{
    /// <summary>Whether every key found its module and the output changes.</summary>
    public bool Good => Unplaced.Count == 0 && Change > 0;

    /// <summary>
    /// Loads a file through the reader that everything else uses, and asks the model with it and without.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="model">The model.</param>
    /// <param name="training">The adapter in its slots, taken out meanwhile; null: none.</param>
    public static AdapterCheck Of(string path, BaseModel model, AdapterNetwork? training)
    {
        training?.Remove();
        try
        {
            using var scope = new Scope();
            using var mode = Autograd.NoGrad();
            using var file = AdapterFile.Load(path, model.Targets, model.Device);
            Tensor plain = Ask(model);
            IReadOnlyList<Adapter> lost = file.Network.Apply(model.Layers);
            Tensor changed = Ask(model);
            file.Network.Remove();
            double change = Math.Sqrt(
                (changed - plain).Square().Mean().Item() / Math.Max(1e-30, plain.Square().Mean().Item())
            );
            return new AdapterCheck(
                file.Network.Adapters.Count,
                [.. file.Strangers, .. lost.Select(a => a.Name)],
                change
            );
        }
        finally
        {
            training?.Apply(model.Layers);
        }
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

using System.Globalization;
using Forno.Adapters.Kinds;

namespace Forno.Adapters;

/// <summary>Modules that learn at one rate.</summary>
/// <param name="Name">kohya's description: <c>textencoder</c>, <c>unet</c>, <c>unet_block7</c>.</param>
/// <param name="Lr">The learning rate.</param>
/// <param name="Modules">The modules, in order.</param>
public sealed record AdapterGroup(string Name, double Lr, IReadOnlyList<AdapterModule> Modules);

/// <summary>Divides an adapter's modules into parameter groups as kohya's trainer does.</summary>
public static class AdapterGroups
{
    /// <summary>The groups: text encoders, then the UNet, whole or by block in order of first appearance.</summary>
    /// <param name="modules">The modules, in order.</param>
    /// <param name="settings">Their settings: learning-rate weights of blocks.</param>
    /// <param name="textLr">Learning rate of text encoders.</param>
    /// <param name="unetLr">Learning rate of the UNet.</param>
    public static IReadOnlyList<AdapterGroup> Of(
        IReadOnlyCollection<AdapterModule> modules,
        LoraSettings settings,
        double textLr,
        double unetLr
    )
    {
        var groups = new List<AdapterGroup>();
        AdapterModule[] text = [.. modules.Where(m => m.Target.IsText)],
            unet = [.. modules.Where(m => !m.Target.IsText)];
        if (text.Length > 0)
        {
            groups.Add(new AdapterGroup("textencoder", textLr, text));
        }
        if (settings.Blocks?.LrWeights is { } weights)
        {
            groups.AddRange(
                unet.GroupBy(m => m.Target.BlockIndex!.Value)
                    .Select(block => new AdapterGroup(
                        "unet_block" + block.Key.ToString(CultureInfo.InvariantCulture),
                        unetLr * weights[block.Key],
                        [.. block]
                    ))
            );
        }
        else if (unet.Length > 0)
        {
            groups.Add(new AdapterGroup("unet", unetLr, unet));
        }
        return groups;
    }
}

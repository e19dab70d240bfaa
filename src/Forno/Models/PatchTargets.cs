using System.Globalization;
using System.Text.RegularExpressions;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Nn;

namespace Forno.Models;

/// <summary>
/// The layers of a model that adapters can change, from its measures alone. Names and block numbers are those of
/// kohya-ss/sd-scripts <c>networks/lora.py</c> (<c>get_block_index</c>) and <c>svd_merge_lora.py</c>.
/// </summary>
public static partial class PatchTargets
{
    private const string UNetName = "lora_unet_";

    /// <summary>All targets of a full-size model of a family.</summary>
    public static IReadOnlyList<PatchTarget> FullSize(ModelFamily family) =>
        Of(
            family,
            family.FullSizeUNet,
            [
                .. family.TextEncoders.Select(e => new ClipTextConfig
                {
                    Width = e.FullSize.Width,
                    Layers = e.FullSize.Layers,
                    MlpWidth = e.FullSize.MlpWidth,
                    Heads = e.Heads,
                }),
            ]
        );

    /// <summary>
    /// All targets, in the order in which kohya's trainer makes its modules: text encoders, then the UNet.
    /// </summary>
    /// <param name="family">The family, which decides the naming.</param>
    /// <param name="unet">The UNet's measures; null: there is none.</param>
    /// <param name="texts">The text encoders, as many as the family has, or none.</param>
    public static IReadOnlyList<PatchTarget> Of(
        ModelFamily family,
        UNetLayout? unet,
        IReadOnlyList<ClipTextConfig> texts
    )
    {
        var targets = new List<PatchTarget>();
        for (int i = 0; i < texts.Count; i++)
        {
            string name = family.TextEncoders.Count == 1 ? "lora_te_" : Invariant.Text($"lora_te{i + 1}_");
            // 2.x conditions on the last layer but one: its trainer does not even build the last.
            int layers = IsSd2(family)
                ? Math.Min(texts[i].Layers, texts[i].Layers + texts[i].DroppedLayers - 1)
                : texts[i].Layers;
            Text(targets, name, ClipTextConfig.TowerPath(family.TextEncoders[i].Prefix), texts[i], layers);
        }
        if (unet is not null)
        {
            targets.AddRange(UNet(family, unet));
        }
        return targets;
    }

    private static bool IsSd2(ModelFamily family) => family.Name == ModelFamily.Sd21.Name;

    private static void Text(List<PatchTarget> targets, string prefix, string tower, ClipTextConfig text, int layers)
    {
        for (int i = 0; i < layers; i++)
        {
            string layer = Invariant.Text($"text_model.encoder.layers.{i}.");
            foreach (string part in (string[])["k_proj", "v_proj", "q_proj", "out_proj"])
            {
                Add(layer + "self_attn." + part, TargetPart.TextAttention, text.Width, text.Width);
            }
            Add(layer + "mlp.fc1", TargetPart.TextMlp, text.MlpWidth, text.Width);
            Add(layer + "mlp.fc2", TargetPart.TextMlp, text.Width, text.MlpWidth);
        }

        void Add(string path, TargetPart part, long outputs, long inputs) =>
            targets.Add(
                new PatchTarget
                {
                    Name = prefix + path.Replace('.', '_'),
                    Key = tower.Length == 0 ? path : $"{tower}.{path}",
                    Shape = [outputs, inputs],
                    HasBias = true,
                    Part = part,
                }
            );
    }

    private static IEnumerable<PatchTarget> UNet(ModelFamily family, UNetLayout layout)
    {
        bool sgm = family.Name == ModelFamily.Sdxl.Name;
        IReadOnlyDictionary<string, long[]> shapes = layout.Keys("");
        var found = new List<PatchTarget>();
        foreach ((string key, long[] shape) in shapes)
        {
            if (shape.Length < 2 || Part(key) is not { } part || (sgm && part == TargetPart.Stem))
            {
                continue; // norms and biases, and what has no name in XL's files
            }
            string single = key[..^".weight".Length];
            string diffusers = KeyMap.UNetToDiffusers(key, layout)![..^".weight".Length];
            string name = (sgm ? single : diffusers).Replace('.', '_');
            found.Add(
                new PatchTarget
                {
                    Name = UNetName + name,
                    Alias = sgm ? UNetName + diffusers.Replace('.', '_') : null,
                    Key = ModelFamily.UNetPrefix + single,
                    Shape = part == TargetPart.Projection && !sgm ? [shape[0], shape[1], 1, 1] : shape,
                    HasBias = shapes.ContainsKey(single + ".bias"),
                    Part = part,
                    BlockIndex = sgm ? SgmBlock(single) : DiffusersBlock(diffusers),
                    WeightIndex = sgm ? SgmWeight(single) : DiffusersWeight(diffusers),
                }
            );
        }
        // The 1.x and 2.x trainer makes the middle last.
        return sgm ? found : found.OrderBy(t => t.BlockIndex == MiddleBlock ? 1 : 0);
    }

    private const int MiddleBlock = 12;

    private static TargetPart? Part(string key) =>
        !key.EndsWith(".weight", StringComparison.Ordinal) || key.StartsWith("label_emb.", StringComparison.Ordinal)
            ? null
        : key.StartsWith("time_embed.", StringComparison.Ordinal) || key is "input_blocks.0.0.weight" or "out.2.weight"
            ? TargetPart.Stem
        : key.Contains(".attn1.", StringComparison.Ordinal) || key.Contains(".attn2.", StringComparison.Ordinal)
            ? TargetPart.Attention
        : key.Contains(".ff.", StringComparison.Ordinal) ? TargetPart.FeedForward
        : key.Contains(".proj_in.", StringComparison.Ordinal) || key.Contains(".proj_out.", StringComparison.Ordinal)
            ? TargetPart.Projection
        : key.Contains(".op.", StringComparison.Ordinal) || key.EndsWith(".conv.weight", StringComparison.Ordinal)
            ? TargetPart.Resampling
        : TargetPart.Residual;

    private static int DiffusersBlock(string name) =>
        Place(name) switch
        {
            ("down", var i, "downsamplers", _) => 1 + (3 * i) + 2,
            ("down", var i, _, var j) => 1 + (3 * i) + j,
            ("up", var i, "upsamplers", _) => 13 + (3 * i) + 2,
            ("up", var i, _, var j) => 13 + (3 * i) + j,
            ("mid", _, _, _) => MiddleBlock,
            _ => -1,
        };

    private static int DiffusersWeight(string name) =>
        Place(name) switch
        {
            ("down", var i, "downsamplers", _) => 1 + (3 * (i + 1)),
            ("down", var i, _, var j) => 2 + (3 * i) + j,
            ("up", var i, "upsamplers", _) => 14 + (3 * i) + 2,
            ("up", var i, _, var j) => 14 + (3 * i) + j,
            ("mid", _, _, _) => 13,
            _ => 0,
        };

    private static int SgmBlock(string key) =>
        SgmPlace(key) switch
        {
            ("input", var n) => 1 + n,
            ("middle", var n) => 10 + n,
            ("output", var n) => 13 + n,
            _ => -1,
        };

    private static int SgmWeight(string key) =>
        SgmPlace(key) switch
        {
            ("input", var n) => 1 + n,
            ("middle", _) => 13,
            ("output", var n) => 14 + n,
            _ => 0,
        };

    private static (string Way, int Block, string Kind, int Index)? Place(string name)
    {
        if (name.StartsWith("mid_block.", StringComparison.Ordinal))
        {
            return ("mid", 0, "", 0);
        }
        Match m = DiffusersPlace().Match(name);
        return m.Success ? (m.Groups[1].Value, Number(m, 2), m.Groups[3].Value, Number(m, 4)) : null;
    }

    private static (string Way, int Block)? SgmPlace(string key)
    {
        Match m = SinglePlace().Match(key);
        return m.Success ? (m.Groups[1].Value, Number(m, 2)) : null;
    }

    private static int Number(Match match, int group) =>
        int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(down|up)_blocks\.(\d+)\.(\w+)\.(\d+)\.")]
    private static partial Regex DiffusersPlace();

    [GeneratedRegex(@"^(input|middle|output)_block(?:s)?\.(\d+)\.")]
    private static partial Regex SinglePlace();
}

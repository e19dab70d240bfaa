using System.Text.RegularExpressions;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>
/// Brings the CLIP towers of a file to one form of keys, Hugging Face's, whatever they are stored as: OpenCLIP's and
/// OpenAI's <c>resblocks</c> are renamed, their joint q, k, v matrices cut in three and their projections transposed.
/// Adapters for text encoders are named after that form too, so a layer is found under the path of its tower followed
/// by Hugging Face's name: <c>cond_stage_model.transformer.text_model.encoder.layers.0.self_attn.q_proj</c> in 1.x,
/// <c>cond_stage_model.model.text_model.encoder.layers.0.self_attn.q_proj</c> in 2.x,
/// <c>conditioner.embedders.1.model.text_model.…</c> for XL's second tower.
/// </summary>
public static partial class ClipKeys
{
    private static readonly (string From, string To)[] TextTop =
    [
        ("token_embedding.", "text_model.embeddings.token_embedding."),
        ("ln_final.", "text_model.final_layer_norm."),
    ];

    private static readonly (string From, string To)[] ImageTop =
    [
        ("class_embedding", "vision_model.embeddings.class_embedding"),
        ("conv1.", "vision_model.embeddings.patch_embedding."),
        ("ln_pre.", "vision_model.pre_layrnorm."),
        ("ln_post.", "vision_model.post_layernorm."),
    ];

    private static readonly (string From, string To)[] InLayer =
    [
        ("ln_1.", "layer_norm1."),
        ("ln_2.", "layer_norm2."),
        ("attn.out_proj.", "self_attn.out_proj."),
        ("mlp.c_fc.", "mlp.fc1."),
        ("mlp.c_proj.", "mlp.fc2."),
    ];

    /// <summary>
    /// The same entries with every tower in Hugging Face's form; nothing is read before an entry is loaded.
    /// </summary>
    /// <param name="entries">A whole file, or the part below any prefix; keys of other models stay as they are.</param>
    public static IReadOnlyDictionary<string, WeightEntry> Unify(IReadOnlyDictionary<string, WeightEntry> entries)
    {
        string[] texts = Towers(entries, "ln_final.weight", "positional_embedding");
        string[] images = Towers(entries, "ln_post.weight", "class_embedding");
        if (texts.Length + images.Length == 0)
        {
            return entries;
        }

        var unified = new Dictionary<string, WeightEntry>(StringComparer.Ordinal);
        foreach ((string key, WeightEntry entry) in entries)
        {
            // Image towers first: in a full CLIP they stand below the text tower's prefix.
            if (Array.Find(images, prefix => key.StartsWith(prefix, StringComparison.Ordinal)) is { } image)
            {
                Rename(
                    unified,
                    Above(image),
                    key[image.Length..],
                    key,
                    entry,
                    "vision_model",
                    ImageTop,
                    "proj",
                    "visual_projection"
                );
            }
            else if (Array.Find(texts, prefix => key.StartsWith(prefix, StringComparison.Ordinal)) is { } text)
            {
                Rename(
                    unified,
                    text,
                    key[text.Length..],
                    key,
                    entry,
                    "text_model",
                    TextTop,
                    "text_projection",
                    "text_projection"
                );
            }
            else
            {
                unified.Add(key, entry);
            }
        }

        return unified;
    }

    /// <summary>
    /// Prefixes, with their dots, below which both tensors stand. Longest first, since "" matches everything.
    /// </summary>
    private static string[] Towers(IReadOnlyDictionary<string, WeightEntry> entries, string norm, string other) =>
        [
            .. entries
                .Keys.Where(key =>
                    key.EndsWith(norm, StringComparison.Ordinal)
                    && (key.Length == norm.Length || key[^(norm.Length + 1)] == '.')
                )
                .Select(key => key[..^norm.Length])
                .Where(prefix => entries.ContainsKey(prefix + other))
                .OrderByDescending(prefix => prefix.Length),
        ];

    // "visual." belongs to the level above it, as vision_model does in Hugging Face's form.
    private static string Above(string image) =>
        image.EndsWith("visual.", StringComparison.Ordinal) ? image[..^"visual.".Length] : image;

    private static void Rename(
        Dictionary<string, WeightEntry> to,
        string tower,
        string name,
        string key,
        WeightEntry entry,
        string model,
        (string From, string To)[] top,
        string projection,
        string projectionTo
    )
    {
        if (name == projection)
        {
            to.Add($"{tower}{projectionTo}.weight", Transposed(entry));
        }
        else if (name == "positional_embedding")
        {
            to.Add($"{tower}{model}.embeddings.position_embedding.weight", entry);
        }
        else if (Block().Match(name) is { Success: true } match)
        {
            string layer = $"{tower}{model}.encoder.layers.{match.Groups[1].Value}.",
                rest = match.Groups[2].Value;
            if (rest is "attn.in_proj_weight" or "attn.in_proj_bias")
            {
                string kind = rest["attn.in_proj_".Length..];
                to.Add($"{layer}self_attn.q_proj.{kind}", Third(entry, 0));
                to.Add($"{layer}self_attn.k_proj.{kind}", Third(entry, 1));
                to.Add($"{layer}self_attn.v_proj.{kind}", Third(entry, 2));
            }
            else
            {
                to.Add(layer + Swap(rest, InLayer), entry);
            }
        }
        else
        {
            string renamed = Swap(name, top);
            to.Add(renamed == name ? key : tower + renamed, entry);
        }
    }

    private static string Swap(string name, (string From, string To)[] names)
    {
        foreach ((string from, string to) in names)
        {
            if (name.StartsWith(from, StringComparison.Ordinal))
            {
                return to + name[from.Length..];
            }
        }

        return name;
    }

    // Rows of q, of k or of v.
    private static WeightEntry Third(WeightEntry entry, int part)
    {
        long rows = entry.Shape[0] / 3;
        return new WeightEntry(
            [rows, .. entry.Shape[1..]],
            () =>
            {
                using var scope = new Scope();
                return scope.Keep(entry.Load().Slice(0, part * rows, (part + 1) * rows));
            }
        );
    }

    private static WeightEntry Transposed(WeightEntry entry) =>
        new(
            [.. entry.Shape.Reverse()],
            () =>
            {
                using var scope = new Scope();
                return scope.Keep(entry.Load().Transpose(0, 1).Contiguous());
            }
        );

    [GeneratedRegex(@"^transformer\.resblocks\.(\d{1,4})\.(.+)$")]
    private static partial Regex Block();
}

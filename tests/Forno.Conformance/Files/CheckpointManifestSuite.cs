using System.Text.Json;
using Forno.Models.Families;
using Forno.Models.Layouts;

namespace Forno.Conformance.Files;

/// <summary>
/// Key lists of real checkpoints: the family is detected, the project's own lists are equal both ways, extras are
/// known as harmless, the keys translate to diffusers' names and back.
/// </summary>
public sealed class CheckpointManifestSuite : IConformanceSuite
{
    /// <inheritdoc/>
    public string Name => "checkpoint_manifest";

    /// <inheritdoc/>
    public CaseResult Run(GoldenCase golden)
    {
        Comparison comparison = new(golden);
        Dictionary<string, long[]> keys = Shapes(golden.Expect.GetProperty("keys"), shape => shape);
        Dictionary<string, long[]> extras = Shapes(
            golden.Expect.GetProperty("extra_keys"),
            extra => extra.GetProperty("shape")
        );
        HashSet<string> unused =
        [
            .. golden.Expect.GetProperty("unused_keys").EnumerateArray().Select(key => key.GetString()!),
        ];
        string want = golden.Expect.GetProperty("family").GetString()!;

        TensorShapes official = Of(keys.Concat(extras));
        comparison.Same("family", ModelFamily.Detect(official).Name, want);
        comparison.Same(
            "family without extras and unused keys",
            ModelFamily.Detect(Of(keys.Where(pair => !unused.Contains(pair.Key)))).Name,
            want
        );
        string unet = ModelFamily.UNetPrefix;
        comparison.Same(
            "family of the UNet alone",
            ModelFamily.Detect(Of(keys.Where(pair => pair.Key.StartsWith(unet, StringComparison.Ordinal)))).Name,
            want
        );

        ModelFamily family = ModelFamily.All[want];
        CompareKeys("full-size model", family.FullSizeKeys(), keys, comparison);
        CompareParts(golden, family, official, keys, comparison);
        foreach (string key in extras.Keys.Where(key => !KeyMap.IsHarmless(key)))
        {
            comparison.Fail($"{key} is not known as harmless");
        }

        foreach (string key in keys.Keys.Where(key => family.IsUnused(key) != unused.Contains(key)))
        {
            comparison.Fail($"{key}: unused is {family.IsUnused(key)}, want {!family.IsUnused(key)}");
        }

        CompareTranslation(family, keys, comparison);
        comparison.Json("latent_scale_factor", family.LatentScale, golden.Params.GetProperty("latent_scale_factor"));
        return comparison.Result();
    }

    // Every part is measured from the shapes and laid out again: the same keys must come of it.
    private static void CompareParts(
        GoldenCase golden,
        ModelFamily family,
        TensorShapes official,
        Dictionary<string, long[]> keys,
        Comparison comparison
    )
    {
        int encoder = 0;
        foreach (JsonProperty part in golden.Expect.GetProperty("parts").EnumerateObject())
        {
            string prefix = part.Value.GetProperty("prefix").GetString()!;
            IReadOnlyDictionary<string, long[]> laidOut = part.Name switch
            {
                "unet" => UNetLayout.Detect(official, prefix).Keys(prefix),
                "vae" => VaeLayout.Detect(official, prefix).Keys(prefix),
                _ => TextLayout.Detect(official, prefix, family.TextEncoders[encoder++].FullSize.Naming).Keys(prefix),
            };
            var want = keys.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal)).ToDictionary();
            CompareKeys($"{part.Name} as detected", laidOut, want, comparison);
            comparison.Same($"{part.Name} tensors", laidOut.Count, part.Value.GetProperty("tensors").GetInt32());
            comparison.Same(
                $"{part.Name} parameters",
                laidOut.Values.Sum(Count),
                part.Value.GetProperty("params").GetInt64()
            );
        }

        comparison.Same("text encoders", encoder, family.TextEncoders.Count);
        comparison.Same("tensors", keys.Count, golden.Expect.GetProperty("tensors").GetInt32());
        comparison.Same("parameters", keys.Values.Sum(Count), golden.Expect.GetProperty("params").GetInt64());
    }

    private static void CompareTranslation(ModelFamily family, Dictionary<string, long[]> keys, Comparison comparison)
    {
        HashSet<string> seen = [];
        int levels = family.FullSizeVae.ChannelMult.Count;
        foreach (string key in keys.Keys)
        {
            string? there = null,
                back = null;
            if (key.StartsWith(ModelFamily.UNetPrefix, StringComparison.Ordinal))
            {
                there = KeyMap.UNetToDiffusers(key[ModelFamily.UNetPrefix.Length..], family.FullSizeUNet);
                back =
                    ModelFamily.UNetPrefix + (there is null ? null : KeyMap.UNetToSingle(there, family.FullSizeUNet));
            }
            else if (key.StartsWith(ModelFamily.VaePrefix, StringComparison.Ordinal))
            {
                there = KeyMap.VaeToDiffusers(key[ModelFamily.VaePrefix.Length..], levels);
                back = ModelFamily.VaePrefix + KeyMap.VaeToSingle(there, levels);
                there = "vae " + there;
            }
            else
            {
                continue;
            }

            comparison.Same($"{key} by way of diffusers", back, key);
            comparison.Same($"{there} is unique", there is not null && seen.Add(there), true);
        }
    }

    private static void CompareKeys(
        string what,
        IReadOnlyDictionary<string, long[]> got,
        Dictionary<string, long[]> want,
        Comparison comparison
    )
    {
        foreach ((string key, long[] shape) in want)
        {
            comparison.Same(
                $"{what}: {key}",
                got.TryGetValue(key, out long[]? own) ? string.Join(",", own) : "absent",
                string.Join(",", shape)
            );
        }

        foreach (string key in got.Keys.Where(key => !want.ContainsKey(key)))
        {
            comparison.Fail($"{what}: {key} is not in the real file");
        }
    }

    private static Dictionary<string, long[]> Shapes(JsonElement element, Func<JsonElement, JsonElement> shape) =>
        element
            .EnumerateObject()
            .ToDictionary(
                pair => pair.Name,
                pair => shape(pair.Value).EnumerateArray().Select(side => side.GetInt64()).ToArray()
            );

    private static TensorShapes Of(IEnumerable<KeyValuePair<string, long[]>> shapes) =>
        new(shapes.ToDictionary(pair => pair.Key, IReadOnlyList<long> (pair) => pair.Value), "the manifest");

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, side) => product * side);
}

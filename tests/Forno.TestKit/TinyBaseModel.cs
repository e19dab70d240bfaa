using System.Globalization;
using Forno.Adapters;
using Forno.Adapters.Kinds;
using Forno.Checkpoints;
using Forno.Models;
using Forno.Models.Autoencoders;
using Forno.Models.Clip;
using Forno.Models.Families;
using Forno.Models.Layouts;
using Forno.Models.UNets;
using Forno.Nn;
using Forno.Torch;

namespace Forno.TestKit;

/// <summary>A checkpoint of a family at toy widths with random weights, for tests that draw.</summary>
internal sealed class TinyBaseModel : IDisposable
{
    private static readonly ClipTextConfig Text = new()
    {
        Width = 32,
        Layers = 2,
        Heads = 2,
        MlpWidth = 64,
    };

    private static readonly VaeConfig Vae = new()
    {
        Layout = new VaeLayout
        {
            Channels = 8,
            ChannelMult = [1, 1, 2, 2],
            NumResBlocks = 1,
        },
        NormGroups = 8,
    };

    public TinyBaseModel(
        ulong seed = 1,
        IReadOnlyDictionary<string, string>? metadata = null,
        ModelFamily? family = null
    )
    {
        File = Path.Combine(Folder, "tiny.safetensors");
        Write(File, seed, metadata ?? new Dictionary<string, string>(), family: family);
    }

    /// <summary>A folder of this model's own, deleted in the end.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("forno-tiny-").FullName;

    public string File { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    /// <summary>Puts a LoRA over text encoder and UNet into the folder; it does change something.</summary>
    public string AddLora(BaseModel model, string name, ulong seed = 4, int epoch = 1)
    {
        using var scope = new Scope();
        using var network = AdapterNetwork.New(
            LoraAdapter.Kind,
            new LoraSettings { Dim = 2, Alpha = 2 }.Choose(model.Targets),
            3,
            AdapterDropout.None
        );
        foreach ((string key, Tensor tensor) in network.Tensors)
        {
            using Generator random = Rng.For(seed, key);
            tensor.RequiresGrad = false;
            tensor.Copy_(random.Randn(tensor.Shape) * 0.3);
        }
        string path = Path.Combine(Folder, name + ".safetensors");
        var metadata = new Dictionary<string, string>
        {
            ["ss_output_name"] = "out-name",
            ["ss_epoch"] = epoch.ToString(CultureInfo.InvariantCulture),
        };
        AdapterFile.Save(path, network, metadata, DType.Float32);
        return path;
    }

    /// <summary>Writes such a checkpoint.</summary>
    public static void Write(
        string path,
        ulong seed,
        IReadOnlyDictionary<string, string> metadata,
        Func<string, bool>? keep = null,
        ModelFamily? family = null
    )
    {
        family ??= ModelFamily.Sd15;
        bool xl = family == ModelFamily.Sdxl;
        var unet = new UNetConfig
        {
            Layout = new UNetLayout
            {
                InChannels = family.FullSizeUNet.InChannels,
                ModelChannels = 16,
                ChannelMult = [1, 2],
                NumResBlocks = 1,
                Depth = [1, 1],
                MiddleDepth = 1,
                ContextDim = xl ? 64 : 32,
                LinearProjections = xl || family == ModelFamily.Sd21,
                VectorDim = xl ? 24 + 1536 : null,
            },
            Heads = 2,
            NormGroups = 8,
        };
        using var scope = new Scope();
        using var store = WeightStore.Random(seed);
        bool[] open = [.. family.TextEncoders.Select(e => e.FullSize.Naming == TextNaming.OpenClip)];
        string[] towers = [.. family.TextEncoders.Select(e => ClipTextConfig.TowerPath(e.Prefix))];
        for (int i = 0; i < towers.Length; i++)
        {
            _ = new ClipText(
                store.At(towers[i]),
                open[i] ? Text with { ProjectionDim = 24, Activation = ClipActivation.Gelu } : Text
            );
        }
        _ = new UNet(store.At("model.diffusion_model"), unet);
        _ = new Vae(store.At("first_stage_model"), Vae);
        foreach ((string key, Tensor weight) in store.Tensors)
        {
            // Layers that begin at zero would hide everything behind them, and a last norm that begins plain has a mean
            // of 0.
            using Generator random = Rng.For(seed, key);
            if (weight.Dims == 1 || weight.Abs().Max().Item() == 0)
            {
                weight.Add_(random.Randn(weight.Shape) * 0.2);
            }
        }

        var tensors = new Dictionary<string, Tensor>(store.Tensors);
        foreach (string tower in towers.Where((_, i) => open[i]))
        {
            ToOpenClip(tensors, tower + ".");
        }
        var all = new Dictionary<string, string>([
            .. unet.Metadata(),
            new(ClipTextConfig.HeadsKey, string.Join(',', towers.Select(_ => "2"))),
            .. metadata,
        ]);
        SafetensorsWriter.Write(
            path,
            [.. tensors.Where(t => keep?.Invoke(t.Key) != false).Select(t => TensorToWrite.From(t.Key, t.Value))],
            all
        );
    }

    // The form in which 2.x and XL's second tower come: one matrix for q, k, v, the projection transposed.
    private static void ToOpenClip(Dictionary<string, Tensor> tensors, string tower)
    {
        (string From, string To)[] names =
        [
            ("text_model.embeddings.token_embedding.", "token_embedding."),
            ("text_model.embeddings.position_embedding.weight", "positional_embedding"),
            ("text_model.final_layer_norm.", "ln_final."),
            ("text_model.encoder.layers.", "transformer.resblocks."),
            (".layer_norm", ".ln_"),
            (".self_attn.out_proj.", ".attn.out_proj."),
            (".mlp.fc1.", ".mlp.c_fc."),
            (".mlp.fc2.", ".mlp.c_proj."),
        ];
        // Every q before k and v, which it takes along.
        foreach (
            string key in tensors
                .Keys.Where(k => k.StartsWith(tower, StringComparison.Ordinal))
                .OrderBy(k =>
                    k.Contains(".k_proj.", StringComparison.Ordinal) || k.Contains(".v_proj.", StringComparison.Ordinal)
                )
                .ToArray()
        )
        {
            if (!tensors.Remove(key, out Tensor? tensor))
            {
                continue; // taken with its q
            }
            string name = names.Aggregate(
                key[tower.Length..],
                (n, pair) => n.Replace(pair.From, pair.To, StringComparison.Ordinal)
            );
            if (name == "text_projection.weight")
            {
                tensors[tower + "text_projection"] = tensor.Transpose(0, 1).Contiguous();
            }
            else if (name.Contains(".self_attn.q_proj.", StringComparison.Ordinal))
            {
                string Part(string p) => key.Replace(".q_proj.", $".{p}_proj.", StringComparison.Ordinal);
                tensors[tower + name.Replace(".self_attn.q_proj.", ".attn.in_proj_", StringComparison.Ordinal)] =
                    Ops.Cat([tensor, tensors[Part("k")], tensors[Part("v")]]);
                tensors.Remove(Part("k"));
                tensors.Remove(Part("v"));
            }
            else
            {
                tensors[tower + name] = tensor;
            }
        }
    }
}

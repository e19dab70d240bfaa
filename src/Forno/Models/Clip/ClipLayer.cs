using Forno.Nn;
using Forno.Torch;

namespace Forno.Models.Clip;

/// <summary>The nonlinearity of a CLIP tower.</summary>
public enum ClipActivation
{
    /// <summary>x · sigmoid(1.702 x): OpenAI's towers.</summary>
    QuickGelu,

    /// <summary>Exact GELU by erf: OpenCLIP's towers.</summary>
    Gelu,
}

/// <summary>
/// One pre-norm transformer layer of a CLIP tower: x += attention(norm(x)), x += mlp(norm(x)). Weights by Hugging
/// Face's names; the sum x stays fp32 whatever the type of the weights.
/// </summary>
internal sealed class ClipLayer
{
    private readonly LayerNorm norm1,
        norm2;
    private readonly Linear q,
        k,
        v,
        output,
        fc1,
        fc2;
    private readonly long heads;
    private readonly ClipActivation activation;

    public ClipLayer(Weights weights, long width, long mlpWidth, long heads, ClipActivation activation)
    {
        this.heads = heads;
        this.activation = activation;
        Weights attention = weights["self_attn"],
            mlp = weights["mlp"];
        norm1 = new LayerNorm(weights["layer_norm1"], width);
        q = new Linear(attention["q_proj"], width, width);
        k = new Linear(attention["k_proj"], width, width);
        v = new Linear(attention["v_proj"], width, width);
        output = new Linear(attention["out_proj"], width, width);
        norm2 = new LayerNorm(weights["layer_norm2"], width);
        fc1 = new Linear(mlp["fc1"], width, mlpWidth);
        fc2 = new Linear(mlp["fc2"], mlpWidth, width);
    }

    /// <summary>x [B, T, width] → the same; <paramref name="mask"/> [T, T] is added to the scores.</summary>
    public Tensor Forward(Tensor x, Tensor? mask)
    {
        using var scope = new Scope();
        Tensor n = norm1.Forward(x);
        x = x + output.Forward(Attention.Forward(q.Forward(n), k.Forward(n), v.Forward(n), heads, mask));
        Tensor h = fc1.Forward(norm2.Forward(x));
        return scope.Keep(x + fc2.Forward(activation == ClipActivation.Gelu ? Ops.Gelu(h) : Ops.QuickGelu(h)));
    }
}

/// <summary>The layers of a tower, run one after the other.</summary>
internal sealed class ClipLayers
{
    private readonly ClipLayer[] layers;

    public ClipLayers(Weights weights, int count, long width, long mlpWidth, long heads, ClipActivation activation)
    {
        if (heads < 1 || width % heads != 0)
        {
            throw new FornoException(
                $"{weights.Store.Origin}: {width} channels of {weights.Path} cannot be divided among "
                    + $"{heads} attention heads. Correct the number of heads in the file's metadata."
            );
        }

        layers = new ClipLayer[count];
        for (int i = 0; i < count; i++)
        {
            layers[i] = new ClipLayer(weights[i], width, mlpWidth, heads, activation);
        }
    }

    /// <summary>Keep no inner activations of the layers, and compute them again in backward.</summary>
    public bool GradientCheckpointing { get; set; }

    public Tensor Run(int index, Tensor x, Tensor? mask)
    {
        ClipLayer layer = layers[index];
        // A segment whose input needs no gradient would get none; there is little to save before the first that does.
        if (!GradientCheckpointing || !Autograd.Enabled || !x.RequiresGrad)
        {
            return layer.Forward(x, mask);
        }

        // The mask goes in as an input, so that it lives until backward.
        return mask is null
            ? Autograd.Checkpoint(inputs => layer.Forward(inputs[0], null), x)
            : Autograd.Checkpoint(inputs => layer.Forward(inputs[0], inputs[1]), x, mask);
    }
}

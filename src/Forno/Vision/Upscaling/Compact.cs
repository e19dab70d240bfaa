using System.Globalization;
using Forno.Nn;
using Forno.Torch;

namespace Forno.Vision.Upscaling;

/// <summary>
/// SRVGGNetCompact of Real-ESRGAN (realesr-animevideov3, realesr-general, AniScale …): convolutions and PReLUs at the
/// input's size, a pixel shuffle, plus the input enlarged by nearest neighbour.
/// </summary>
internal sealed class Compact : UpscaleNetwork
{
    private readonly Conv2d[] convs;
    private readonly Tensor[] slopes;

    public Compact(Weights weights)
    {
        int end = 0;
        while (weights.HasBelow(Invariant.Text($"body.{end + 1}")))
        {
            end++;
        }
        if (end % 2 != 0 || end < 2)
        {
            throw new FornoException(
                $"{weights.Store.Origin}: body ends with layer {end}, but convolutions have even numbers. "
                    + "The file is incomplete or of another kind of model."
            );
        }
        int features = Side(weights, "body.0.weight", 0),
            inputs = Side(weights, "body.0.weight", 1);
        string last = Invariant.Text($"body.{end}.weight");
        int outputs = Side(weights, last, 0),
            scale = ShuffleScale(weights, last, outputs, inputs),
            count = (end - 2) / 2;
        convs =
        [
            .. Enumerable
                .Range(0, count + 2)
                .Select(i =>
                    Conv3(weights["body"][2 * i], i == 0 ? inputs : features, i == count + 1 ? outputs : features)
                ),
        ];
        slopes =
        [
            .. Enumerable
                .Range(0, count + 1)
                .Select(i => weights["body"][(2 * i) + 1].Take("weight", Init.Ones, features)),
        ];
        Info = new UpscalerInfo
        {
            Architecture = "Compact",
            Scale = scale,
            InputChannels = inputs,
            OutputChannels = inputs,
            ReceptiveRadius = count + 2,
            Context = count + 2,
            BytesPerPixel = 4L * ((5 * features) + (4 * outputs)),
            Measures = new Dictionary<string, object?> { ["nf"] = features, ["num_conv"] = count },
        };
    }

    public override UpscalerInfo Info { get; }

    public static bool Knows(Func<string, bool> has) => has("body.0.weight") && has("body.1.weight");

    public override Tensor Forward(Tensor x, Margins margins)
    {
        using var scope = new Scope();
        Tensor y = convs[0].Forward(x);
        for (int i = 0; i < slopes.Length; i++)
        {
            using var step = new Scope();
            Tensor next = step.Keep(convs[i + 1].Forward(Ops.PRelu(y, slopes[i])));
            y.Dispose();
            y = next;
        }
        int s = Info.Scale;
        (int l, int t, int r, int b) = margins;
        Tensor input = Cut(x, l, t, r, b);
        Tensor result = Ops.PixelShuffle(Cut(y, l, t, r, b), s);
        result.Add_(s == 1 ? input : Ops.UpsampleNearest(input, input.Size(2) * s, input.Size(3) * s));
        return scope.Keep(result);
    }
}

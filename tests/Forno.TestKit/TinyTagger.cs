using Forno.Vision.Onnx;
using Forno.Vision.Tagging;

namespace Forno.TestKit;

/// <summary>
/// Taggers that measure colours: the tags red, green and blue have the channel's mean share as confidence, the others a
/// fixed one. The network itself takes channels in the family's order, so that a wrong order gives wrong tags.
/// </summary>
internal static class TinyTagger
{
    /// <summary>A WD14 tagger: BGR, 0 to 255, [n, side, side, 3] or [n, 3, side, side].</summary>
    public static TaggerFiles Wd14(
        string folder,
        int side,
        bool channelsFirst,
        long batch = -1,
        OnnxType type = OnnxType.Float32,
        bool logits = false
    )
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(
            Path.Join(folder, "selected_tags.csv"),
            """
            tag_id,name,category,count
            9999999,general,9,807858
            9999998,sensitive,9,3771700
            1,red,0,9
            2,green,0,8
            3,blue,0,7
            4,o_o,0,6
            5,hatsune_miku_(x),4,5

            """
        );
        //                 general sensitive red green blue o_o miku
        float[] weights =
        [
            0,
            0,
            0,
            0,
            1,
            0,
            0, // blue comes first
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            0,
            0,
            1,
            0,
            0,
            0,
            0,
        ];
        float[] rest = [0.3f, 0.6f, 0, 0, 0, 0.5f, 0.9f];
        if (logits)
        {
            weights = Array.ConvertAll(weights, w => 20 * w);
            rest = [0, 1, -10, -10, -10, 0, 3];
        }

        Save(Path.Join(folder, "model.onnx"), side, channelsFirst, batch, type, 1 / 255f, weights, rest);
        return TaggerFiles.Find(folder);
    }

    /// <summary>A DeepDanbooru tagger: RGB, 0 to 1, [1, side, side, 3].</summary>
    public static TaggerFiles DeepDanbooru(string folder, int side)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Join(folder, "tags.txt"), "red\ngreen\nblue\nlong_hair\nmiku\nrating:safe\n");
        File.WriteAllText(Path.Join(folder, "tags-character.txt"), "miku\n");
        float[] weights = [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0];
        Save(
            Path.Join(folder, "deepdanbooru.onnx"),
            side,
            channelsFirst: false,
            1,
            OnnxType.Float32,
            1,
            weights,
            [0, 0, 0, 0.45f, 0.2f, 0.7f]
        );
        return TaggerFiles.Find(folder);
    }

    private static void Save(
        string path,
        int side,
        bool channelsFirst,
        long batch,
        OnnxType type,
        float scale,
        float[] weights,
        float[] rest
    )
    {
        long[] shape = channelsFirst ? [batch, 3, side, side] : [batch, side, side, 3];
        new OnnxFile()
            .Input("image", type, shape)
            .Weight("scale", [scale])
            .Weight("w", weights, 3, rest.Length)
            .Weight("rest", rest, rest.Length)
            .Node("Cast", "image", "numbers", ("to", 1))
            .Node(
                "ReduceMean",
                "numbers",
                "means",
                ("axes", channelsFirst ? new long[] { 2, 3 } : [1, 2]),
                ("keepdims", 0)
            )
            .Node("Mul", "means scale", "shares")
            .Node("MatMul", "shares w", "coloured")
            .Node("Add", "coloured rest", "tags")
            .Output("tags", OnnxType.Float32, batch, rest.Length)
            .Save(path);
    }
}

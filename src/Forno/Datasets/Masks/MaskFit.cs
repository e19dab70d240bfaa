using Forno.Imaging.Masks;

namespace Forno.Datasets.Masks;

/// <summary>
/// How well a mask fits its picture, measured on a <see cref="PictureView"/>. Shares are of the mask's white unless
/// said otherwise, and may exceed 1.
/// </summary>
public sealed record MaskFit
{
    // Parts of the picture are found at this scale; see Regions.
    private const double RegionScale = 800;

    // So far beyond the outline (pixels) is looked for what lies there.
    private const int Beyond = 3;

    // Colours that make up less than this of the picture's edge, with their neighbours, do not belong to the ground.
    private const double RareAtEdge = 2e-4;

    /// <summary>
    /// Grey that is not white enough to count: what the network half thought to belong to the subject.
    /// </summary>
    public required double Doubt { get; init; }

    /// <summary>
    /// What lies on the smaller side of the outline where it runs through even parts of the picture; a share of the
    /// lesser of white and black.
    /// </summary>
    public required double Cut { get; init; }

    /// <summary>
    /// Share of the outline beyond which lies a part of the picture that does not reach the picture's edge.
    /// </summary>
    public required double Enclosed { get; init; }

    /// <summary>All parts outside that do not reach the picture's edge.</summary>
    public required double Objects { get; init; }

    /// <summary>
    /// The largest connected part outside whose colours the picture's edge does not have, by the share of its outline
    /// where something ends.
    /// </summary>
    public required double Strange { get; init; }

    /// <summary>
    /// What lies outside and has colours that are more frequent inside, each part by the share of its outline where
    /// something ends.
    /// </summary>
    public required double Alike { get; init; }

    /// <summary>Measures a mask.</summary>
    /// <param name="mask">The mask, of any size.</param>
    /// <param name="view">Its picture.</param>
    public static MaskFit Of(MaskPlane mask, PictureView view)
    {
        (int w, int h) = (view.Width, view.Height);
        byte[] levels = mask.Resize(w, h).Samples,
            rgb = Softened(view.Rgb, w, h);
        byte[] on = Array.ConvertAll(levels, v => (byte)(v >= MaskPlane.Half ? 1 : 0));
        double white = Math.Max(1, on.Count((byte)1)),
            faint = 0;
        foreach (byte level in levels)
        {
            faint += level < MaskPlane.Half ? level / 255.0 : 0;
        }

        (double cut, double objects, double enclosed) = Parts(rgb, on, w, h);
        (double strange, double alike) = new MaskColours(rgb, on, w, h).Compare(RareAtEdge);
        return new MaskFit
        {
            Doubt = faint / white,
            Cut = cut / Math.Max(1, Math.Min(white, on.Length - white)),
            Objects = objects / white,
            Enclosed = enclosed,
            Strange = strange / white,
            Alike = alike / white,
        };
    }

    // Pixels of parts that the outline cuts, of parts outside that do not reach the picture's edge; share of the
    // outline along the latter.
    private static (double Cut, double Objects, double Enclosed) Parts(byte[] rgb, byte[] on, int w, int h)
    {
        (int[] labels, int count) = Regions.Find(rgb, w, h, RegionScale);
        int[] inside = new int[count],
            all = new int[count];
        bool[] atEdge = new bool[count];
        for (int i = 0; i < labels.Length; i++)
        {
            (int x, int y) = (i % w, i / w);
            all[labels[i]]++;
            inside[labels[i]] += on[i];
            atEdge[labels[i]] |= x == 0 || y == 0 || x == w - 1 || y == h - 1;
        }

        double cut = 0,
            objects = 0;
        for (int part = 0; part < count; part++)
        {
            int outside = all[part] - inside[part];
            cut += Math.Min(inside[part], outside);
            objects += outside > inside[part] && !atEdge[part] ? outside : 0;
        }

        int outline = 0,
            along = 0;
        for (int i = 0; i < on.Length; i++)
        {
            (int x, int y) = (i % w, i / w);
            Step(x + Beyond, y, i, 1);
            Step(x - Beyond, y, i, -1);
            Step(x, y + Beyond, i, w);
            Step(x, y - Beyond, i, -w);
        }

        return (cut, objects, along / (double)Math.Max(1, outline));

        // From a white pixel whose neighbour is black, a little further.
        void Step(int x, int y, int from, int next)
        {
            if (on[from] != 0 && x >= 0 && y >= 0 && x < w && y < h && on[from + next] == 0 && on[(y * w) + x] == 0)
            {
                outline++;
                along += atEdge[labels[(y * w) + x]] ? 0 : 1;
            }
        }
    }

    // Each pixel with its neighbours, weighed 1 2 1 in both directions: noise and the steps of JPEG are no edges.
    private static byte[] Softened(byte[] rgb, int w, int h)
    {
        byte[] soft = new byte[rgb.Length];
        for (int y = 0; y < h; y++)
        {
            int above = Math.Max(0, y - 1) * w,
                here = y * w,
                below = Math.Min(h - 1, y + 1) * w;
            for (int x = 0; x < w; x++)
            {
                int left = Math.Max(0, x - 1),
                    right = Math.Min(w - 1, x + 1);
                for (int c = 0; c < 3; c++)
                {
                    int Row(int row) =>
                        rgb[((row + left) * 3) + c] + (2 * rgb[((row + x) * 3) + c]) + rgb[((row + right) * 3) + c];
                    soft[((here + x) * 3) + c] = (byte)((Row(above) + (2 * Row(here)) + Row(below) + 8) / 16);
                }
            }
        }

        return soft;
    }
}

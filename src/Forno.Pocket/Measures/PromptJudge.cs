using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>Names the concept and the style that Pocket's CLIP sees in pictures of the fixed prompts.</summary>
/// <param name="clip">The towers.</param>
/// <param name="sets">Names of the trained art sets.</param>
public sealed class PromptJudge(PocketClip clip, IReadOnlyList<string> sets)
{
    private readonly IReadOnlyList<(string Concept, ArtSet Style)> prompts = PocketPrompts.For(sets);
    private readonly ArtSet[] styles = [.. sets.Select(name => ArtSet.All.First(a => a.Name == name))];
    private readonly Dictionary<string, float[]> texts = new(StringComparer.Ordinal);

    /// <summary>
    /// The nearest of all measured concepts in the style asked for, and the nearest of the trained styles of the
    /// concept asked for.
    /// </summary>
    /// <param name="concept">The concept asked for.</param>
    /// <param name="style">The style asked for.</param>
    /// <param name="picture">[1, 3, 128, 128] in [−1, 1].</param>
    public (string Concept, string Style) Judge(string concept, ArtSet style, Tensor picture)
    {
        using var scope = new Scope();
        float[] seen = clip.Pictures(picture).ToArray<float>();
        int at = Nearest(seen, [.. prompts.Select(p => PocketPrompts.Prompt(p.Concept, style))]);
        int of = Nearest(seen, [.. styles.Select(s => PocketPrompts.Prompt(concept, s))]);
        return (prompts[at].Concept, styles[of].Style);
    }

    private int Nearest(float[] seen, string[] captions)
    {
        string[] unknown = [.. captions.Where(c => !texts.ContainsKey(c)).Distinct(StringComparer.Ordinal)];
        if (unknown.Length > 0)
        {
            float[] all = clip.Texts(unknown).ToArray<float>();
            foreach ((int i, string caption) in unknown.Index())
            {
                texts[caption] = all[(i * seen.Length)..((i + 1) * seen.Length)];
            }
        }

        return Array.IndexOf(captions, captions.MaxBy(c => texts[c].Zip(seen, (a, b) => a * b).Sum()));
    }
}

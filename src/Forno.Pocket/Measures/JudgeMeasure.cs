using Forno.Models.Autoencoders;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>
/// What the judge of drawings makes of the art itself, for the pairs of the fixed prompts: no drawing can be judged
/// better than that but by luck.
/// </summary>
/// <param name="Pictures">Pairs measured.</param>
/// <param name="Style">Share whose style it finds among the trained ones.</param>
/// <param name="Concept">Share whose concept it finds among the measured ones.</param>
/// <param name="ReturnedStyle">The same of the pictures as the autoencoder gives them back.</param>
/// <param name="ReturnedConcept">The same of the pictures as the autoencoder gives them back.</param>
public sealed record JudgeMeasure(
    int Pictures,
    double Style,
    double Concept,
    double ReturnedStyle,
    double ReturnedConcept
)
{
    /// <summary>Judges the art.</summary>
    /// <param name="clip">The judge.</param>
    /// <param name="vae">The autoencoder that drawings come out of.</param>
    /// <param name="data">The art.</param>
    /// <param name="sets">Names of the trained art sets.</param>
    public static JudgeMeasure Of(PocketClip clip, Vae vae, PocketData data, IReadOnlyList<string> sets)
    {
        using var scope = new Scope();
        IReadOnlyList<(string Concept, ArtSet Style)> prompts = PocketPrompts.For(sets);
        var judge = new PromptJudge(clip, sets);
        var plain = new List<(bool Concept, bool Style)>();
        var returned = new List<(bool Concept, bool Style)>();
        foreach ((string concept, ArtSet style) in prompts)
        {
            int at = Enumerable
                .Range(0, data.Count)
                .FirstOrDefault(i => data.Records[i].Set == style.Name && data.Records[i].Name == concept, -1);
            if (at < 0)
            {
                continue;
            }

            using var one = new Scope();
            Tensor picture = PictureBatch.Whole(data, [at]);
            Add(plain, picture);
            Add(returned, RoundTrip.Of(vae, picture));

            void Add(List<(bool, bool)> to, Tensor seen)
            {
                (string seenConcept, string seenStyle) = judge.Judge(concept, style, seen);
                to.Add((seenConcept == concept, seenStyle == style.Style));
            }
        }

        return new JudgeMeasure(
            plain.Count,
            Share(plain, p => p.Style),
            Share(plain, p => p.Concept),
            Share(returned, p => p.Style),
            Share(returned, p => p.Concept)
        );
    }

    private static double Share(List<(bool Concept, bool Style)> found, Func<(bool Concept, bool Style), bool> which) =>
        found.Count == 0 ? 0 : found.Count(which) / (double)found.Count;
}

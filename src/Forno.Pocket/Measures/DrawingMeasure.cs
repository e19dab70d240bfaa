using Forno.Generation;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>A drawn picture and what Pocket's CLIP takes it for.</summary>
/// <param name="Concept">The concept asked for.</param>
/// <param name="Style">The style asked for.</param>
/// <param name="SeenConcept">The nearest of all measured concepts, in the style asked for.</param>
/// <param name="SeenStyle">The nearest of the trained styles, of the concept asked for.</param>
/// <param name="Picture">The picture.</param>
public sealed record Drawn(
    string Concept,
    string Style,
    string SeenConcept,
    string SeenStyle,
    GeneratedPicture Picture
);

/// <summary>How often drawn pictures show the concept and the style of their prompts.</summary>
/// <param name="Pictures">The pictures: round by round, each in the order of
/// <see cref="PocketPrompts.Concepts"/>.</param>
/// <param name="Rounds">How often each prompt was drawn.</param>
public sealed record DrawingMeasure(IReadOnlyList<Drawn> Pictures, int Rounds)
{
    private const int Columns = 10,
        Gap = 8,
        Words = 34;

    /// <summary>Share of pictures whose style is found among the trained ones.</summary>
    public double StyleFound => Pictures.Average(p => p.SeenStyle == p.Style ? 1.0 : 0);

    /// <summary>Share of pictures whose concept is found among all measured ones.</summary>
    public double ConceptFound => Pictures.Average(p => p.SeenConcept == p.Concept ? 1.0 : 0);

    /// <summary>Share of pictures of the right style, round by round: how much the seeds matter.</summary>
    public IEnumerable<double> StyleByRound =>
        Pictures.Chunk(Pictures.Count / Rounds).Select(round => round.Average(p => p.SeenStyle == p.Style ? 1.0 : 0));

    /// <summary>Draws the fixed prompts and judges the pictures.</summary>
    /// <param name="model">The model.</param>
    /// <param name="clip">The judge.</param>
    /// <param name="sets">Names of the trained art sets.</param>
    /// <param name="settings">Steps, guidance, sampler and the first picture's seed; its prompt and size are
    /// replaced.</param>
    /// <param name="rounds">How often each prompt is drawn; seeds count on from picture to picture.</param>
    /// <param name="progress">Told how many pictures are done.</param>
    /// <param name="stop">Stops between sampling steps.</param>
    public static DrawingMeasure Of(
        BaseModel model,
        PocketClip clip,
        IReadOnlyList<string> sets,
        GenerateRequest settings,
        int rounds = 1,
        IProgress<long>? progress = null,
        CancellationToken stop = default
    )
    {
        IReadOnlyList<(string Concept, ArtSet Style)> prompts = PocketPrompts.For(sets);
        var generator = new PictureGenerator(model);
        var judge = new PromptJudge(clip, sets);
        var drawn = new List<Drawn>(rounds * prompts.Count);
        for (int i = 0; i < rounds * prompts.Count; i++)
        {
            (string concept, ArtSet style) = prompts[i % prompts.Count];
            GeneratedPicture picture = generator
                .Draw(
                    settings with
                    {
                        Prompt = PocketPrompts.Prompt(concept, style),
                        Seed = settings.Seed + (ulong)i,
                        Width = PocketData.Side,
                        Height = PocketData.Side,
                    },
                    cancel: stop
                )
                .Pictures[0];
            using var scope = new Scope();
            (string seenConcept, string seenStyle) = judge.Judge(concept, style, Pixels(picture));
            drawn.Add(new Drawn(concept, style.Style, seenConcept, seenStyle, picture));
            progress?.Report(i + 1);
        }

        return new DrawingMeasure(drawn, rounds);
    }

    /// <summary>
    /// The pictures of the first round with their prompts, and in red what they were taken for instead.
    /// </summary>
    public Picture Sheet()
    {
        const int cell = PocketData.Side + Gap,
            high = PocketData.Side + Words + Gap;
        int count = Pictures.Count / Rounds;
        var canvas = new Canvas(
            (Math.Min(Columns, count) * cell) + Gap,
            (((count + Columns - 1) / Columns) * high) + Gap,
            Rgb.White
        );
        Rgb ink = new(34, 34, 38),
            miss = new(190, 30, 30);
        for (int i = 0; i < count; i++)
        {
            Drawn d = Pictures[i];
            (int left, int top) = (Gap + (i % Columns * cell), Gap + (i / Columns * high));
            canvas.Draw(d.Picture.Pixels, d.Picture.Width, d.Picture.Height, 3, left, top);
            canvas.Write($"{d.Concept}, {d.Style}", left, top + PocketData.Side + 3, 9, ink);
            string[] wrong =
            [
                .. new[] { (d.SeenConcept, d.Concept), (d.SeenStyle, d.Style) }
                    .Where(p => p.Item1 != p.Item2)
                    .Select(p => p.Item1),
            ];
            if (wrong.Length > 0)
            {
                canvas.Write("seen: " + string.Join(", ", wrong), left, top + PocketData.Side + 18, 9, miss);
            }
        }

        return canvas.ToPicture();
    }

    // 8-bit RGB by rows → [1, 3, H, W] in [−1, 1].
    private static Tensor Pixels(GeneratedPicture picture)
    {
        using var scope = new Scope();
        Tensor rows = Tensor.From(picture.Pixels, 1, picture.Height, picture.Width, 3).To(DType.Float32);
        return scope.Keep(((rows.Permute(0, 3, 1, 2) / 127.5) - 1).Contiguous());
    }
}

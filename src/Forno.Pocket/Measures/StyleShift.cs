using Forno.Generation;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Models.Clip;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Torch;

namespace Forno.Pocket.Measures;

/// <summary>What is drawn to see where an adapter moves pictures.</summary>
public sealed record ShiftSettings
{
    /// <summary>Sampling steps.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Guidance.</summary>
    public double CfgScale { get; init; } = 5;

    /// <summary>The adapter's strength.</summary>
    public double Weight { get; init; } = 1;

    /// <summary>Side of the pictures in pixels.</summary>
    public int Size { get; init; } = PocketData.Side;

    /// <summary>Seed of the first pair; each further one has the next.</summary>
    public ulong Seed { get; init; } = 1;
}

/// <summary>One thing drawn twice from the same seed.</summary>
/// <param name="Name">What was asked for, without the style.</param>
/// <param name="Before">Drawn by the bare model.</param>
/// <param name="After">Drawn with the adapter.</param>
public sealed record ShiftPair(string Name, GeneratedPicture Before, GeneratedPicture After);

/// <summary>How a number changes over pairs.</summary>
/// <param name="Before">Mean without the adapter.</param>
/// <param name="After">Mean with it.</param>
/// <param name="Test">Whether that is more than chance.</param>
public sealed record Change(double Before, double After, PairedTest Test)
{
    /// <summary>Compares numbers pair by pair.</summary>
    public static Change Of(double[] before, double[] after) =>
        new(before.Average(), after.Average(), PairedTest.Of(before, after));
}

/// <summary>
/// Where an adapter moves what the model draws, seen through Pocket's CLIP: a picture's cosine with the mean direction
/// of the style's own pictures, and with the words for what it should show.
/// </summary>
/// <param name="Style">Cosines with the style.</param>
/// <param name="Prompt">Cosines with the name alone: the style's words mean nothing to a judge that never saw
/// it.</param>
/// <param name="Pairs">The pictures.</param>
public sealed record StyleShift(Change Style, Change Prompt, IReadOnlyList<ShiftPair> Pairs)
{
    /// <summary>Draws each name twice and judges the pairs.</summary>
    /// <param name="generator">Draws; its model must have no adapter in its slots.</param>
    /// <param name="clip">Judges.</param>
    /// <param name="adapter">The adapter's file.</param>
    /// <param name="style">The style's own pictures.</param>
    /// <param name="names">What to draw, one a seed; the style's words are added as in captions. Two or more.</param>
    /// <param name="settings">How.</param>
    /// <param name="progress">Told after each pair.</param>
    /// <param name="cancel">Stops.</param>
    public static StyleShift Of(
        PictureGenerator generator,
        PocketClip clip,
        string adapter,
        IReadOnlyList<StylePicture> style,
        IReadOnlyList<string> names,
        ShiftSettings settings,
        IProgress<int>? progress = null,
        CancellationToken cancel = default
    )
    {
        var pairs = new List<ShiftPair>();
        foreach (string name in names)
        {
            var request = new GenerateRequest
            {
                Prompt = $"{name}, {style[0].Record.Style} style",
                Seed = settings.Seed + (ulong)pairs.Count,
                Steps = settings.Steps,
                CfgScale = settings.CfgScale,
                Width = settings.Size,
                Height = settings.Size,
            };
            GeneratedPicture before = generator.Draw(request, cancel: cancel).Pictures[0];
            request = request with { Loras = [new LoraUse(adapter, settings.Weight, settings.Weight)] };
            pairs.Add(new ShiftPair(name, before, generator.Draw(request, cancel: cancel).Pictures[0]));
            progress?.Report(pairs.Count);
        }

        return Judge(clip, style, pairs);
    }

    /// <summary>Judges pairs that are drawn.</summary>
    public static StyleShift Judge(PocketClip clip, IReadOnlyList<StylePicture> style, IReadOnlyList<ShiftPair> pairs)
    {
        using var scope = new Scope();
        Tensor direction = Direction(
            clip.Pictures([.. style.Select(p => (p.Rgb(), PocketData.Side, PocketData.Side))])
        );
        Tensor words = clip.Texts([.. pairs.Select(p => p.Name)]);
        Tensor before = Embed(p => p.Before),
            after = Embed(p => p.After);
        return new StyleShift(
            Change.Of(Cosines(before, direction), Cosines(after, direction)),
            Change.Of(Cosines(before, words), Cosines(after, words)),
            pairs
        );

        Tensor Embed(Func<ShiftPair, GeneratedPicture> which) =>
            clip.Pictures([.. pairs.Select(which).Select(p => (p.Pixels, p.Width, p.Height))]);
    }

    // The mean of unit vectors [N, D], at unit length: [D].
    private static Tensor Direction(Tensor images)
    {
        using var scope = new Scope();
        return scope.Keep(ClipPair.Unit(images.Mean([0])));
    }

    // Of unit vectors [N, D] with [N, D] row by row, or with one [D].
    private static double[] Cosines(Tensor a, Tensor b)
    {
        using var scope = new Scope();
        return Array.ConvertAll((a * b).Sum([1]).ToArray<float>(), c => (double)c);
    }
}

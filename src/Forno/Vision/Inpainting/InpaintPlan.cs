using Forno.Imaging;
using Forno.Imaging.Masks;

namespace Forno.Vision.Inpainting;

/// <summary>A part of a picture that an inpainting network sees at once.</summary>
/// <param name="Window">What of the picture it sees.</param>
/// <param name="Width">Width at which it sees it; larger than the window's where there is padding, smaller where it had
/// to be shrunk.</param>
/// <param name="Height">Height at which it sees it.</param>
/// <param name="Shrink">Pixels of the picture for one of the network's; 1 is native resolution.</param>
/// <param name="Parts">What is filled from this window.</param>
public sealed record InpaintWindow(Box Window, int Width, int Height, double Shrink, IReadOnlyList<Component> Parts);

/// <summary>How a picture with holes is shown to an inpainting network, part by part. Pure.</summary>
public static class InpaintPlan
{
    // How much of its surroundings a hole wants on every side: this share of its shorter side, and at least so many
    // pixels.
    private const double Context = 0.5;
    private const int LeastContext = 64;

    /// <summary>
    /// Lays windows over holes: around each hole, at native resolution wherever it fits; holes that fit together share
    /// one.
    /// </summary>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    /// <param name="holes">The holes.</param>
    /// <param name="size">The network's own size; 0 × 0 where it takes any.</param>
    /// <param name="step">Sides must be multiples of this where it takes any size.</param>
    /// <param name="most">Longest side of a window where it takes any size.</param>
    public static IReadOnlyList<InpaintWindow> Lay(
        int width,
        int height,
        IReadOnlyList<Component> holes,
        (int Width, int Height) size,
        int step = 32,
        int most = 1024
    )
    {
        var windows = new List<InpaintWindow>();
        List<Component> todo = [.. holes.OrderByDescending(h => Math.Max(h.Box.Width, h.Box.Height))];
        while (todo.Count > 0)
        {
            Box hole = todo[0].Box;
            // The context that a hole wants, cut where the picture ends.
            double context = Math.Max(LeastContext, Context * Math.Min(hole.Width, hole.Height));
            double wantedWidth = hole.Width + (2 * context),
                wantedHeight = hole.Height + (2 * context);
            (double mostWidth, double mostHeight) = size.Width > 0 ? (size.Width, size.Height) : (most, most);
            double shrink = Math.Max(
                1,
                Math.Max(Math.Min(wantedWidth, width) / mostWidth, Math.Min(wantedHeight, height) / mostHeight)
            );
            // A network of a fixed size sees as much as it can; one of any size what is wanted.
            Box window =
                size.Width > 0
                    ? Place(hole, (int)(size.Width * shrink), (int)(size.Height * shrink), width, height)
                    : Place(
                        hole,
                        (int)(Up(wantedWidth / shrink, step) * shrink),
                        (int)(Up(wantedHeight / shrink, step) * shrink),
                        width,
                        height
                    );
            (int seenWidth, int seenHeight) =
                size.Width > 0 ? size : ((int)Up(window.Width / shrink, step), (int)Up(window.Height / shrink, step));
            Component[] inside = [.. todo.Where(h => h == todo[0] || Inside(h.Box, window))];
            windows.Add(new InpaintWindow(window, seenWidth, seenHeight, shrink, inside));
            todo.RemoveAll(inside.Contains);
        }

        return windows;
    }

    private static double Up(double side, int step) => Math.Max(step, Math.Ceiling((side - 1e-9) / step) * step);

    private static Box Place(Box hole, int width, int height, int pictureWidth, int pictureHeight)
    {
        (width, height) = (Math.Min(width, pictureWidth), Math.Min(height, pictureHeight));
        int left = Math.Clamp(hole.Left + ((hole.Width - width) / 2), 0, pictureWidth - width);
        int top = Math.Clamp(hole.Top + ((hole.Height - height) / 2), 0, pictureHeight - height);
        return new Box(left, top, width, height);
    }

    // With some room around: a hole at a window's edge has nothing to go on there, unless the picture ends too.
    private static bool Inside(Box hole, Box window)
    {
        const int Room = 16;
        return hole.Left - Room >= window.Left
            && hole.Top - Room >= window.Top
            && hole.Left + hole.Width + Room <= window.Left + window.Width
            && hole.Top + hole.Height + Room <= window.Top + window.Height;
    }
}

using System.Diagnostics;
using System.Text;
using Forno.Files;
using Forno.Imaging;
using Forno.Imaging.Vips;
using Forno.Pocket.Data;

namespace Forno.TestKit;

/// <summary>What <see cref="MessySet"/>'s pictures show: drawings of open art, their grounds and flaws.</summary>
internal static class MessyArt
{
    /// <summary>Drawings of animals, plants and food of both packages; fetches the packages.</summary>
    /// <param name="count">How many of each.</param>
    public static Dictionary<string, (Icon Icon, PocketRecord Record)[]> Icons(int count)
    {
        string script = Path.Combine(Goldens.RepositoryRoot, "assets", "fetch.sh");
        using (
            Process fetch = Process.Start(new ProcessStartInfo("bash", [script, "noto", "openmoji", "emojibase-data"]))!
        )
        {
            fetch.WaitForExit();
            Assert.Equal(0, fetch.ExitCode);
        }

        string assets = Assets.Folder()!;
        var names = new EmojiNames(Path.Combine(assets, "emojibase-data"));
        var art = new Dictionary<string, (Icon, PocketRecord)[]>();
        foreach (string name in (string[])["noto", "openmoji"])
        {
            var icons = IconSet.Read(Path.Combine(assets, name));
            names.Learn(icons);
            var all = PocketBuilder.Choose(
                ArtSet.All.Single(a => a.Name == name),
                icons,
                [],
                names,
                new HashSet<string>()
            );
            art[name] =
            [
                .. all.Where(a => a.Record.Group is "animals and nature" or "food and drink")
                    .DistinctBy(a => a.Record.Name)
                    .OrderBy(a => PocketBuilder.StableHash(a.Record.Name))
                    .ThenBy(a => a.Record.Name, StringComparer.Ordinal)
                    .Take(count),
            ];
            Assert.Equal(count, art[name].Length);
        }

        return art;
    }

    /// <summary>The drawing on a ground that differs from picture to picture, or on none.</summary>
    public static Picture Scene(Icon icon, int i, int width, int height, bool clear)
    {
        double size = Math.Min(width, height) * (0.72 + (i % 4 * 0.07)),
            left = (width - size) * (0.2 + (i % 5 * 0.15)),
            top = (height - size) * (0.3 + (i % 3 * 0.2));
        int hue = i * 47 % 360,
            more = (i * 83) + 120;
        string ground = clear
            ? ""
            : (i % 3) switch
            {
                0 => $"<rect width='{width}' height='{height}' fill='url(#messy-sky)'/><ellipse cx='"
                    + $"{width / 3}' cy='{height}' rx='{width * 2 / 3}' ry='{height / 4}' fill='hsl("
                    + $"{more % 360},45%,55%)'/>",
                1 => $"<rect width='{width}' height='{height}' fill='hsl({hue},45%,82%)'/><path d='M0 "
                    + $"{height * (i % 7) / 9} L{width} {height * (i % 5) / 6} V{height} H0 Z' fill='hsl("
                    + $"{more % 360},40%,70%)'/>",
                _ => $"<rect width='{width}' height='{height}' fill='hsl({hue},35%,90%)'/><circle cx='"
                    + $"{width * (i % 8) / 8}' cy='{height / 5}' r='{height / 6}' fill='hsl({more % 360}"
                    + ",70%,75%)'/>",
            };
        // Most grounds have lines across, so that few pictures have a border of one colour.
        string lines =
            clear || i % 7 == 0
                ? ""
                : $"<path d='{string.Concat(Enumerable.Range(0, 5).Select(n => Lines(i, n, width, height)))}' "
                    + $"stroke='hsl({(hue + 180) % 360},45%,38%)' stroke-width='{Math.Max(2, width / 60)}'/>";
        string svg = Invariant.Text(
            $"<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='"
                + $"{width}' height='{height}' viewBox='0 0 {width} {height}'><defs><linearGradient id='messy-sky' "
                + $"x1='0' y1='0' x2='0' y2='1'><stop offset='0' stop-color='hsl({hue},70%,70%)'/><stop offset='1' "
                + $"stop-color='hsl({hue},60%,92%)'/></linearGradient></defs>{ground}{lines}<svg x='{left}' y='"
                + $"{top}' width='{size}' height='{size}' viewBox='{icon.Box.Left} {icon.Box.Top} {icon.Box.Width} "
                + $"{icon.Box.Height}'>{icon.Body}</svg></svg>"
        );
        using var drawn = Picture.LoadSvg(Encoding.UTF8.GetBytes(svg), Math.Max(width, height), icon.Name);
        using Picture made = clear ? drawn.ToSrgb8() : drawn.Flatten(Rgb.White);
        return made.InMemory();
    }

    /// <summary>A picture with a flaw, as its number has it: bars, a frame, no colour, no sharpness; or none.</summary>
    public static Picture Flaw(Picture scene, int i, bool clear)
    {
        int bar = Math.Max(4, Math.Min(scene.Width, scene.Height) / 9);
        return clear ? scene.Extract(0, 4)
            : i % 11 == 6 ? scene.Pad(0, bar, scene.Width, scene.Height + (2 * bar), Rgb.Black)
            : i % 11 == 9 ? scene.Pad(bar, bar, scene.Width + (2 * bar), scene.Height + (2 * bar), Rgb.White)
            : i % 31 == 12 ? Grey(scene)
            : i % 31 == 20 ? Blurred(scene)
            : scene.Extract(0, 3);
    }

    /// <summary>The same picture, a little darker.</summary>
    public static Picture Darker(Picture picture)
    {
        using var scale = new VipsOperation("linear", "test");
        return scale.Set("in", picture).Set("a", [0.85]).Set("b", [4.0]).Set("uchar", true).Picture();
    }

    private static Picture Grey(Picture picture)
    {
        using var grey = new VipsOperation("colourspace", "test");
        return grey.Set("in", picture).Set("space", "b-w").Picture();
    }

    private static Picture Blurred(Picture picture)
    {
        using var blur = new VipsOperation("gaussblur", "test");
        return blur.Set("in", picture).Set("sigma", 6.0).Picture();
    }

    // The n-th line across and the n-th line down, for a path.
    private static string Lines(int i, int n, int width, int height)
    {
        int left = height * ((i + (n * 3)) % 11) / 10,
            right = height * ((i + 4 + (n * 5)) % 11) / 10,
            top = width * ((i + (n * 7)) % 11) / 10,
            bottom = width * ((i + 2 + (n * 4)) % 11) / 10;
        return Invariant.Text($"M0 {left} L{width} {right} M{top} 0 L{bottom} {height} ");
    }
}

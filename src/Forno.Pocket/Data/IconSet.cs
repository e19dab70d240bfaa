using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Forno.Pocket.Data;

/// <summary>A drawing of an icon set: its name and the inner part of its SVG.</summary>
/// <param name="Name">The icon's name within its set, e.g. <c>red-apple</c>.</param>
/// <param name="Body">SVG elements without the root.</param>
/// <param name="Box">The view box: left, top, width, height.</param>
internal sealed record Icon(string Name, string Body, (double Left, double Top, double Width, double Height) Box)
{
    /// <summary>The whole SVG file, square, drawn in the middle.</summary>
    /// <param name="size">Pixels of a side.</param>
    public byte[] Svg(int size) =>
        Encoding.UTF8.GetBytes(
            Invariant.Text(
                $"<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\" "
                    + $"width=\"{size}\" height=\"{size}\" viewBox=\"{Box.Left} {Box.Top} {Box.Width} {Box.Height}"
                    + $"\">{Body}</svg>"
            )
        );
}

/// <summary>
/// An icon package (IconifyJSON): its drawings, their second names, and their code points where it lists them.
/// </summary>
internal sealed class IconSet
{
    private IconSet(List<Icon> icons, Dictionary<string, string> aliases, Dictionary<string, string> characters)
    {
        Icons = icons;
        Aliases = aliases;
        Characters = characters;
    }

    /// <summary>The drawings in file order, without the ones that the set has withdrawn.</summary>
    public IReadOnlyList<Icon> Icons { get; }

    /// <summary>Second name → icon name.</summary>
    public IReadOnlyDictionary<string, string> Aliases { get; }

    /// <summary>
    /// Icon name → code points in the form of <see cref="EmojiNames.CodePoints"/>; empty if the set lists none.
    /// </summary>
    public IReadOnlyDictionary<string, string> Characters { get; }

    /// <summary>Reads <c>icons.json</c> and, if there, <c>chars.json</c>.</summary>
    /// <param name="folder">The unpacked package.</param>
    /// <exception cref="FornoException">The package is not there or is no icon set.</exception>
    public static IconSet Read(string folder)
    {
        using JsonDocument file = PocketFiles.ReadJson(Path.Combine(folder, "icons.json"));
        JsonElement root = file.RootElement;
        var icons = new List<Icon>();
        foreach (JsonProperty icon in root.GetProperty("icons").EnumerateObject())
        {
            if (icon.Value.TryGetProperty("hidden", out JsonElement hidden) && hidden.ValueKind == JsonValueKind.True)
            {
                continue;
            }

            double Side(string name, double otherwise) =>
                icon.Value.TryGetProperty(name, out JsonElement own) || root.TryGetProperty(name, out own)
                    ? own.GetDouble()
                    : otherwise;
            icons.Add(
                new Icon(
                    icon.Name,
                    icon.Value.GetProperty("body").GetString()!,
                    (Side("left", 0), Side("top", 0), Side("width", 16), Side("height", 16))
                )
            );
        }

        var aliases = new Dictionary<string, string>();
        if (root.TryGetProperty("aliases", out JsonElement list))
        {
            foreach (JsonProperty alias in list.EnumerateObject())
            {
                aliases[alias.Name] = alias.Value.GetProperty("parent").GetString()!;
            }
        }

        var characters = new Dictionary<string, string>();
        if (File.Exists(Path.Combine(folder, "chars.json")))
        {
            using JsonDocument chars = PocketFiles.ReadJson(Path.Combine(folder, "chars.json"));
            foreach (JsonProperty entry in chars.RootElement.EnumerateObject())
            {
                // Several code points may share a drawing: the first listed is its own.
                characters.TryAdd(entry.Value.GetString()!, EmojiNames.CodePoints(entry.Name));
            }
        }

        return new IconSet(icons, aliases, characters);
    }
}

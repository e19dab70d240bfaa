using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Forno.Datasets.Import;

/// <summary>
/// Names for imported pictures: text with <c>{name}</c> (as the source), <c>{md5}</c> (of the source file's bytes, as
/// boorus name theirs) and <c>{index:000}</c> (1, 2, … in order, with that many digits at least).
/// </summary>
public sealed partial class NameTemplate
{
    private const int MostBytes = 180; // file systems take 255 with suffix and extension

    private readonly string template;

    /// <summary>Reads a template.</summary>
    /// <exception cref="FornoException">It has an unknown placeholder, or characters that names cannot
    /// have.</exception>
    public NameTemplate(string template)
    {
        this.template = template;
        string literal = Placeholder().Replace(template, "");
        if (literal.IndexOfAny(['{', '}', '/', '\\', '\0']) >= 0 || template.Trim().Length == 0)
        {
            throw new FornoException(
                $"the name template '{template}' cannot be used; it may contain {{name}}, {{md5}}, {{index}} or "
                    + "{index:000}, and text without slashes"
            );
        }

        if (!Placeholder().IsMatch(template))
        {
            throw new FornoException(
                $"the name template '{template}' gives every picture the same name; add {{index:000}}, "
                    + "{name} or {md5}"
            );
        }

        NeedsHash = template.Contains("{md5}", StringComparison.Ordinal);
    }

    /// <summary>Names as the sources have them.</summary>
    public static NameTemplate Same { get; } = new("{name}");

    /// <summary>Whether <c>{md5}</c> occurs.</summary>
    public bool NeedsHash { get; }

    /// <summary>A name without extension.</summary>
    /// <param name="name">The source's name without extension.</param>
    /// <param name="md5">MD5 of its bytes, lower-case hex; needed only if <see cref="NeedsHash"/>.</param>
    /// <param name="index">Its number, from 1.</param>
    public string Make(string name, string? md5, int index)
    {
        string made = Placeholder()
            .Replace(
                template,
                m =>
                    m.Groups[1].Value switch
                    {
                        "name" => name,
                        "md5" => md5 ?? throw new InvalidOperationException("the hash is missing"),
                        _ => index.ToString(
                            new string('0', Math.Max(1, m.Groups[2].Length)),
                            CultureInfo.InvariantCulture
                        ),
                    }
            );
        while (Encoding.UTF8.GetByteCount(made) > MostBytes)
        {
            made = made[..^(char.IsLowSurrogate(made[^1]) ? 2 : 1)];
        }

        // A leading dot would hide it, and a trailing one is lost on other systems.
        made = made.TrimEnd('.', ' ');
        return made.Length == 0 ? "picture"
            : made[0] == '.' ? "_" + made
            : made;
    }

    [GeneratedRegex(@"\{(name|md5|index)(?::(?<=index:)(0{1,9}))?\}")]
    private static partial Regex Placeholder();
}

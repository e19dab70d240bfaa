using System.Collections.Concurrent;
using Forno.Datasets.Captions;

namespace Forno.Datasets.Triggers;

/// <summary>
/// Which trait a tag tells of: the sections of <c>traits.txt</c>. A tag written out goes before a pattern, a pattern of
/// <c>[none]</c> before others, then the one with the most letters; of equal ones the first.
/// </summary>
public sealed class TraitLists
{
    /// <summary>Name of the list.</summary>
    public const string ListName = "traits";

    /// <summary>What belongs to a person, whatever it wears.</summary>
    public static readonly IReadOnlyList<string> Intrinsic =
    [
        "hair-colour",
        "hair-style",
        "eyes",
        "skin",
        "face",
        "body",
    ];

    /// <summary>Never pruned: cannot be changed once a trigger has it.</summary>
    public const string BodySize = "body-size";

    /// <summary>Never pruned for an outfit: it forces whole figures.</summary>
    public const string Footwear = "footwear";

    /// <summary>How many are in the picture.</summary>
    public const string People = "people";

    /// <summary>Of black-and-white styles.</summary>
    public const string Monochrome = "monochrome";

    /// <summary>How it is drawn.</summary>
    public const string Style = "style";

    /// <summary>Jewels, bows, glasses.</summary>
    public const string Ornaments = "ornaments";

    private const string None = "none",
        Garment = "garment-";
    private readonly Dictionary<string, string> exact = new(StringComparer.Ordinal);
    private readonly List<(string Pattern, int Letters, string Section)> patterns = [];
    private readonly HashSet<(string Section, string Tag)> members = [];
    private readonly ConcurrentDictionary<string, string> known = new(StringComparer.Ordinal);

    /// <summary>Makes it of a list's entries.</summary>
    /// <param name="entries">What <see cref="WordLists.Read"/> gives for <c>traits</c>.</param>
    public TraitLists(IReadOnlyList<WordEntry> entries)
    {
        foreach (WordEntry entry in entries)
        {
            foreach (string word in entry.Words.Select(TagExpression.Normal))
            {
                if (word.Contains('*', StringComparison.Ordinal))
                {
                    patterns.Add((word, word.Count(c => c is not ('*' or ' ')), entry.Section));
                }
                else
                {
                    exact.TryAdd(word, entry.Section);
                    members.Add((entry.Section, word));
                }
            }
        }

        patterns = [.. patterns.OrderByDescending(p => p.Section == None).ThenByDescending(p => p.Letters)]; // stable
        Categories = [.. entries.Select(e => e.Section).Distinct().Where(s => s != None)];
    }

    /// <summary>The categories, in the list's order.</summary>
    public IReadOnlyList<string> Categories { get; }

    /// <summary>Those of clothes, without footwear and ornaments.</summary>
    public IEnumerable<string> Garments => Categories.Where(c => c.StartsWith(Garment, StringComparison.Ordinal));

    /// <summary>Tags that are written out in any category: base models know them all.</summary>
    public IEnumerable<string> Tags => exact.Keys;

    /// <summary>Reads the list that ships, with a user's additions.</summary>
    /// <param name="folder">The user's folder of lists, or null.</param>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static TraitLists Read(string? folder = null) => new(WordLists.Read(ListName, folder));

    /// <summary>The category of a tag, or null.</summary>
    /// <param name="normal">The tag as <see cref="TagExpression.Normal"/> writes it.</param>
    public string? Of(string normal)
    {
        string section = known.GetOrAdd(
            normal,
            tag => exact.GetValueOrDefault(tag) ?? patterns.FirstOrDefault(p => Fits(p.Pattern, tag)).Section ?? None
        );
        return section == None ? null : section;
    }

    /// <summary>Whether a section names a tag outright, whatever others say.</summary>
    /// <param name="section">The section.</param>
    /// <param name="normal">The tag as <see cref="TagExpression.Normal"/> writes it.</param>
    public bool Has(string section, string normal) => members.Contains((section, normal));

    /// <summary>
    /// The categories that a user's word names: <c>hair-colour</c>, or all garments by <c>garment</c>.
    /// </summary>
    /// <param name="word">A category, <c>garment</c> or <c>intrinsic</c>.</param>
    /// <returns>Null if it names none.</returns>
    public IReadOnlyList<string>? Named(string word) =>
        word switch
        {
            "garment" or "garments" or "clothes" => [.. Garments],
            "intrinsic" => Intrinsic,
            "hair-color" => ["hair-colour"],
            _ => Categories.Contains(word) ? [word] : null,
        };

    /// <summary>Whether a pattern with <c>*</c> for anything fits a tag.</summary>
    internal static bool Fits(ReadOnlySpan<char> pattern, ReadOnlySpan<char> tag)
    {
        int star = pattern.IndexOf('*');
        if (star < 0)
        {
            return pattern.SequenceEqual(tag);
        }

        if (!tag.StartsWith(pattern[..star]))
        {
            return false;
        }

        ReadOnlySpan<char> rest = pattern[(star + 1)..];
        for (int at = star; at <= tag.Length; at++)
        {
            if (Fits(rest, tag[at..]))
            {
                return true;
            }
        }

        return false;
    }
}

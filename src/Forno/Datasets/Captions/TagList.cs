using System.Globalization;
using Forno.Data;
using Forno.Workspace;

namespace Forno.Datasets.Captions;

/// <summary>A tag of a tag list.</summary>
/// <param name="Name">As the list writes it.</param>
/// <param name="Category">Its number: 0 general, 1 artist, 3 copyright, 4 character, 5 meta.</param>
/// <param name="Uses">How many pictures of the site have it.</param>
public sealed record ListedTag(string Name, int Category, long Uses);

/// <summary>
/// The tags of a booru with their uses, in the form of the well-known autocomplete extension: a CSV of
/// <c>name,category,count</c> and, as a fourth column, aliases between commas in quotes.
/// </summary>
public sealed class TagList
{
    private const int MostProblems = 1000;
    private readonly Dictionary<string, ListedTag> tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ListedTag> aliases = new(StringComparer.Ordinal);
    private readonly List<Problem> problems = [];

    private TagList() { }

    /// <summary>How many tags it has, without aliases.</summary>
    public int Count => tags.Count;

    /// <summary>All names and aliases, as <see cref="TagExpression.Normal"/> makes them.</summary>
    public IReadOnlySet<string> Names => tags.Keys.Concat(aliases.Keys).ToHashSet(StringComparer.Ordinal);

    /// <summary>Rows that cannot be read, by file and line; they are left out.</summary>
    public IReadOnlyList<Problem> Problems => problems;

    /// <summary>Reads a list.</summary>
    /// <param name="file">The CSV.</param>
    /// <exception cref="FornoException">It cannot be read, or none of its rows can.</exception>
    public static TagList Read(string file)
    {
        var list = new TagList();
        var (number, broken) = (0, 0);
        foreach (string line in Caption.ReadText(file).Split('\n'))
        {
            number++;
            string row = line.TrimEnd('\r');
            if (
                row.Trim().Length == 0
                || (
                    number == 1
                    && row.Contains("category", StringComparison.OrdinalIgnoreCase)
                    && !row.Any(char.IsDigit)
                )
            )
            {
                continue;
            }

            if (list.Add(Cells(row)) is { } why)
            {
                broken++;
                if (list.problems.Count < MostProblems)
                {
                    list.problems.Add(new Problem(Invariant.Text($"{file}:{number}"), why));
                }
            }
        }

        return list.Count > 0
            ? list
            : throw FornoException.ForFile(
                file,
                broken > 0 ? $"no row of it is one of a tag list (the first: {list.problems[0].Why})" : "it is empty",
                "A tag list is a CSV of name,category,count and perhaps aliases."
            );
    }

    /// <summary>Finds a tag.</summary>
    /// <param name="normal">The tag as <see cref="TagExpression.Normal"/> makes it.</param>
    /// <param name="isAlias">Whether the list knows it under another name.</param>
    public ListedTag? Find(string normal, out bool isAlias)
    {
        isAlias = false;
        return tags.TryGetValue(normal, out var tag) ? tag
            : (isAlias = aliases.TryGetValue(normal, out tag)) ? tag
            : null;
    }

    private static List<string> Cells(string row)
    {
        var (cells, cell, quoted) = (new List<string>(4), new System.Text.StringBuilder(), false);
        for (int i = 0; i < row.Length; i++)
        {
            char c = row[i];
            if (c == '"' && quoted && i + 1 < row.Length && row[i + 1] == '"')
            {
                cell.Append('"');
                i++;
            }
            else if (c == '"' && (quoted || cell.Length == 0))
            {
                quoted = !quoted;
            }
            else if (c == ',' && !quoted)
            {
                cells.Add(cell.ToString());
                cell.Clear();
            }
            else
            {
                cell.Append(c);
            }
        }

        cells.Add(cell.ToString());
        return quoted ? [] : cells;
    }

    private string? Add(List<string> cells)
    {
        if (cells.Count < 3)
        {
            return cells.Count == 0
                ? "a quote is not closed"
                : Invariant.Text($"{cells.Count} columns; name,category,count are needed");
        }

        string name = cells[0].Trim();
        if (name.Length == 0)
        {
            return "the name is missing";
        }

        if (!int.TryParse(cells[1], NumberStyles.Integer, CultureInfo.InvariantCulture, out int category))
        {
            return $"the category '{cells[1]}' is not a number";
        }

        if (!long.TryParse(cells[2], NumberStyles.Integer, CultureInfo.InvariantCulture, out long uses) || uses < 0)
        {
            return $"the count '{cells[2]}' is not a number";
        }

        var tag = new ListedTag(name, category, uses);
        tags.TryAdd(TagExpression.Normal(name), tag);
        foreach (
            string? alias in cells
                .Skip(3)
                .SelectMany(c => c.Split(','))
                .Select(TagExpression.Normal)
                .Where(a => a.Length > 0)
        )
        {
            aliases.TryAdd(alias, tag);
        }

        return null;
    }
}

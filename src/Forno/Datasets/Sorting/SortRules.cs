using System.Text;
using Forno.Data;
using Forno.Datasets.Captions;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Sorting;

/// <summary>Says into which folder a picture goes; null if it has nothing to say.</summary>
/// <param name="item">The picture.</param>
public delegate string? SortRule(PictureItem item);

/// <summary>The rules that pictures are sorted by.</summary>
public static class SortRules
{
    /// <summary>A folder for the pictures whose caption fulfils an expression.</summary>
    /// <param name="rule"><c>FOLDER: EXPRESSION</c>, such as <c>10_red: red_dress &amp; !solo</c>.</param>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static SortRule ByCaption(string rule)
    {
        int colon = rule.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1)
        {
            throw new FornoException(
                $"the rule '{rule}' has no folder; write it as FOLDER: EXPRESSION, for example 'outfit1: "
                    + "red_dress & !solo'"
            );
        }

        string folder = Folder(rule[..colon].Trim());
        var expression = TagExpression.Parse(rule[(colon + 1)..].Trim());
        return item =>
            expression.Matches(item.Caption is { } caption ? Caption.ReadText(caption.File) : "") ? folder : null;
    }

    /// <summary>Folders as a table says: lines of <c>path,folder</c>, a heading of these words allowed.</summary>
    /// <param name="file">The CSV; paths as in the data set, or names alone where they are unique.</param>
    /// <exception cref="FornoException">It cannot be read.</exception>
    public static SortRule ByCsv(string file)
    {
        var folders = new Dictionary<string, string>(StringComparer.Ordinal);
        int row = 0;
        foreach (string[] cells in Rows(Caption.ReadText(file)))
        {
            row++;
            if (cells is [""])
            {
                continue;
            }

            if (cells.Length != 2)
            {
                throw new FornoException(
                    $"{file}: row {row} has {cells.Length} columns; two are needed, path and folder"
                );
            }

            if (row > 1 || cells[0] != "path")
            {
                folders[cells[0].Replace('\\', '/')] = Folder(cells[1].Trim());
            }
        }

        return item => folders.GetValueOrDefault(item.Path) ?? folders.GetValueOrDefault(RelativePath.Name(item.Path));
    }

    /// <summary>A folder for each bucket: <c>832x1216</c>.</summary>
    public static SortRule ByBucket(BucketRules rules)
    {
        rules.Check();
        var buckets = new Buckets(rules);
        return item =>
        {
            var info = PictureFile.Inspect(item.File);
            return buckets.Fit(new Size(info.Width, info.Height)).Bucket.ToString();
        };
    }

    /// <summary>Checks a folder's name.</summary>
    /// <exception cref="FornoException">It leaves the data set or is none.</exception>
    public static string Folder(string name)
    {
        _ = RelativePath.Full("/", name);
        return name;
    }

    // RFC 4180: quotes around cells with commas, quotes or line ends; doubled quotes within.
    private static IEnumerable<string[]> Rows(string text)
    {
        var (cells, cell, quoted) = (new List<string>(), new StringBuilder(), false);
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
            {
                cell.Append('"');
                i++;
            }
            else if (c == '"' && (quoted || cell.Length == 0))
            {
                quoted = !quoted;
            }
            else if (!quoted && c is (',' or '\n'))
            {
                cells.Add(cell.ToString().TrimEnd('\r'));
                cell.Clear();
                if (c == '\n')
                {
                    yield return [.. cells];
                    cells.Clear();
                }
            }
            else
            {
                cell.Append(c);
            }
        }

        if (cell.Length > 0 || cells.Count > 0)
        {
            yield return [.. cells, cell.ToString().TrimEnd('\r')];
        }
    }
}

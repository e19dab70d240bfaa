using System.Reflection;
using Forno.Data;
using Forno.Files;

namespace Forno.Datasets.Captions;

/// <summary>An entry of a list of words.</summary>
/// <param name="Section">The <c>[section]</c> it stands in; empty above the first.</param>
/// <param name="Left">What stands before <c>=</c>; null without one.</param>
/// <param name="Words">The words after <c>=</c>, or of the whole line, parted by commas.</param>
/// <param name="Source">Where it stands: <c>useless.txt:12</c>.</param>
public sealed record WordEntry(string Section, string? Left, IReadOnlyList<string> Words, string Source);

/// <summary>
/// Lists of words that rules on captions go by. They ship with Forno as text files; a user's folder may hold a file of
/// the same name, which adds to the shipped one. A line is <c>word</c>, <c>word, word</c> or <c>left = word, word</c>;
/// <c>[section]</c> begins a section; <c>#</c> at the beginning of a line or behind a blank begins a comment; <c>\</c>
/// before a <c># [ = , - !</c> or <c>\</c> takes its meaning away. In a user's file <c>-word</c> takes a word out of
/// the shipped list's section, and the entries whose left side it is, and a line <c>!replace</c> anywhere leaves out
/// the whole shipped list.
/// </summary>
public static class WordLists
{
    private const string Prefix = "Lists/",
        Replace = "!replace";

    /// <summary>The names of the lists that ship, in order.</summary>
    public static IReadOnlyList<string> Names { get; } =
    [
        .. typeof(WordLists)
            .Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))
            .Select(n => n[Prefix.Length..^".txt".Length])
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>Reads a list.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <param name="folder">The user's folder of lists, or null.</param>
    /// <exception cref="FornoException">There is no such folder, it holds a list of a name that none has, or a line
    /// cannot be read.</exception>
    public static IReadOnlyList<WordEntry> Read(string name, string? folder = null)
    {
        var (shipped, _, _) = Parse(Shipped(name), name + ".txt", own: false);
        if (folder is null)
        {
            return shipped;
        }

        CheckFolder(folder);
        string file = Path.Join(folder, name + ".txt");
        if (!File.Exists(file))
        {
            return shipped;
        }

        var (added, without, replaces) = Parse(Caption.ReadText(file), file, own: true);
        return replaces ? added : [.. shipped.Select(e => Without(e, without)).OfType<WordEntry>(), .. added];
    }

    /// <summary>The text of a list as it ships, comments included.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="FornoException">There is none of this name.</exception>
    public static string Shipped(string name)
    {
        using var stream =
            typeof(WordLists).Assembly.GetManifestResourceStream($"{Prefix}{name}.txt")
            ?? throw new FornoException(
                $"there is no list '{name}'{Spelling.DidYouMean(name, Names)}; there are {string.Join(", ", Names)}"
            );
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    private static void CheckFolder(string folder)
    {
        if (!Directory.Exists(folder))
        {
            throw FornoException.ForFile(folder, "there is no such folder of word lists", "Check --lists.");
        }

        foreach (string file in Directory.EnumerateFiles(folder, "*.txt"))
        {
            string name = Path.GetFileNameWithoutExtension(file);
            if (!Names.Contains(name))
            {
                throw FornoException.ForFile(
                    file,
                    $"there is no list of this name{Spelling.DidYouMean(name, Names)}",
                    $"Lists are called {string.Join(", ", Names.Select(n => n + ".txt"))}."
                );
            }
        }
    }

    private static WordEntry? Without(WordEntry entry, List<(string Section, string Word)> without)
    {
        bool Out(string word) => without.Contains((entry.Section, TagExpression.Normal(word)));
        if (entry.Left is not null && Out(entry.Left))
        {
            return null;
        }

        string[] left = [.. entry.Words.Where(w => !Out(w))];
        return left.Length == entry.Words.Count ? entry
            : left.Length == 0 ? null
            : entry with { Words = left };
    }

    private static (List<WordEntry> Entries, List<(string Section, string Word)> Without, bool Replaces) Parse(
        string text,
        string file,
        bool own
    )
    {
        var (entries, without, replaces, section, number) = (
            new List<WordEntry>(),
            new List<(string, string)>(),
            false,
            "",
            0
        );
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = Marked(raw).Trim();
            if (line.Length == 0)
            {
                continue;
            }

            string source = Invariant.Text($"{file}:{number}");
            if (own && line == Replace)
            {
                replaces = true;
            }
            else if (line[0] == '[')
            {
                section =
                    line[^1] == ']' && line.Length > 2
                        ? Plain(line[1..^1])
                        : throw new FornoException($"{source}: a section is written [name]");
            }
            else if (own && line[0] == '-')
            {
                without.Add((section, TagExpression.Normal(Plain(line[1..]))));
            }
            else
            {
                entries.Add(Entry(line, section, source));
            }
        }

        return (entries, without, replaces);
    }

    private static WordEntry Entry(string line, string section, string source)
    {
        int at = line.IndexOf('=', StringComparison.Ordinal);
        string? left = at < 0 ? null : Plain(line[..at]);
        string[] words = [.. line[(at + 1)..].Split(',').Select(Plain).Where(w => w.Length > 0)];
        return words.Length > 0 && left is not ""
            ? new WordEntry(section, left, words, source)
            : throw new FornoException($"{source}: a word is missing beside '='; write it as left = word, word");
    }

    // Escaped characters become private marks that no rule looks for; a comment is cut off.
    private static string Marked(string line)
    {
        var built = new System.Text.StringBuilder(line.Length);
        for (int i = 0; i < line.Length; i++)
        {
            if (line[i] == '\\' && i + 1 < line.Length && "#[=,-!\\".Contains(line[i + 1], StringComparison.Ordinal))
            {
                built.Append((char)('\uE000' + line[++i]));
            }
            else if (line[i] == '#' && (i == 0 || char.IsWhiteSpace(line[i - 1])))
            {
                break;
            }
            else
            {
                built.Append(line[i]);
            }
        }

        return built.ToString();
    }

    private static string Plain(string text) =>
        string.Concat(text.Trim().Select(c => c is >= '\uE000' and < '\uE080' ? (char)(c - '\uE000') : c));
}

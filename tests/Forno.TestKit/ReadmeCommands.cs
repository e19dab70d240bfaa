using System.Text;

namespace Forno.TestKit;

/// <summary>The command lines of a part of the README, as a reader would type them; a test runs them.</summary>
internal static class ReadmeCommands
{
    /// <summary>
    /// The lines that begin with <c>forno</c> in the blocks of a part; <c>for x in …; do …; done</c> is written
    /// out.
    /// </summary>
    /// <param name="heading">The part's heading without signs; it ends at the next one of its level.</param>
    /// <returns>Each line's words behind <c>forno</c>, comments left out.</returns>
    public static IReadOnlyList<string[]> Of(string heading)
    {
        string[] lines = File.ReadAllLines(Path.Join(Goldens.RepositoryRoot, "README.md"));
        int from = Array.FindIndex(lines, l => l.TrimStart('#').Trim() == heading && l.StartsWith('#'));
        Assert.True(from >= 0, $"README has no part '{heading}'");
        string level = lines[from][..lines[from].IndexOf(' ')];
        var commands = new List<string[]>();
        bool block = false;
        foreach (
            string line in lines
                .Skip(from + 1)
                .TakeWhile(l => block || !l.StartsWith(level + " ", StringComparison.Ordinal))
        )
        {
            block ^= line.StartsWith("```", StringComparison.Ordinal);
            if (block && line.StartsWith("forno ", StringComparison.Ordinal))
            {
                commands.Add(Words(line)[1..]);
            }
            else if (block && line.StartsWith("for ", StringComparison.Ordinal))
            {
                string[] parts = line.Split("; ");
                string[] head = parts[0].Split(' ');
                Assert.Equal(("in", "done"), (head[2], parts[^1].Split('#')[0].Trim()));
                commands.AddRange(
                    head[3..]
                        .Select(value =>
                            Words(
                                parts[1]["do ".Length..].Replace($"${{{head[1]}}}", value).Replace("$" + head[1], value)
                            )[1..]
                        )
                );
            }
        }

        return commands;
    }

    // Blanks part words, double quotes keep them together, # behind a blank ends the line.
    private static string[] Words(string line)
    {
        var (words, word, quoted, any) = (new List<string>(), new StringBuilder(), false, false);
        foreach (char c in line + " ")
        {
            if (c == '#' && !quoted && !any)
            {
                break;
            }

            if (c == ' ' && !quoted)
            {
                if (any)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
                any = false;
                continue;
            }

            any = true;
            quoted ^= c == '"';
            word.Append(c == '"' ? "" : c.ToString());
        }

        return [.. words];
    }
}

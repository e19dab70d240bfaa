using System.Text;

namespace Forno.TestKit;

/// <summary>The command lines of a guide in <c>docs/</c>, as a reader would type them; a test runs them.</summary>
internal static class GuideCommands
{
    /// <summary>
    /// The lines that begin with <c>forno</c> in its blocks; <c>for x in …; do …; done</c> is written
    /// out.
    /// </summary>
    /// <param name="guide">The guide's file name, such as <c>captions.md</c>.</param>
    /// <returns>Each line's words behind <c>forno</c>, comments left out.</returns>
    public static IReadOnlyList<string[]> Of(string guide)
    {
        var commands = new List<string[]>();
        bool block = false;
        foreach (string line in File.ReadLines(Path.Join(Goldens.RepositoryRoot, "docs", guide)))
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

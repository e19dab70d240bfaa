using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace Forno.Datasets.Captions;

/// <summary>
/// A condition on tags: <c>1girl &amp; (red_dress | skirt) &amp; !solo</c>. <c>&amp;</c> binds closer than <c>|</c>;
/// <c>*</c> in a tag stands for anything; tags with operators in them stand in double quotes or have <c>\</c> before
/// each: <c>"saber (fate)"</c>, <c>saber_\(fate\)</c>. Upper and lower case, <c>_</c> and spaces are alike.
/// </summary>
public sealed class TagExpression
{
    private const int MostDepth = 200,
        MostKnown = 100_000;
    private readonly Func<ICollection<string>, bool> holds;
    private readonly string text;

    private TagExpression(string text, Func<ICollection<string>, bool> holds)
    {
        this.text = text;
        this.holds = holds;
    }

    /// <summary>Reads an expression.</summary>
    /// <exception cref="FornoException">It cannot be read; says where.</exception>
    public static TagExpression Parse(string text)
    {
        var parser = new Parser(text);
        return new TagExpression(text, parser.Whole());
    }

    /// <summary>Whether it holds for a caption: tags between commas.</summary>
    public bool Matches(string caption) => Matches(caption.Split(',', '\n'));

    /// <summary>Whether it holds for tags.</summary>
    public bool Matches(IEnumerable<string> tags) =>
        holds(tags.Select(Normal).Where(t => t.Length > 0).ToHashSet(StringComparer.Ordinal));

    /// <summary>Whether it holds for the tags of a caption.</summary>
    public bool Matches(CaptionText caption) => holds(caption.NormalArray);

    /// <summary>
    /// How tags are compared: lower case, spaces for underscores, without escapes or white space around.
    /// </summary>
    public static string Normal(string tag)
    {
        string normal = tag.Trim().ToLowerInvariant().Replace('_', ' ');
        return normal.Contains('\\', StringComparison.Ordinal)
            ? normal.Replace("\\(", "(", StringComparison.Ordinal).Replace("\\)", ")", StringComparison.Ordinal)
            : normal;
    }

    /// <inheritdoc/>
    public override string ToString() => text;

    private sealed class Parser(string text)
    {
        private int at;
        private int depth;

        public Func<ICollection<string>, bool> Whole()
        {
            var condition = Or();
            return at == text.Length
                ? condition
                : throw Wrong(text[at] == ')' ? "this ) closes nothing" : "an & or | is missing here");
        }

        private Func<ICollection<string>, bool> Or()
        {
            List<Func<ICollection<string>, bool>> parts = [And()];
            while (Take('|'))
            {
                parts.Add(And());
            }

            return parts.Count == 1 ? parts[0] : tags => parts.Exists(p => p(tags));
        }

        private Func<ICollection<string>, bool> And()
        {
            List<Func<ICollection<string>, bool>> parts = [Not()];
            while (Take('&'))
            {
                parts.Add(Not());
            }

            return parts.Count == 1 ? parts[0] : tags => parts.TrueForAll(p => p(tags));
        }

        private Func<ICollection<string>, bool> Not()
        {
            if (++depth > MostDepth)
            {
                throw Wrong($"more than {MostDepth} levels deep");
            }

            Func<ICollection<string>, bool> condition;
            if (Take('!'))
            {
                var inner = Not();
                condition = tags => !inner(tags);
            }
            else if (Take('('))
            {
                condition = Or();
                if (!Take(')'))
                {
                    throw Wrong("a ) is missing");
                }
            }
            else
            {
                condition = Tag();
            }

            depth--;
            return condition;
        }

        private Func<ICollection<string>, bool> Tag()
        {
            Skip();
            int start = at;
            var (tag, pattern, wild) = (new StringBuilder(), new StringBuilder(), false);
            bool quoted = at < text.Length && text[at] == '"';
            at += quoted ? 1 : 0;
            while (
                at < text.Length && (quoted ? text[at] != '"' : !"&|!()".Contains(text[at], StringComparison.Ordinal))
            )
            {
                if (text[at] == '\\' && at + 1 < text.Length)
                {
                    at++;
                }
                else if (text[at] == '*' && !quoted)
                {
                    wild = true;
                    pattern.Append(".*");
                    tag.Append(text[at++]);
                    continue;
                }

                pattern.Append(Regex.Escape(Plain(text[at])));
                tag.Append(text[at++]);
            }

            if (quoted && at++ >= text.Length)
            {
                throw Wrong("a closing \" is missing");
            }

            Skip();
            string name = Normal(tag.ToString());
            if (name.Length == 0)
            {
                at = start;
                throw Wrong("a tag is missing here");
            }

            if (!wild)
            {
                return tags => tags.Contains(name);
            }

            var regex = new Regex(
                $"^{pattern.ToString().Replace("\\ ", " ", StringComparison.Ordinal).Trim()}$",
                RegexOptions.Singleline | RegexOptions.NonBacktracking
            );
            // The captions of a set share their tags, so each is asked about once.
            var known = new ConcurrentDictionary<string, bool>(StringComparer.Ordinal);
            return tags =>
            {
                foreach (string one in tags)
                {
                    if (!known.TryGetValue(one, out bool matches))
                    {
                        matches = regex.IsMatch(one);
                        if (known.Count < MostKnown)
                        {
                            known.TryAdd(one, matches);
                        }
                    }

                    if (matches)
                    {
                        return true;
                    }
                }

                return false;
            };
        }

        private static string Plain(char c) => (c == '_' ? ' ' : char.ToLowerInvariant(c)).ToString();

        private bool Take(char c)
        {
            Skip();
            if (at >= text.Length || text[at] != c)
            {
                return false;
            }

            at++;
            if (c is '&' or '|' && at < text.Length && text[at] == c)
            {
                at++; // && and || mean the same
            }

            return true;
        }

        private void Skip()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }
        }

        private FornoException Wrong(string why) =>
            new(
                $"the tag expression '{text}' cannot be read at character {at + 1}: {why}. An example: 1girl "
                    + "& (red_dress | skirt) & !solo"
            );
    }
}

using System.Buffers;

namespace Forno.Datasets.Captions;

/// <content>How a line is read.</content>
public sealed partial class CaptionText
{
    /// <summary>Reads lines; its lists serve again.</summary>
    private sealed class Reader
    {
        private static readonly SearchValues<char> Special = SearchValues.Create(",|{");

        [ThreadStatic]
        private static Reader? shared;

        private readonly List<Range> pieces = [];
        private bool mayHoldSentences;

        public List<PooledTag> Tags { get; } = [];

        public List<bool> Sentences { get; } = [];

        public int Kept { get; private set; }

        public int Ending { get; private set; }

        public string? Join { get; private set; }

        public string? Barrier { get; private set; }

        public bool PartedByBlanks { get; private set; }

        public static Reader Shared() => shared ??= new Reader();

        public void Read(ReadOnlySpan<char> line)
        {
            Tags.Clear();
            Sentences.Clear();
            (Kept, Ending, Join, Barrier, PartedByBlanks) = (-1, -1, null, null, true);
            Start();
            var (start, at, wall) = (0, 0, -1);
            string? left = null;
            while (at < line.Length)
            {
                int step = line[at..].IndexOfAny(Special);
                at = step < 0 ? line.Length : at + step;
                if (at == line.Length)
                {
                    break;
                }

                if (line[at] == '{')
                {
                    at = BehindBraces(line, at);
                }
                else if (line[at] == ',')
                {
                    PartedByBlanks &=
                        at > start
                        && line[at - 1] != ' '
                        && at + 1 < line.Length
                        && line[at + 1] == ' '
                        && !line[(at + 1)..].IsWhiteSpace();
                    Join ??= at + 1 < line.Length && line[at + 1] == ' ' ? ", " : ",";
                    Piece(line, start, at);
                    start = ++at;
                }
                else if (Ending < 0 && line[at..].StartsWith(KeepSeparator, StringComparison.Ordinal))
                {
                    Piece(line, start, at);
                    Wall(line, ref wall, left, at);
                    if (Kept < 0)
                    {
                        (left, wall) = (
                            pieces.Count > 0 ? line[pieces[^1].End.Value..at].ToString() : " ",
                            at + KeepSeparator.Length
                        );
                    }

                    Units(line);
                    (Kept, Ending) = Kept < 0 ? (Tags.Count, Ending) : (Kept, Tags.Count);
                    start = at += KeepSeparator.Length;
                    Start();
                }
                else
                {
                    at++;
                }
            }

            Piece(line, start, line.Length);
            Wall(line, ref wall, left, line.Length);
            Units(line);
        }

        // The first ||| with what stood around it; with no tag on a side of it, a blank goes there.
        private void Wall(ReadOnlySpan<char> line, ref int wall, string? left, int end)
        {
            if (wall >= 0)
            {
                Barrier =
                    left
                    + KeepSeparator
                    + (
                        pieces.Count > 0 && pieces[0].Start.Value < end
                            ? line[wall..pieces[0].Start.Value].ToString()
                            : " "
                    );
                wall = -1;
            }
        }

        // {a, b|c} is one tag; a lone brace is a character.
        private static int BehindBraces(ReadOnlySpan<char> line, int at)
        {
            int length = line[at..].IndexOf('}');
            return
                length > 0
                && line.Slice(at, length).Contains('|')
                && !line.Slice(at, length).Contains(KeepSeparator, StringComparison.Ordinal)
                ? at + length + 1
                : at + 1;
        }

        private void Start()
        {
            pieces.Clear();
            mayHoldSentences = false;
        }

        private void Piece(ReadOnlySpan<char> line, int start, int end)
        {
            while (start < end && char.IsWhiteSpace(line[start]))
            {
                start++;
            }

            while (end > start && char.IsWhiteSpace(line[end - 1]))
            {
                end--;
            }

            if (start < end)
            {
                pieces.Add(start..end);
                var piece = line[start..end];
                mayHoldSentences |= CaptionUnits.EndsSentence(piece) || piece.Count(' ') > 2;
            }
        }

        private void Units(ReadOnlySpan<char> line)
        {
            int from = 0;
            if (mayHoldSentences)
            {
                for (int i = 0; i < pieces.Count; i++)
                {
                    if (!CaptionUnits.EndsSentence(line[pieces[i]]))
                    {
                        continue;
                    }

                    int begin = CaptionUnits.Begin(line, pieces, from, i);
                    var whole = line[pieces[begin].Start..pieces[i].End];
                    if (CaptionUnits.IsSentence(whole))
                    {
                        Plain(line, from, begin);
                        Add(whole, sentence: true);
                        from = i + 1;
                    }
                }
            }

            Plain(line, from, pieces.Count);
        }

        private void Plain(ReadOnlySpan<char> line, int from, int to)
        {
            for (int i = from; i < to; i++)
            {
                var piece = line[pieces[i]];
                Add(piece, mayHoldSentences && CaptionUnits.IsClause(piece));
            }
        }

        private void Add(ReadOnlySpan<char> unit, bool sentence)
        {
            Tags.Add(TagPool.Get(unit));
            Sentences.Add(sentence);
        }
    }
}

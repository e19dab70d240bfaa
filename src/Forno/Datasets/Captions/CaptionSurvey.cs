using Forno.Datasets.Import;
using Forno.Files;
using Forno.Text;

namespace Forno.Datasets.Captions;

/// <summary>
/// Counts the tags of a caption set. Tags are told apart by their normal form and named as they are first written.
/// </summary>
internal sealed partial class CaptionSurvey
{
    /// <summary>The number of tags whose company is counted.</summary>
    private const int Companions = 160;

    // By the pool's number of a way of writing; those without one by their text.
    private TagEntry?[] byId = new TagEntry?[1024];
    private readonly Dictionary<string, TagEntry> byText = new(StringComparer.Ordinal);
    private readonly Dictionary<string, TagEntry> byNormal = new(StringComparer.Ordinal);
    private readonly Dictionary<string, FolderEntry> folders = new(StringComparer.Ordinal);
    private readonly List<TagEntry> entries = [];
    private readonly List<int[]> captions = [];

    private CaptionSurvey(
        IReadOnlyList<CaptionedPicture> pictures,
        int from,
        int to,
        CaptionReportOptions options,
        TokenCounts? tokens
    )
    {
        HasTokens = tokens is not null;
        var here = new List<int>();
        FolderEntry? folder = null;
        for (int i = from; i < to; i++)
        {
            var picture = pictures[i];
            if (options.Where is { } where && !where.Matches(picture.Caption ?? CaptionText.Empty))
            {
                continue;
            }

            Pictures++;
            // Pictures come by path, so mostly folder by folder.
            string path = picture.Picture.Path;
            folder =
                folder is not null && path.AsSpan(0, Math.Max(0, path.LastIndexOf('/'))).SequenceEqual(folder.Name)
                    ? folder
                    : Folder(picture.Picture.Folder);
            folder.Pictures++;
            Note(picture);
            if (picture.Caption is not { } caption || caption.Pooled.Length == 0)
            {
                Bare.Add(picture);
                continue;
            }

            here.Clear();
            Read(caption, picture, options.KeepTokens, i, here);
            folder.Add(here, entries, caption.Pooled.Length);
            captions.Add([.. here]);
            if (tokens?.Of(caption) is { } count)
            {
                folder.MostTokens = Math.Max(folder.MostTokens, count);
                if (count > ClipTokenizer.ChunkLength)
                {
                    Long.Add((picture.Picture.Path, count));
                }
            }
        }
    }

    public int Pictures { get; private set; }

    public int Captions => captions.Count;

    public int Prose { get; private set; }

    public int Mixed { get; private set; }

    public int Repeating { get; private set; }

    public int SeveralLines { get; private set; }

    public int SpaceParted { get; private set; }

    public bool HasTokens { get; }

    public List<CaptionedPicture> Bare { get; } = [];

    public List<(string Picture, int Tokens)> Long { get; } = [];

    public Dictionary<TextEncoding, int> Encodings { get; } = [];

    public Dictionary<string, int> Extensions { get; } = new(StringComparer.OrdinalIgnoreCase);

    public IReadOnlyCollection<TagEntry> Tags => entries;

    public IEnumerable<FolderEntry> Folders => folders.Values.OrderBy(f => f.Name, StringComparer.Ordinal);

    /// <summary>
    /// Tags that stand in exactly the same captions, of those in <paramref name="least"/> captions or more.
    /// </summary>
    public IEnumerable<TagEntry[]> SameExtents(int least)
    {
        // Each caption has a random number of 128 bits; tags of the same captions have the same sum of them.
        return Tags.Where(t => t.Pictures >= least)
            .GroupBy(t => t.Extent)
            .Select(g => g.ToArray())
            .Where(g => g.Length > 1);
    }

    /// <summary>For the most frequent tags, the tags that stand with them most often.</summary>
    public IEnumerable<(TagEntry Tag, (TagEntry With, int Together)[] Most)> MostSeenWith(int most)
    {
        TagEntry[] top =
        [
            .. Tags.OrderByDescending(t => t.Pictures).ThenBy(t => t.Normal, StringComparer.Ordinal).Take(Companions),
        ];
        int[] rankOf = new int[entries.Count];
        Array.Fill(rankOf, -1);
        for (int i = 0; i < top.Length; i++)
        {
            rankOf[top[i].Index] = i;
        }

        int[] together = new int[top.Length * top.Length];
        var ranks = new List<int>();
        foreach (int[] caption in captions)
        {
            ranks.Clear();
            foreach (int tag in caption)
            {
                if (rankOf[tag] >= 0)
                {
                    ranks.Add(rankOf[tag]);
                }
            }

            foreach (int a in ranks)
            {
                foreach (int b in ranks)
                {
                    together[(a * top.Length) + b]++;
                }
            }
        }

        return top.Select(
            (tag, i) =>
                (
                    tag,
                    top.Select((with, j) => (with, Together: together[(i * top.Length) + j]))
                        .Where(w => w.with != tag && w.Together > 0)
                        .OrderByDescending(w => w.Together)
                        .ThenBy(w => w.with.Pictures)
                        .Take(most)
                        .ToArray()
                )
        );
    }

    private static ulong Mix(ulong x)
    {
        x += 0x9E3779B97F4A7C15;
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }

    private void Note(CaptionedPicture picture)
    {
        if (picture.File is { } file)
        {
            string extension = Path.GetExtension(file.Path);
            Extensions[extension] = Extensions.GetValueOrDefault(extension) + 1;
        }

        if (picture.Caption is { } caption)
        {
            Encodings[picture.Encoding] = Encodings.GetValueOrDefault(picture.Encoding) + 1;
            SeveralLines += caption.HasMoreLines ? 1 : 0;
            Prose += caption.IsProse ? 1 : 0;
            SpaceParted +=
                caption.Pooled.Length == 1
                && !caption.HasSeparator
                && !caption.IsProse
                && TagFile.Read(caption.Line, isTags: false) is not null
                    ? 1
                    : 0;
        }
    }

    private void Read(CaptionText caption, CaptionedPicture picture, int keepTokens, int number, List<int> here)
    {
        int kept = caption.HasSeparator ? caption.Kept : keepTokens;
        var (repeats, sentence) = (false, false);
        var pooled = caption.Pooled;
        var (a, b) = (Mix((ulong)number), Mix(~(ulong)number));
        for (int i = 0; i < pooled.Length; i++)
        {
            if (caption.IsSentence(i))
            {
                sentence = true;
                continue;
            }

            var tag = Entry(pooled[i]);
            if (tag.LastPicture == Pictures)
            {
                repeats = true;
                continue;
            }

            tag.LastPicture = Pictures;
            tag.Example ??= picture;
            tag.Pictures++;
            tag.Extent = (tag.Extent.A + a, tag.Extent.B + b);
            tag.AsTrigger += i < kept ? 1 : 0;
            here.Add(tag.Index);
        }

        Repeating += repeats ? 1 : 0;
        Mixed += sentence && !caption.IsProse ? 1 : 0;
    }

    private TagEntry Entry(PooledTag tag)
    {
        if ((uint)tag.Id < (uint)byId.Length && byId[tag.Id] is { } known)
        {
            return known;
        }

        if (tag.Id >= 0 || !byText.TryGetValue(tag.Text, out var entry))
        {
            if (!byNormal.TryGetValue(tag.Normal, out entry))
            {
                byNormal.Add(tag.Normal, entry = new TagEntry(tag.Text, tag.Normal, entries.Count));
                entries.Add(entry);
            }

            entry.Spell(tag.Text);
            if (tag.Id < 0)
            {
                byText.Add(tag.Text, entry);
            }
            else
            {
                if (tag.Id >= byId.Length)
                {
                    Array.Resize(ref byId, Math.Max(tag.Id + 1, byId.Length * 2));
                }

                byId[tag.Id] = entry;
            }
        }

        return entry;
    }

    private FolderEntry Folder(string name)
    {
        if (!folders.TryGetValue(name, out var folder))
        {
            folders.Add(name, folder = new FolderEntry(name));
        }

        return folder;
    }
}

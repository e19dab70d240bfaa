namespace Forno.Datasets.Captions;

/// <summary>A tag while it is counted.</summary>
internal sealed class TagEntry(string text, string normal, int index)
{
    private List<string>? others;

    /// <summary>Its place among the tags.</summary>
    public int Index { get; } = index;

    /// <summary>The sum of the random numbers of its captions.</summary>
    public (ulong A, ulong B) Extent { get; set; }

    public string Text { get; } = text;

    public string Normal { get; } = normal;

    public int Pictures { get; set; }

    public int AsTrigger { get; set; }

    /// <summary>In how many ways it is written.</summary>
    public int Spellings => 1 + (others?.Count ?? 0);

    public int LastPicture { get; set; }

    public int Folders { get; set; }

    public CaptionedPicture? Example { get; set; }

    public bool IsTrigger => AsTrigger == Pictures;

    /// <summary>Adds what another part of the set counted of it.</summary>
    public void Take(TagEntry part)
    {
        Pictures += part.Pictures;
        AsTrigger += part.AsTrigger;
        Extent = (Extent.A + part.Extent.A, Extent.B + part.Extent.B);
        Example ??= part.Example;
        Spell(part.Text);
        foreach (string way in part.others ?? [])
        {
            Spell(way);
        }
    }

    /// <summary>Notes a way of writing it.</summary>
    public void Spell(string way)
    {
        if (way != Text && others?.Contains(way) != true)
        {
            (others ??= []).Add(way);
        }
    }
}

/// <summary>A folder while its tags are counted.</summary>
internal sealed class FolderEntry(string name)
{
    private readonly Dictionary<int, int> counts = [];
    private List<TagEntry> tagsOf = [];

    public string Name { get; } = name;

    public int Pictures { get; set; }

    public int Captions { get; private set; }

    public long AllTags { get; private set; }

    public int MostTokens { get; set; }

    public IEnumerable<(TagEntry Tag, int Pictures)> Counts => counts.Select(c => (tagsOf[c.Key], c.Value));

    /// <summary>Adds what another part of the set counted of it.</summary>
    /// <param name="part">The same folder there.</param>
    /// <param name="entries">The tags here.</param>
    /// <param name="here">The numbers here of its tags.</param>
    public void Take(FolderEntry part, List<TagEntry> entries, int[] here)
    {
        tagsOf = entries;
        Pictures += part.Pictures;
        Captions += part.Captions;
        AllTags += part.AllTags;
        MostTokens = Math.Max(MostTokens, part.MostTokens);
        foreach (var (tag, count) in part.counts)
        {
            counts[here[tag]] = counts.GetValueOrDefault(here[tag]) + count;
        }
    }

    public void Add(List<int> tags, List<TagEntry> entries, int all)
    {
        tagsOf = entries;
        Captions++;
        AllTags += all;
        foreach (int tag in tags)
        {
            ref int count = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(
                counts,
                tag,
                out _
            );
            count++;
        }
    }
}

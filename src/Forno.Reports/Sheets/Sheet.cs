using Forno.Findings;
using Forno.Imaging;

namespace Forno.Reports.Sheets;

/// <summary>A word on a card that the page can be filtered by.</summary>
/// <param name="Kind">One word; cards with the same kind are filtered together.</param>
/// <param name="Level"><c>note</c>, <c>warning</c> or <c>bad</c>.</param>
/// <param name="Text">What stands behind it, shown when pointed at.</param>
internal sealed record SheetBadge(string Kind, string Level, string Text);

/// <summary>A marked part of a picture, in shares of its sides.</summary>
/// <param name="Left">From the left, 0 to 1.</param>
/// <param name="Top">From the top, 0 to 1.</param>
/// <param name="Width">0 to 1.</param>
/// <param name="Height">0 to 1.</param>
/// <param name="Kind"><c>lost</c> (hatched), <c>found</c> (outlined) or <c>kept</c> (outlined, the rest
/// dimmed).</param>
internal sealed record SheetArea(double Left, double Top, double Width, double Height, string Kind);

/// <summary>A thumbnail.</summary>
/// <param name="Webp">The picture as a WebP file.</param>
/// <param name="Width">Pixels across on the page.</param>
/// <param name="Height">Pixels down on the page.</param>
internal sealed record SheetPicture(byte[] Webp, int Width, int Height)
{
    /// <summary>A mask or other picture laid over it, as a WebP file; white shows.</summary>
    public byte[]? Overlay { get; init; }

    /// <summary>
    /// How it is laid over: empty = as light, <c>veil</c> = by its own alpha, lifted when pointed at.
    /// </summary>
    public string OverlayKind { get; init; } = "";

    /// <summary>Marked parts.</summary>
    public IReadOnlyList<SheetArea> Areas { get; init; } = [];

    /// <summary>A picture file as a thumbnail.</summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Pixels of its longer side.</param>
    /// <exception cref="FornoException">The file cannot be read.</exception>
    public static SheetPicture Of(string path, int side = 200)
    {
        using var small = Picture.Thumbnail(path, side);
        using Picture srgb = small.ToSrgb8();
        return new SheetPicture(srgb.EncodeWebp(80), srgb.Width, srgb.Height);
    }
}

/// <summary>One picture's place on a sheet.</summary>
internal sealed record SheetCard
{
    /// <summary>Its name; may hold anything that a file name may.</summary>
    public required string Name { get; init; }

    /// <summary>Lines below the name.</summary>
    public IReadOnlyList<string> Lines { get; init; } = [];

    /// <summary>What was found.</summary>
    public IReadOnlyList<SheetBadge> Badges { get; init; } = [];

    /// <summary>
    /// Makes the thumbnail, on any thread; null draws none, a <see cref="FornoException"/> is told in its place.
    /// </summary>
    public required Func<SheetPicture?> Picture { get; init; }
}

/// <summary>Cards that belong together.</summary>
/// <param name="Heading">Above them; empty for none.</param>
/// <param name="Note">Below the heading; empty for none.</param>
/// <param name="Cards">The cards.</param>
internal sealed record SheetSection(string Heading, string Note, IReadOnlyList<SheetCard> Cards);

/// <summary>A line of the table at the top.</summary>
/// <param name="Badge">What it is about.</param>
/// <param name="Effect">What it does.</param>
/// <param name="Remedies">What to do: alternatives.</param>
internal sealed record SheetFact(SheetBadge Badge, string Effect, params IReadOnlyList<Remedy> Remedies);

/// <summary>A whole sheet.</summary>
internal sealed record SheetPage
{
    /// <summary>The heading.</summary>
    public required string Title { get; init; }

    /// <summary>A sentence or two below it.</summary>
    public string Lead { get; init; } = "";

    /// <summary>What the remedies in the tables are about.</summary>
    public RemedyPlaces Places { get; init; } = RemedyPlaces.Unknown;

    /// <summary>The table at the top.</summary>
    public IReadOnlyList<SheetFact> Facts { get; init; } = [];

    /// <summary>What the badges of cards mean; folded away until asked for.</summary>
    public IReadOnlyList<SheetFact> Legend { get; init; } = [];

    /// <summary>The pictures.</summary>
    public required IReadOnlyList<SheetSection> Sections { get; init; }
}

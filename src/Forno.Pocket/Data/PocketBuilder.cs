using System.Security.Cryptography;
using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Files;
using Forno.Imaging;

namespace Forno.Pocket.Data;

/// <summary>How far the building of the Pocket data is.</summary>
/// <param name="Set">The art set at work.</param>
/// <param name="Done">Drawings of the set done.</param>
/// <param name="Total">Drawings in the set.</param>
public readonly record struct PocketProgress(string Set, int Done, int Total);

/// <summary>What was built.</summary>
/// <param name="Pictures">Pictures in the data file.</param>
/// <param name="PerSet">Pictures of each art set.</param>
/// <param name="Failures">Drawings that gave no picture: "set/icon: why".</param>
public sealed record PocketReport(
    int Pictures,
    IReadOnlyDictionary<string, int> PerSet,
    IReadOnlyList<string> Failures
);

/// <summary>Draws the art and writes the data file; reached through <see cref="PocketData.Build"/>.</summary>
internal static class PocketBuilder
{
    private const int Chunk = 128;

    // Of the drawings in a skin tone, one in this many stays: the words get known, the people do not outweigh the rest.
    private const int ToneShare = 12;

    // Names with this many spaces have one tag at most, so that no caption passes 39 tokens.
    private const int LongName = 6;

    // Share of pixels that must differ from the white ground.
    private const double LeastInk = 0.005;

    public static PocketReport Build(
        string assets,
        IReadOnlySet<string> heldOut,
        string folder,
        IProgress<PocketProgress>? progress,
        CancellationToken stop
    )
    {
        var names = new EmojiNames(Path.Combine(assets, "emojibase-data"));
        Dictionary<string, IReadOnlyDictionary<string, string>> characters = [];
        foreach (ArtSet art in ArtSet.All)
        {
            var set = IconSet.Read(Path.Combine(assets, art.Name));
            characters[art.Name] = set.Characters;
            names.Learn(set);
        }

        Directory.CreateDirectory(folder);
        var records = new List<PocketRecord>();
        var failures = new List<string>();
        var pictures = new List<byte[]>();
        foreach (ArtSet art in ArtSet.All)
        {
            // Read again rather than kept: the largest set has 100 MB of drawings.
            var set = IconSet.Read(Path.Combine(assets, art.Name));
            Draw(
                art,
                set.Icons,
                Choose(art, set, characters, names, heldOut),
                pictures,
                records,
                failures,
                progress,
                stop
            );
        }

        Save(folder, records, pictures);

        return new PocketReport(
            records.Count,
            records.GroupBy(r => r.Set).ToDictionary(g => g.Key, g => g.Count()),
            failures
        );
    }

    // The drawings of a set that become pictures, with descriptions that lack their colours yet.
    internal static List<(Icon Icon, PocketRecord Record)> Choose(
        ArtSet art,
        IconSet set,
        Dictionary<string, IReadOnlyDictionary<string, string>> characters,
        EmojiNames names,
        IReadOnlySet<string> heldOut
    )
    {
        IReadOnlyDictionary<string, string> own =
            set.Characters.Count > 0 || art.CharactersOf is null ? set.Characters : characters[art.CharactersOf];
        var chosen = new List<(Icon, PocketRecord)>();
        foreach (Icon icon in set.Icons)
        {
            Emoji? emoji = names.Find(icon.Name, own);
            bool left = emoji is null
                ? icon.Name.Contains("flag", StringComparison.Ordinal)
                    || icon.Name.Contains("skin-tone", StringComparison.Ordinal)
                : emoji.GroupNumber is < 0 or EmojiNames.Components or EmojiNames.Flags
                    || (emoji.Toned && StableHash(art.Name + icon.Name) % ToneShare != 0);
            if (left)
            {
                continue;
            }

            string name = emoji?.Name ?? names.Words(icon.Name);
            bool held = heldOut.Contains(name);
            chosen.Add(
                (
                    icon,
                    new PocketRecord
                    {
                        Set = art.Name,
                        Icon = icon.Name,
                        Concept = emoji?.Concept ?? name,
                        Name = name,
                        Tags =
                            emoji is null ? []
                            : name.Count(c => c == ' ') < LongName ? emoji.Tags
                            : emoji.Tags[..Math.Min(1, emoji.Tags.Length)],
                        Group = emoji?.Group ?? "",
                        Subgroup = emoji?.Subgroup ?? "",
                        Colours = [],
                        Style = art.Style,
                        Split = (art.HeldOut, held) switch
                        {
                            (false, false) => PocketSplit.Training,
                            (false, true) => PocketSplit.HeldOutConcept,
                            (true, false) => PocketSplit.HeldOutStyle,
                            _ => PocketSplit.HeldOutBoth,
                        },
                    }
                )
            );
        }

        return chosen;
    }

    private static void Draw(
        ArtSet art,
        IReadOnlyList<Icon> icons,
        List<(Icon Icon, PocketRecord Record)> chosen,
        List<byte[]> pictures,
        List<PocketRecord> records,
        List<string> failures,
        IProgress<PocketProgress>? progress,
        CancellationToken stop
    )
    {
        if (icons.Count > 0 && chosen.Count == 0)
        {
            throw new FornoException(
                $"{art.Name}: none of its {icons.Count} drawings can be used; fetch the package again"
            );
        }

        byte[][] planes = new byte[Chunk][];
        var outcomes = new (string[]? Colours, string? Failure)[Chunk];
        for (int start = 0; start < chosen.Count; start += Chunk)
        {
            int count = Math.Min(Chunk, chosen.Count - start);
            Parallel.For(
                0,
                count,
                new ParallelOptions { CancellationToken = stop },
                i =>
                {
                    planes[i] = new byte[PocketData.PictureBytes];
                    outcomes[i] = Draw(art, chosen[start + i].Icon, planes[i]);
                }
            );
            for (int i = 0; i < count; i++)
            {
                if (outcomes[i].Colours is { } colours)
                {
                    pictures.Add(planes[i]);
                    records.Add(chosen[start + i].Record with { Colours = colours });
                }
                else
                {
                    failures.Add(outcomes[i].Failure!);
                }
            }

            progress?.Report(new PocketProgress(art.Name, start + count, chosen.Count));
        }
    }

    // Draws one icon into planes [3, 128, 128] on white.
    internal static (string[]? Colours, string? Failure) Draw(ArtSet art, Icon icon, byte[] planes)
    {
        const int Side = PocketData.Side;
        string source = $"{art.Name}/{icon.Name}";
        try
        {
            using var drawing = Picture.LoadSvg(icon.Svg(Side), Side, source);
            if (drawing.Width != Side || drawing.Height != Side || drawing.Bands != 4)
            {
                return (null, $"{source}: drawn as {drawing.Width}×{drawing.Height} with {drawing.Bands} channels");
            }

            using Picture flat = drawing.Flatten(Rgb.White);
            byte[] pixels = flat.ToArray();
            int ink = 0;
            for (int i = 0; i < Side * Side; i++)
            {
                byte r = pixels[3 * i],
                    g = pixels[(3 * i) + 1],
                    b = pixels[(3 * i) + 2];
                planes[i] = r;
                planes[i + (Side * Side)] = g;
                planes[i + (2 * Side * Side)] = b;
                ink += Math.Min(r, Math.Min(g, b)) < 240 ? 1 : 0;
            }

            return ink < LeastInk * Side * Side
                ? (null, $"{source}: blank")
                : (ColourWords.Measure(drawing.ToArray()), null);
        }
        catch (FornoException e)
        {
            return (null, e.Message);
        }
    }

    private static void Save(string folder, List<PocketRecord> records, List<byte[]> pictures)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] picture in pictures)
        {
            hash.AppendData(picture);
        }

        SafetensorsWriter.Write(
            Path.Combine(folder, PocketData.PicturesFile),
            [
                new TensorToWrite(
                    PocketData.PicturesTensor,
                    ElementType.U8,
                    [pictures.Count, 3, PocketData.Side, PocketData.Side],
                    stream => pictures.ForEach(p => stream.Write(p))
                ),
            ]
        );
        var sidecar = new PocketSidecar(Convert.ToHexStringLower(hash.GetHashAndReset()), records);
        AtomicFile.WriteBytes(
            Path.Combine(folder, PocketData.RecordsFile),
            JsonSerializer.SerializeToUtf8Bytes(sidecar, PocketData.Json)
        );
    }

    internal static uint StableHash(string text) =>
        BitConverter.ToUInt32(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));
}

/// <summary>The JSON beside the pictures.</summary>
/// <param name="PicturesSha256">SHA-256 of all pixels, lower-case hexadecimal: names the data in caches.</param>
/// <param name="Records">One a picture, in order.</param>
internal sealed record PocketSidecar(string PicturesSha256, List<PocketRecord> Records);

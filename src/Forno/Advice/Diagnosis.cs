using Forno.Findings;

namespace Forno.Advice;

/// <summary>How much a finding harms.</summary>
public enum Harm
{
    /// <summary>Good to know.</summary>
    Note,

    /// <summary>Likely to make the LoRA worse.</summary>
    Worse,

    /// <summary>Spoils pictures or the set.</summary>
    Spoils,

    /// <summary>The training fails, or learns something else than what is wanted.</summary>
    Stops,
}

/// <summary>A finding with its rank.</summary>
/// <param name="Harm">How much it harms.</param>
/// <param name="From">What found it: files, configuration, captions, triggers, plan, pictures.</param>
/// <param name="Finding">The finding.</param>
public sealed record Diagnosis(Harm Harm, string From, Finding Finding)
{
    /// <summary>The kinds of the top class: <c>forno doctor --strict</c> fails on any of them.</summary>
    public static IReadOnlyList<FindingKind> TopKinds { get; } =
    [
        FindingKind.NoCaptions,
        FindingKind.CaptionExtension,
        FindingKind.RegOverlap,
        FindingKind.MaskNames,
        FindingKind.EmptyFolder,
    ];

    /// <summary>
    /// Gathers findings: worst first, within a class in the order of sources. What two sources found alike (by its
    /// kind) is reported once, by the first; of a set without captions nothing else is said about captions that
    /// are missing.
    /// </summary>
    /// <param name="sources">Sources by name, in order.</param>
    public static IReadOnlyList<Diagnosis> Gather(IEnumerable<(string From, IReadOnlyList<Finding> Findings)> sources)
    {
        var all = new List<Diagnosis>();
        var told = new HashSet<FindingKind>();
        foreach (var (from, findings) in sources)
        {
            HashSet<FindingKind> before = [.. told];
            foreach (Finding finding in findings)
            {
                if (!before.Contains(Alias(finding.Kind)))
                {
                    told.Add(Alias(finding.Kind));
                    all.Add(new Diagnosis(HarmOf(finding), from, finding));
                }
            }
        }

        return [.. all.OrderByDescending(d => d.Harm)]; // stable
    }

    private static Harm HarmOf(Finding finding) =>
        TopKinds.Contains(finding.Kind)
            ? Harm.Stops
            : finding.Level switch
            {
                FindingLevel.Bad => Harm.Spoils,
                FindingLevel.Warning => Harm.Worse,
                _ => Harm.Note,
            };

    // Several rooms report captions that are missing.
    private static FindingKind Alias(FindingKind kind) =>
        kind == FindingKind.CaptionsMissing || kind == FindingKind.NoCaption ? FindingKind.NoCaptions : kind;
}

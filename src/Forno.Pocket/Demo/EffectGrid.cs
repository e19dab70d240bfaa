using Forno.Generation.Grids;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Pocket.Measures;

namespace Forno.Pocket.Demo;

/// <summary>Pairs drawn without and with an adapter, on one labelled sheet.</summary>
public static class EffectGrid
{
    private const int PairsInRow = 5;

    /// <summary>Lays pairs out: five a row, the bare model above, the adapter below.</summary>
    /// <param name="pairs">At least one.</param>
    /// <param name="trigger">The words that all prompts share.</param>
    public static Picture Draw(IReadOnlyList<ShiftPair> pairs, string trigger) =>
        PictureGrid.Draw(
            $"the same seeds without and with the LoRA: “…, {trigger}”",
            [
                .. pairs
                    .Chunk(PairsInRow)
                    .Select(row => new GridSection(
                        "",
                        [.. row.Select(p => p.Name)],
                        ["without", "with"],
                        [
                            [.. row.Select(p => p.Before)],
                            [.. row.Select(p => p.After)],
                        ]
                    )),
            ]
        );

    /// <summary>
    /// Prompts side by side instead of one below the other: a row an epoch, a column a prompt and weight.
    /// </summary>
    /// <param name="sections">A section a prompt, all with the same rows.</param>
    /// <param name="names">What stands above each prompt's columns.</param>
    public static GridSection Join(IReadOnlyList<GridSection> sections, IReadOnlyList<string> names) =>
        new(
            "",
            [.. sections.SelectMany((s, i) => s.Columns.Select(c => $"{names[i]}\n{c}"))],
            sections[0].Rows,
            [
                .. sections[0]
                    .Rows.Select(
                        (_, row) => (IReadOnlyList<GeneratedPicture>)[.. sections.SelectMany(s => s.Cells[row])]
                    ),
            ]
        );
}

using System.Text;

namespace Forno.Cli;

/// <summary>What Forno says of itself.</summary>
internal static class Overview
{
    /// <summary>The overview for <c>forno</c> alone, or with all commands for <c>forno --help</c>.</summary>
    /// <param name="brief">Without the table of commands.</param>
    /// <returns>Text without a final line break.</returns>
    public static string Text(bool brief)
    {
        StringBuilder text = new();
        text.Append("Forno ")
            .Append(Product.Version)
            .Append(
                """
                 bakes LoRAs for Stable Diffusion and draws with them.
                A folder of pictures goes in; a tested LoRA that A1111, ComfyUI and kohya's tools load comes out.
                No Python, and no download to begin with: a small base model comes with it.

                Begin with:
                  forno demo      bakes a LoRA on the small base model in a few minutes and shows what it learnt
                  forno doctor    says whether this machine has all that Forno needs
                """
            );
        if (brief)
        {
            return text.Append("\n\nAll commands: forno --help").ToString();
        }

        text.Append("\n\nCommands:\n");
        (string Name, string Summary)[] all =
        [
            .. CommandRegistry.All.Values.Select(e => (e.Name, e.Summary)),
            .. CommandRegistry.Launched,
        ];
        int width = all.Max(entry => entry.Name.Length);
        foreach ((string name, string summary) in all.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            text.Append("  ").Append(name.PadRight(width + 3)).Append(summary).Append('\n');
        }

        return text.Append("\nforno COMMAND --help tells a command's options, with examples.").ToString();
    }
}

using System.Text;
using Forno.App.Commands;

namespace Forno.App;

/// <summary>What Forno says of itself.</summary>
internal static class Overview
{
    /// <summary>The overview for <c>forno</c> alone, or with all commands for <c>forno --help</c>.</summary>
    /// <param name="brief">Without the table of commands.</param>
    /// <returns>Text without a final line break.</returns>
    public static string Text(bool brief)
    {
        StringBuilder text = new();
        text.Append("Forno ").Append(Product.Version).Append(
            """
             bakes LoRAs for Stable Diffusion and draws with them.
            A folder of pictures goes in; a tested LoRA that A1111, ComfyUI and kohya's tools load comes out.
            No Python, and no download to begin with: a small base model comes with it.

            Begin with:
              forno demo      bakes a LoRA on the small base model in a few minutes and shows what it learnt
              forno doctor    says whether this machine has all that Forno needs
            """);
        if (brief)
        {
            return text.Append("\n\nAll commands: forno --help").ToString();
        }

        text.Append("\n\nCommands:\n");
        int width = CommandRegistry.All.Keys.Max(name => name.Length);
        foreach (CommandEntry entry in CommandRegistry.All.Values.OrderBy(e => e.Name, StringComparer.Ordinal))
        {
            text.Append("  ").Append(entry.Name.PadRight(width + 3)).Append(entry.Summary).Append('\n');
        }

        return text.Append("\nforno COMMAND --help tells a command's options, with examples.").ToString();
    }
}

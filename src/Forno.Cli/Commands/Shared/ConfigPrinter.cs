using Forno.Reports;
using Forno.Studio;

namespace Forno.Cli.Commands.Shared;

/// <summary>Training configurations that were written beside a change.</summary>
internal static class ConfigPrinter
{
    /// <summary>Prints a line each.</summary>
    public static void Print(TextWriter to, IEnumerable<ConfigWritten> all)
    {
        foreach (ConfigWritten one in all)
        {
            to.WriteLine(
                one.Copy is { } copy
                    ? $"wrote {Wording.Shown(one.File)}: {one.What} (its old text: "
                        + $"{Wording.Shown(Path.GetFileName(copy))})"
                    : $"would write {Wording.Shown(one.File)}: {one.What}"
            );
        }
    }
}

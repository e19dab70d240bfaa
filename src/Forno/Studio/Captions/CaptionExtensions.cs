using Forno.Kohya;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>Which extension captions have, by what is asked for and what the trainer will read.</summary>
public static class CaptionExtensions
{
    /// <summary>
    /// The caption's extension that is asked for, else the one that the trainer will read, if most captions have it: a
    /// configuration that forgets <c>caption_extension</c> does not hide them.
    /// </summary>
    /// <param name="asked">The extension that is asked for, or null.</param>
    /// <param name="config">The training configuration, or null.</param>
    /// <param name="folder">The pictures.</param>
    public static string? Of(string? asked, ConfigEdit? config, PictureFolder folder) =>
        asked ?? (Trained(config) is { } trained && IsUsual(trained, folder) ? trained : null);

    /// <summary>
    /// An extension of captions to look for besides the usual ones: the one that is asked for, or the configuration's.
    /// </summary>
    /// <param name="asked">The extension that is asked for, or null.</param>
    /// <param name="config">The training configuration, or null.</param>
    public static string? Further(string? asked, ConfigEdit? config) => asked ?? Trained(config);

    private static bool IsUsual(string extension, PictureFolder folder)
    {
        PictureItem[] captioned = [.. folder.Pictures.Where(p => p.Captions.Count > 0)];
        return captioned.Length > 0
            && captioned.Count(p => p.Captions.Any(c => c.Path.EndsWith(extension, StringComparison.OrdinalIgnoreCase)))
                * 2
                > captioned.Length;
    }

    // What all folders that are trained agree on.
    private static string? Trained(ConfigEdit? config)
    {
        if (config is null)
        {
            return null;
        }

        string[] all;
        try
        {
            all = [.. config.Folders.Where(f => !f.IsReg).Select(f => f.CaptionExtension).Distinct()];
        }
        catch (FornoException)
        {
            all = []; // a folder that is absent: reported by whoever needs it
        }

        return all.Length > 0
            ? all.Length == 1
                ? all[0]
                : null
            : config.Args["caption_extension"] is string { Length: > 0 } said
                ? Workspace.PictureFiles.CaptionExtension(said)
                : null;
    }
}

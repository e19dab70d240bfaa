using Forno.Datasets.Captions;

namespace Forno.Datasets.Crops;

/// <summary>Captions of crops: the picture's own, with the tag of the shot.</summary>
public static class ShotCaption
{
    /// <summary>
    /// Sets the shot tag: in the place of the first one that is there (the others go), else behind the kept tags.
    /// Sentences stay behind it. Underscores are written where the caption's other tags have them.
    /// </summary>
    /// <param name="text">The caption.</param>
    /// <param name="shot">The shot.</param>
    /// <param name="keepTokens">How many tags stay in front, where no <c>|||</c> says it.</param>
    public static string Set(string text, Shot shot, int keepTokens)
    {
        var caption = CaptionText.Parse(text);
        string[] told = [.. caption.Tags.Where(t => !IsShot(t))];
        string tag =
            told.Any(t => t.Contains('_', StringComparison.Ordinal))
            && !told.Any(t => t.Contains(' ', StringComparison.Ordinal))
                ? shot.Tag.Replace(' ', '_')
                : shot.Tag;
        var tags = new List<string>();
        int kept = caption.Kept;
        foreach (string old in caption.Tags)
        {
            bool isShot = IsShot(old);
            if (!isShot || !tags.Contains(tag))
            {
                tags.Add(isShot ? tag : old);
            }
            else if (tags.Count < kept)
            {
                kept--; // a shot tag among the kept ones goes
            }
        }

        if (!tags.Contains(tag))
        {
            int plain = 0;
            while (plain < caption.Tags.Count && !caption.IsSentence(plain))
            {
                plain++;
            }

            tags.Insert(caption.HasSeparator ? kept : Math.Min(plain, keepTokens), tag);
        }

        return caption.With(tags, caption.HasSeparator ? kept : null).ToString();
    }

    private static bool IsShot(string tag) =>
        Shot.Tags.Contains(tag.Trim().Replace('_', ' '), StringComparer.OrdinalIgnoreCase);
}

using System.Text;
using Forno.Datasets.Captions;

namespace Forno.Datasets.Triggers;

/// <summary>
/// Captions of several lines, of which the trainer draws one (<c>enable_wildcard</c>): what is done to one is done to
/// all.
/// </summary>
internal static class CaptionLines
{
    /// <summary>The caption with each of its lines changed; blank ones and line ends stay.</summary>
    public static CaptionText Each(CaptionText caption, Func<CaptionText, CaptionText> change)
    {
        if (!caption.HasMoreLines)
        {
            return change(caption);
        }

        string text = caption.ToString();
        var built = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; )
        {
            int end = text.IndexOfAny(['\r', '\n'], at);
            end = end < 0 ? text.Length : end;
            string line = text[at..end];
            built.Append(string.IsNullOrWhiteSpace(line) ? line : change(CaptionText.Parse(line)).ToString());
            for (at = end; at < text.Length && text[at] is '\r' or '\n'; at++)
            {
                built.Append(text[at]);
            }
        }

        return built.ToString() is var changed && changed == text ? caption : CaptionText.Parse(changed);
    }
}

using System.Globalization;
using System.Text;
using Forno.Files;

namespace Forno.Data;

/// <summary>Captions: reading their files, and processing them on every draw as kohya's trainer does.</summary>
public static class Caption
{
    /// <summary>
    /// The caption of a picture: the first line of the file beside it, trimmed, or with <paramref name="wildcard"/> all
    /// its lines that are not blank. For names as <c>face_1_2_3_4.png</c> the file without the four numbers serves too.
    /// </summary>
    /// <param name="imagePath">The picture's path.</param>
    /// <param name="extension">The caption file's extension with its dot.</param>
    /// <param name="wildcard"><c>enable_wildcard</c>.</param>
    /// <returns>The caption, or null if there is no file.</returns>
    /// <exception cref="FornoException">The file is empty or not text.</exception>
    public static string? Read(string imagePath, string extension, bool wildcard)
    {
        string? path = FindFile(imagePath, extension);
        if (path is null)
        {
            return null;
        }

        string text = ReadText(path);
        if (text.Length == 0)
        {
            throw new FornoException(
                $"{path}: the caption file is empty; write a caption into it, or delete it to use the "
                    + "folder's class tokens"
            );
        }

        string[] lines = Lines(text);
        return wildcard
            ? string.Join('\n', lines.Select(PyText.Strip).Where(l => l.Length > 0))
            : PyText.Strip(lines[0]);
    }

    /// <summary>The caption file that belongs to a picture, or null if there is none.</summary>
    public static string? FindFile(string imagePath, string extension)
    {
        string bare = imagePath[..^Path.GetExtension(imagePath).Length];
        if (File.Exists(bare + extension))
        {
            return bare + extension;
        }

        if (LenderOf(Path.GetFileName(bare)) is not { } lender)
        {
            return null;
        }

        string shared = Path.Combine(Path.GetDirectoryName(bare) ?? "", lender + extension);
        return File.Exists(shared) ? shared : null;
    }

    /// <summary>
    /// The name whose caption file serves a picture that has none of its own: the picture's name without the last four
    /// of at least five parts between underscores, <c>face</c> for <c>face_1_2_3_4</c>.
    /// </summary>
    /// <param name="stem">The picture's name without folder and extension.</param>
    /// <returns>Null if the name has fewer parts.</returns>
    public static string? LenderOf(string stem)
    {
        int end = stem.Length;
        for (int part = 0; part < 4; part++)
        {
            end = end > 0 ? stem.LastIndexOf('_', end - 1) : -1;
            if (end < 0)
            {
                return null;
            }
        }

        return stem[..end];
    }

    /// <summary>Reads a small text file: UTF-8 with or without byte order mark, or UTF-16 with one.</summary>
    /// <exception cref="FornoException">Unreadable, or in another encoding.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return EncodedText.Decode(File.ReadAllBytes(path), out _)
                ?? throw new FornoException($"{path}: neither UTF-8 nor UTF-16 text; save it as UTF-8");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FornoException($"{path}: cannot be read: {e.Message}", e);
        }
    }

    /// <summary>
    /// How often each tag stands in the captions: split at commas, trimmed, lower-cased, empty ones left out.
    /// </summary>
    public static Dictionary<string, int> TagFrequency(IEnumerable<string> captions)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string? tag in captions.SelectMany(c => c.Split(',')).Select(PyText.Strip).Where(t => t.Length > 0))
        {
            string key = tag.ToLowerInvariant();
            counts[key] = counts.GetValueOrDefault(key) + 1;
        }

        return counts;
    }

    /// <summary>Makes the caption of one draw, in the order of kohya's <c>process_caption</c>.</summary>
    /// <param name="caption">The caption as read.</param>
    /// <param name="rules">The subset's rules.</param>
    /// <param name="state">Where training stands.</param>
    /// <param name="choices">The draw's own random choices.</param>
    public static string Process(string caption, CaptionRules rules, CaptionState state, IChoices choices)
    {
        if (!string.IsNullOrEmpty(rules.Prefix))
        {
            caption = rules.Prefix + " " + caption;
        }

        if (!string.IsNullOrEmpty(rules.Suffix))
        {
            caption = caption + " " + rules.Suffix;
        }

        if (
            (rules.DropoutRate > 0 && choices.Unit() < rules.DropoutRate)
            || (rules.DropoutEveryNEpochs > 0 && state.Epoch % rules.DropoutEveryNEpochs == 0)
        )
        {
            return "";
        }

        caption = rules.Wildcard ? Wildcards(caption, choices) : caption.Split('\n')[0];
        if (rules.Shuffle || rules.WarmupStep > 0 || rules.TagDropoutRate > 0)
        {
            caption = Tags(caption, rules, state, choices);
        }

        return string.IsNullOrEmpty(rules.SecondarySeparator)
            ? caption
            : caption.Replace(rules.SecondarySeparator, rules.Separator, StringComparison.Ordinal);
    }

    /// <summary>Picks one line, then one option of every <c>{a|b}</c>; doubled braces stand for themselves.</summary>
    private static string Wildcards(string caption, IChoices choices)
    {
        string[] lines = caption.Split('\n');
        string line = lines.Length > 1 ? lines[choices.Below(lines.Length)] : caption;

        // doubled braces become private marks that no text contains, so that a single brace is one character
        const char open = '\uFDD0',
            close = '\uFDD1';
        line = line.Replace("{{", open.ToString(), StringComparison.Ordinal)
            .Replace("}}", close.ToString(), StringComparison.Ordinal);
        var built = new StringBuilder();
        for (int at = 0; at < line.Length; )
        {
            int end = line[at] == '{' ? line.IndexOf('}', at) : -1;
            if (end > at + 1)
            {
                string[] options = line[(at + 1)..end].Split('|');
                built.Append(options.Length > 1 ? options[choices.Below(options.Length)] : options[0]);
                at = end + 1;
            }
            else
            {
                built.Append(line[at++]);
            }
        }

        return built.Replace(open, '{').Replace(close, '}').ToString();
    }

    private static string Tags(string caption, CaptionRules rules, CaptionState state, IChoices choices)
    {
        List<string> before = [],
            tags,
            after = [];
        int at = string.IsNullOrEmpty(rules.KeepTokensSeparator)
            ? -1
            : caption.IndexOf(rules.KeepTokensSeparator, StringComparison.Ordinal);
        if (at >= 0)
        {
            string[] parts = caption.Split(rules.KeepTokensSeparator, 3);
            before = Split(parts[0], rules, keepEmpty: false);
            tags = Split(parts[1], rules, keepEmpty: false);
            after = parts.Length == 3 ? Split(parts[2], rules, keepEmpty: false) : [];
        }
        else
        {
            tags = Split(PyText.Strip(caption), rules, keepEmpty: true);
            int kept = Math.Clamp(rules.KeepTokens, 0, tags.Count);
            before = tags[..kept];
            tags = tags[kept..];
        }

        double warmup = rules.WarmupStep < 1 ? Math.Floor(rules.WarmupStep * state.TotalSteps) : rules.WarmupStep;
        if (warmup > 0 && state.Step < warmup)
        {
            int count = (int)Math.Floor(state.Step * ((tags.Count - rules.WarmupMin) / warmup)) + rules.WarmupMin;
            tags = tags[..Math.Clamp(count, 0, tags.Count)];
        }

        if (rules.Shuffle)
        {
            choices.Shuffle(tags);
        }

        if (rules.TagDropoutRate > 0)
        {
            tags.RemoveAll(_ => choices.Unit() < rules.TagDropoutRate);
        }

        return string.Join(", ", [.. before, .. tags, .. after]);
    }

    private static List<string> Split(string text, CaptionRules rules, bool keepEmpty)
    {
        if (rules.Separator.Length == 0)
        {
            throw new FornoException("caption_separator must not be empty; its default is \",\"");
        }

        return [.. text.Split(rules.Separator).Select(PyText.Strip).Where(t => keepEmpty || t.Length > 0)];
    }

    private static string[] Lines(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n').Split('\n');
}

/// <summary>Text rules of Python that captions and folder names are read by.</summary>
internal static class PyText
{
    /// <summary>Removes white space at both ends; four control characters count as such too.</summary>
    public static string Strip(string text)
    {
        var (start, end) = (0, text.Length);
        while (start < end && IsSpace(text[start]))
        {
            start++;
        }

        while (end > start && IsSpace(text[end - 1]))
        {
            end--;
        }

        return text[start..end];
    }

    /// <summary>
    /// An integer as Python's <c>int()</c> reads it: white space around, a sign, any script's decimal digits.
    /// </summary>
    public static bool TryInteger(string text, out long value)
    {
        string stripped = Strip(text);
        var digits = new StringBuilder();
        for (int i = 0; i < stripped.Length; i++)
        {
            int digit = char.IsDigit(stripped, i) ? CharUnicodeInfo.GetDecimalDigitValue(stripped, i) : -1;
            if (digit >= 0)
            {
                digits.Append((char)('0' + digit));
                i += char.IsSurrogatePair(stripped, i) ? 1 : 0;
            }
            else if (i == 0 && stripped[0] is '+' or '-')
            {
                digits.Append(stripped[0]);
            }
            else
            {
                value = 0;
                return false;
            }
        }

        return long.TryParse(digits.ToString(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);
    }

    private static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F';
}

using System.Globalization;
using System.Numerics;
using Forno.Generation.Requests;

namespace Forno.Kohya;

/// <summary>A line of a file of sample prompts.</summary>
/// <param name="Request">What to draw.</param>
/// <param name="Seed">Its seed, if the line gives one.</param>
public sealed record SamplePrompt(GenerateRequest Request, ulong? Seed);

/// <summary>
/// kohya's file of sample prompts: a prompt a line, options behind it (<c>--n</c> negative prompt, <c>--w</c> and
/// <c>--h</c> size, <c>--d</c> seed, <c>--s</c> steps, <c>--l</c> guidance, <c>--ss</c> sampler); # begins a remark.
/// </summary>
public static class SamplePrompts
{
    private const string Valid = "--n --w --h --d --s --l --ss";

    /// <summary>Reads a file.</summary>
    /// <param name="path">A text file; kohya's TOML and JSON forms are not read.</param>
    /// <param name="sampler">The sampler of lines that name none (<c>sample_sampler</c>).</param>
    /// <exception cref="FornoException">Not there, of another form, or a line has an option that is not
    /// known.</exception>
    public static IReadOnlyList<SamplePrompt> Read(string path, string sampler)
    {
        if (Path.GetExtension(path).ToLowerInvariant() is ".toml" or ".json")
        {
            throw FornoException.ForFile(
                path,
                "sample prompts in TOML or JSON are not yet supported",
                "Write them as text, a prompt a line."
            );
        }
        if (!File.Exists(path))
        {
            throw FornoException.ForFile(
                path,
                "there is no such file of sample prompts",
                "Set sample_prompts to an existing one."
            );
        }

        SamplePrompt[] prompts =
        [
            .. File.ReadLines(path)
                .Select(l => l.Trim())
                .Where(l => l.Length > 0 && l[0] != '#')
                .Select(l => Parse(l, path, sampler)),
        ];
        return prompts.Length > 0
            ? prompts
            : throw FornoException.ForFile(path, "there is no prompt in it", "Write one a line.");
    }

    /// <summary>Reads a line.</summary>
    /// <param name="line">The line.</param>
    /// <param name="origin">The file, for errors.</param>
    /// <param name="sampler">The sampler if the line names none.</param>
    public static SamplePrompt Parse(string line, string origin, string sampler)
    {
        string[] parts = line.Split(" --");
        // kohya's defaults.
        var request = new GenerateRequest
        {
            Prompt = parts[0],
            Width = 512,
            Height = 512,
            Steps = 30,
            CfgScale = 7.5,
            Sampler = sampler,
        };
        ulong? seed = null;
        foreach (string part in parts[1..])
        {
            int space = part.IndexOf(' ', StringComparison.Ordinal);
            (string name, string value) = space < 0 ? (part, "") : (part[..space], part[(space + 1)..].Trim());
            switch (name.ToLowerInvariant())
            {
                case "n":
                    request = request with { NegativePrompt = value };
                    break;
                case "w":
                    request = request with { Width = Side(value) };
                    break;
                case "h":
                    request = request with { Height = Side(value) };
                    break;
                case "d":
                    seed = Number<ulong>(value);
                    break;
                case "s":
                    request = request with { Steps = Number<int>(value) };
                    break;
                case "l":
                    request = request with { CfgScale = Number<double>(value) };
                    break;
                case "ss":
                    request = request with { Sampler = value };
                    break;
                default:
                    throw FornoException.ForFile(
                        origin,
                        $"option --{name} of a sample prompt is not supported",
                        $"Valid: {Valid}."
                    );
            }

            T Number<T>(string text)
                where T : INumberBase<T> =>
                T.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out T? number)
                    ? number
                    : throw FornoException.ForFile(
                        origin,
                        $"--{name} {text} in a sample prompt is not a number",
                        "Correct the line."
                    );

            int Side(string text) => Math.Max(64, Number<int>(text) / 8 * 8);
        }

        request.Validate();
        return new SamplePrompt(request, seed);
    }
}

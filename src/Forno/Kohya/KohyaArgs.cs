using System.Globalization;
using Forno.Files;
using Forno.Kohya.Options;
using Forno.Toml;

namespace Forno.Kohya;

/// <summary>
/// The effective value of every training option: kohya's defaults, then a configuration file, then the command line.
/// Values are bool, long, double, string, <c>List&lt;object&gt;</c> or null.
/// </summary>
public sealed class KohyaArgs
{
    private readonly Dictionary<string, object?> values;
    private readonly Dictionary<string, string> given = new(StringComparer.Ordinal);
    private readonly List<(string Name, string Where)> unknown = [];

    private KohyaArgs(bool? sdxl) =>
        values = KohyaOptions
            .All.Values.Where(o => Offered(o, sdxl))
            .ToDictionary(o => o.Name, o => o.Default, StringComparer.Ordinal);

    /// <summary>The effective values by name.</summary>
    public IReadOnlyDictionary<string, object?> Values => values;

    /// <summary>Where each option that was given stands: "config.toml line 12" or "the command line".</summary>
    public IReadOnlyDictionary<string, string> Given => given;

    /// <summary>Names that no option has (kohya ignores them silently), with where they stand.</summary>
    public IReadOnlyList<(string Name, string Where)> Unknown => unknown;

    /// <summary>The effective value of an option.</summary>
    public object? this[string name] => values[name];

    /// <summary>Reads options.</summary>
    /// <param name="file">The configuration file, already parsed, or null for none. Its sections are only for
    /// reading.</param>
    /// <param name="fileName">The file's name, for errors.</param>
    /// <param name="commandLine">Further options in the form of a command line: they override the file.</param>
    /// <param name="sdxl">Whose options are known: the SDXL trainer's (true), the other's (false) or both
    /// (null).</param>
    /// <exception cref="FornoException">A value of the wrong kind, or a malformed command line.</exception>
    public static KohyaArgs Read(
        TomlTable? file,
        string fileName,
        IReadOnlyList<string>? commandLine = null,
        bool? sdxl = null
    )
    {
        var args = new KohyaArgs(sdxl);
        foreach (var (key, value) in file ?? [])
        {
            if (value is TomlTable section)
            {
                foreach (var (inner, nested) in section)
                {
                    args.Take(inner, nested, $"{fileName} line {section.LineOf(inner)}");
                }
            }
            else
            {
                args.Take(key, value, $"{fileName} line {file!.LineOf(key)}");
            }
        }

        args.CommandLine(commandLine ?? []);
        args.Settle();
        return args;
    }

    private static bool Offered(KohyaOption option, bool? sdxl) =>
        sdxl switch
        {
            null => true,
            true => option.Script is OptionScript.Both or OptionScript.SdxlOnly,
            false => option.Script is OptionScript.Both,
        };

    private void Take(string name, object value, string where)
    {
        if (!values.ContainsKey(name))
        {
            unknown.Add((name, where));
            return;
        }

        values[name] = Checked(KohyaOptions.All[name], value, where);
        given[name] = where;
    }

    /// <summary>A file's value, refused if it is of another kind than the option.</summary>
    private static object Checked(KohyaOption option, object value, string where)
    {
        if (option.List)
        {
            return value is List<object> items
                ? items.Select(i => Single(option, i, where)).ToList()
                : new List<object> { Single(option, value, where) };
        }

        // sizes and spans are strings "w,h"; numbers and pairs of them say the same
        if (option.Kind is OptionKind.Size or OptionKind.Span && value is long or double or List<object>)
        {
            var numbers = value as List<object> ?? [value];
            return numbers.Count <= 2 && numbers.All(n => n is long or double)
                ? string.Join(',', numbers.Select(n => Convert.ToString(n, CultureInfo.InvariantCulture)))
                : throw Wrong(option, value, where);
        }

        return Single(option, value, where);
    }

    private static object Single(KohyaOption option, object value, string where)
    {
        object? fits = (option.Kind, value) switch
        {
            (OptionKind.Flag, bool) => value,
            (OptionKind.Flag, 0L or 1L) => value is 1L,
            (OptionKind.Text or OptionKind.Size or OptionKind.Span, string) => value,
            (OptionKind.Whole, long) => value,
            (OptionKind.Whole, double d) when d == Math.Floor(d) && Math.Abs(d) < 1e15 => (long)d,
            (OptionKind.Real or OptionKind.Steps, long or double) => value,
            _ => null,
        };
        fits = fits ?? throw Wrong(option, value, where);
        if (
            option.Choices is { } choices
            && Convert.ToString(fits, CultureInfo.InvariantCulture) is { } chosen
            && !choices.Contains(chosen)
        )
        {
            throw new FornoException(
                $"{where}: {option.Name} = {KohyaOption.Shown(fits)} is not valid; choose one of: "
                    + $"{string.Join(", ", choices)}{Spelling.DidYouMean(chosen, choices)}"
            );
        }

        return fits;
    }

    private static FornoException Wrong(KohyaOption option, object value, string where)
    {
        string wanted = option.Kind switch
        {
            OptionKind.Flag => "true or false",
            OptionKind.Text or OptionKind.Size or OptionKind.Span => "text in quotes",
            OptionKind.Whole => "a whole number",
            _ => "a number",
        };
        string? found = value switch
        {
            string s => $"\"{s}\"",
            bool b => b ? "true" : "false",
            List<object> => "a list",
            TomlTable => "a table",
            _ => Convert.ToString(value, CultureInfo.InvariantCulture),
        };
        return new FornoException($"{where}: {option.Name} must be {wanted}, found {found}");
    }

    private void CommandLine(IReadOnlyList<string> words)
    {
        const string where = "the command line";
        for (int i = 0; i < words.Count; )
        {
            string word = words[i++];
            if (!word.StartsWith("--", StringComparison.Ordinal) || word.Length == 2)
            {
                throw new FornoException($"{where}: expected an option that starts with --, found '{word}'");
            }

            int equals = word.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? word[2..] : word[2..equals]).Replace('-', '_');
            if (!values.ContainsKey(name))
            {
                throw new FornoException($"{where}: unknown option --{name}{KohyaOptions.Hint(name)}");
            }

            var option = KohyaOptions.All[name];
            var texts = equals < 0 ? [] : new List<string> { word[(equals + 1)..] };
            if (option.Kind == OptionKind.Flag)
            {
                values[name] =
                    texts.Count == 0
                        ? true
                        : throw new FornoException($"{where}: --{name} is a switch and takes no value");
            }
            else
            {
                while (equals < 0 && i < words.Count && !IsOption(words[i]) && (option.List || texts.Count == 0))
                {
                    texts.Add(words[i++]);
                }

                var parsed = texts.Select(t => Parsed(option, t, where)).ToList();
                values[name] =
                    option.List ? parsed
                    : parsed.Count == 1 ? parsed[0]
                    : throw new FornoException($"{where}: --{name} needs a value");
            }

            given[name] = where;
        }
    }

    /// <summary>A word is an option unless it is a negative number.</summary>
    private static bool IsOption(string word) =>
        word.StartsWith("--", StringComparison.Ordinal)
        || (word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]) && word[1] != '.');

    private static object Parsed(KohyaOption option, string text, string where)
    {
        if (option.Kind is OptionKind.Text or OptionKind.Size or OptionKind.Span)
        {
            return Single(option, text, where);
        }

        bool percent = option.Kind == OptionKind.Steps && text.EndsWith('%');
        if (
            option.Kind != OptionKind.Real
            && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole)
        )
        {
            return Single(option, whole, where);
        }

        if (
            !double.TryParse(
                percent ? text[..^1] : text,
                NumberStyles.Float,
                CultureInfo.InvariantCulture,
                out double real
            )
            || option.Kind == OptionKind.Whole
        )
        {
            throw Wrong(option, text, where);
        }

        return option.Kind == OptionKind.Steps && !percent && real >= 1 && real == Math.Floor(real) ? (long)real
            : percent ? real / 100
            : real;
    }

    /// <summary>What kohya derives before training starts.</summary>
    private void Settle()
    {
        if (values["caption_extention"] is string misspelt)
        {
            values["caption_extension"] = misspelt;
            values["caption_extention"] = null;
        }

        foreach (KohyaOption option in KohyaOptions.All.Values.Where(o => values.ContainsKey(o.Name)))
        {
            if (option.TurnsOn is { } other && values[option.Name] is true)
            {
                values[other] = true;
            }

            if (option.OffBelowOne && values[option.Name] is <= 0L)
            {
                values[option.Name] = null;
            }

            if (option.Kind is OptionKind.Size or OptionKind.Span)
            {
                values[option.Name] = Pair(option.Name, option.Kind == OptionKind.Size);
            }
        }
    }

    /// <summary>"w,h" or "n" as a pair of numbers.</summary>
    private List<object>? Pair(string name, bool whole)
    {
        if (values[name] is not string text)
        {
            return null;
        }

        string[] parts = text.Split(',');
        var numbers = new List<object>();
        foreach (string part in parts)
        {
            if (long.TryParse(part, NumberStyles.Integer, CultureInfo.InvariantCulture, out long n))
            {
                numbers.Add(whole ? (object)n : (double)n);
            }
            else if (!whole && double.TryParse(part, NumberStyles.Float, CultureInfo.InvariantCulture, out double d))
            {
                numbers.Add(d);
            }
        }

        if (numbers.Count != parts.Length || numbers.Count is < 1 or > 2 || (!whole && numbers.Count != 2))
        {
            throw new FornoException(
                $"{given[name]}: {name} = \"{text}\" must be "
                    + $"{(whole ? "\"512\" or \"512,768\" (width, height)" : "\"low,high\"")}"
            );
        }

        return numbers.Count == 2 ? numbers : [numbers[0], numbers[0]];
    }
}

using System.Globalization;
using Forno.Findings;

namespace Forno.Reports;

/// <summary>Remedies in words, for console and pages alike.</summary>
public static class RemedyText
{
    /// <summary>A part of the words.</summary>
    /// <param name="Text">The text.</param>
    /// <param name="IsCode">Whether it is to be typed as it stands: a command, an option with its value.</param>
    public sealed record Span(string Text, bool IsCode);

    /// <summary>A remedy as plain text.</summary>
    /// <param name="remedy">The remedy.</param>
    /// <param name="places">What it is about.</param>
    public static string Plain(Remedy remedy, RemedyPlaces places) =>
        string.Concat(Spans(remedy, places).Select(s => s.Text));

    /// <summary>The remedies of a finding in one line.</summary>
    /// <param name="remedies">Alternatives.</param>
    /// <param name="places">What they are about.</param>
    public static string Line(IEnumerable<Remedy> remedies, RemedyPlaces places) =>
        string.Join("; or ", remedies.Select(r => Plain(r, places)));

    /// <summary>The remedies of a finding as HTML, each on a line of its own.</summary>
    /// <param name="remedies">Alternatives.</param>
    /// <param name="places">What they are about.</param>
    internal static string Page(IEnumerable<Remedy> remedies, RemedyPlaces places) =>
        string.Join(
            "<br/>or ",
            remedies.Select(r =>
                string.Concat(
                    Spans(r, places).Select(s => s.IsCode ? $"<code>{Html.Text(s.Text)}</code>" : Html.Text(s.Text))
                )
            )
        );

    /// <summary>A remedy as parts of a sentence.</summary>
    /// <param name="remedy">The remedy.</param>
    /// <param name="places">What it is about.</param>
    public static IEnumerable<Span> Spans(Remedy remedy, RemedyPlaces places)
    {
        IEnumerable<Span> said = remedy switch
        {
            RunCommand run => [new Span(CommandLineText.Of(run, places), true)],
            ByHand words => [new Span(words.What, false)],
            Steps steps => InOrder(steps.All, places),
            _ => Options([remedy], places),
        };
        return remedy.Note is { } note ? said.Append(new Span($" ({note})", false)) : said;
    }

    /// <summary>The value of an option as TOML has it.</summary>
    /// <param name="value">bool, int, long, double or string.</param>
    public static string Toml(object value) =>
        value switch
        {
            bool on => on ? "true" : "false",
            double small when small != 0 && Math.Abs(small) < 1e-3 => small.ToString(
                "0.######e0",
                CultureInfo.InvariantCulture
            ),
            string text => Quoted(text),
            _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
        };

    private static string Quoted(string text) =>
        '"'
        + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
        + '"';

    // Options that follow one another share the words around them.
    private static IEnumerable<Span> InOrder(IReadOnlyList<Remedy> all, RemedyPlaces places)
    {
        for (int i = 0; i < all.Count; )
        {
            if (i > 0)
            {
                yield return new Span(", then ", false);
            }

            int count = all.Skip(i).TakeWhile(r => IsOption(r) && IsRemoval(r) == IsRemoval(all[i])).Count();
            foreach (Span span in count > 0 ? Options([.. all.Skip(i).Take(count)], places) : Spans(all[i], places))
            {
                yield return span;
            }

            i += Math.Max(1, count);
        }
    }

    private static IEnumerable<Span> Options(Remedy[] options, RemedyPlaces places)
    {
        bool removal = IsRemoval(options[0]);
        if (removal)
        {
            yield return new Span("remove ", false);
        }

        for (int i = 0; i < options.Length; i++)
        {
            if (i > 0)
            {
                yield return new Span(i == options.Length - 1 ? " and " : ", ", false);
            }

            yield return new Span(Option(options[i]), true);
        }

        yield return new Span(
            $" {(removal ? "from" : "in")} {Path.GetFileName(places.OptionsFile) ?? "the training configuration"}",
            false
        );
    }

    private static string Option(Remedy remedy) =>
        remedy switch
        {
            SetOption set => $"{set.Option} = {Toml(set.Value)}",
            SetWithin { Most: { } most } within => $"{within.Option} = {Toml(within.Least)} to {Toml(most)}",
            SetWithin within => $"{within.Option} = {Toml(within.Least)} or more",
            RemoveOption remove => remove.Option,
            _ => throw new ArgumentException($"no option: {remedy}", nameof(remedy)),
        };

    private static bool IsOption(Remedy remedy) =>
        remedy is (SetOption or SetWithin or RemoveOption) and { Note: null };

    private static bool IsRemoval(Remedy remedy) => remedy is RemoveOption;
}

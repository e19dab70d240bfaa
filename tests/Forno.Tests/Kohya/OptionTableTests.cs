using System.Globalization;
using System.Text.Json;
using Forno.Kohya.Options;
using Forno.TestKit;

namespace Forno.Tests.Kohya;

/// <summary>The option table against kohya's own list, and against itself.</summary>
public class OptionTableTests
{
    [GoldenFact]
    public void TheTableHoldsKohyasOptions()
    {
        // beside the goldens
        string list = Path.GetFullPath("../kohya-options.json", Goldens.Folder!);
        JsonElement[] options =
        [
            .. JsonDocument.Parse(File.ReadAllText(list)).RootElement.GetProperty("options").EnumerateArray(),
        ];
        Assert.True(options.Length >= 227, $"{options.Length} options");
        string[] wrong =
        [
            .. options.Select(Difference).OfType<string>(),
            .. KohyaOptions
                .All.Keys.Except(options.Select(o => o.GetProperty("name").GetString()!))
                .Select(n => $"{n}: kohya has no such option"),
        ];
        Assert.True(wrong.Length == 0, string.Join('\n', wrong));
    }

    [Fact]
    public void EveryDefaultIsOneOfItsKindAndRange()
    {
        foreach (KohyaOption option in KohyaOptions.Rows)
        {
            bool fits = option.Default switch
            {
                null => option.Kind != OptionKind.Flag,
                bool => option.Kind == OptionKind.Flag,
                string text => option.Kind == OptionKind.Text && (option.Choices?.Contains(text) ?? true),
                long => option.Kind is OptionKind.Whole or OptionKind.Steps,
                double => option.Kind is OptionKind.Real,
                _ => false,
            };
            Assert.True(fits && option.Problem(option.Default) is null, option.Name);
            Assert.True(option.Usable?.All(option.Choices!.Contains) ?? true, option.Name);
            Assert.True(option.TurnsOn is null || KohyaOptions.All.ContainsKey(option.TurnsOn), option.Name);
        }

        string[] metadata = [.. KohyaOptions.Rows.Select(o => o.Metadata).OfType<string>()];
        Assert.Equal(metadata.Distinct(), metadata);
    }

    private static string? Difference(JsonElement want)
    {
        string name = want.GetProperty("name").GetString()!;
        if (!KohyaOptions.All.TryGetValue(name, out KohyaOption? option))
        {
            return $"{name}: not in the table";
        }

        string type = want.GetProperty("type").GetString()!;
        bool kind = option.Kind switch
        {
            OptionKind.Flag => type == "flag",
            OptionKind.Text or OptionKind.Size or OptionKind.Span => type is "str" or "Path",
            OptionKind.Whole => type == "int",
            OptionKind.Real => type == "float",
            OptionKind.Steps => type == "int_or_float",
            _ => false,
        };
        JsonElement @default = want.GetProperty("default");
        bool same = @default.ValueKind switch
        {
            JsonValueKind.Null => option.Default is null,
            JsonValueKind.True or JsonValueKind.False => Equals(option.Default, @default.GetBoolean()),
            JsonValueKind.Number => option.Default is long or double
                && Convert.ToDouble(option.Default, CultureInfo.InvariantCulture) == @default.GetDouble(),
            _ => Equals(option.Default, @default.GetString()),
        };
        bool list = want.TryGetProperty("list", out JsonElement l) && l.GetBoolean();
        string[]? choices =
            option.Kind == OptionKind.Text && want.TryGetProperty("choices", out JsonElement c)
                ? [.. c.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()!)]
                : null;
        bool state = want.GetProperty("scope").GetString() switch
        {
            "not-applicable" => option.State.IsRefused || option.State.IsAccepted,
            "required" => !option.State.IsAccepted,
            _ => true,
        };
        string script = want.TryGetProperty("script", out JsonElement s) ? s.GetString()! : "";
        bool of =
            option.Script
            == script switch
            {
                "textual_inversion" => OptionScript.TextualInversion,
                "whole_model" => OptionScript.WholeModel,
                "leco" => OptionScript.Leco,
                _ => option.Script is OptionScript.TextualInversion or OptionScript.WholeModel or OptionScript.Leco
                    ? OptionScript.Both
                    : option.Script,
            };
        if (name == "save_model_as")
        {
            same = Equals(option.Default, "safetensors"); // train_network sets its own; the goldens say so too
        }

        return !kind ? $"{name}: {option.Kind}, want {type}"
            : !same ? $"{name}: default {option.ShownDefault}, want {@default}"
            : list != option.List ? $"{name}: a list or not"
            : choices is not null && !choices.Order().SequenceEqual((option.Choices ?? []).Order())
                ? $"{name}: other choices"
            : !state ? $"{name}: its state does not go with {want.GetProperty("scope")}"
            : !of ? $"{name}: of {option.Script}, want {script}"
            : null;
    }
}

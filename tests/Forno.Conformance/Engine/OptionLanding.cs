using System.Text.Json;
using Forno.Diffusion;
using Forno.Kohya.Options;
using Forno.Training.Recipes;

namespace Forno.Conformance.Engine;

/// <summary>Options of a golden case as a training reads them: by the option table.</summary>
internal static class OptionLanding
{
    private static readonly PathRules Paths = new("/", "/");

    /// <summary>What the options of a JSON object come to; others in it are passed over.</summary>
    public static TrainRecipe Land(JsonElement options)
    {
        var recipe = new TrainRecipe();
        foreach (KohyaOption option in KohyaOptions.Rows.Where(o => o.IsArgument))
        {
            if (options.TryGetProperty(option.Name, out JsonElement value))
            {
                object? given = Value(value);
                recipe = option.Land(
                    recipe,
                    option.List && given is not (null or List<object>) ? new List<object> { given } : given,
                    Paths
                );
            }
        }

        Prediction prediction = recipe.Model.VParameterization ? Prediction.Velocity : Prediction.Epsilon;
        return recipe with { Loss = recipe.Loss with { Prediction = prediction } };
    }

    private static object? Value(JsonElement value) =>
        value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.TryGetInt64(out long whole) ? (object)whole : value.GetDouble(),
            JsonValueKind.Array => value.EnumerateArray().Select(v => Value(v)!).ToList(),
            _ => null,
        };
}

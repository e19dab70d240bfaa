using Forno.Optim.Optimizers;
using Forno.Python;

namespace Forno.Kohya;

/// <summary>
/// The names that kohya's metadata gives optimizers: the Python class with its module, as get_optimizer in
/// library/train_util.py chooses it.
/// </summary>
public static class OptimizerNames
{
    /// <summary>The options that name an optimizer.</summary>
    public static IReadOnlyList<string> Naming { get; } = ["optimizer_type", "use_8bit_adam", "use_lion_optimizer"];

    /// <summary>The optimizer that options name, by kohya's name: AdamW if they name none.</summary>
    /// <param name="value">An option's value.</param>
    public static string TypeOf(Func<string, object?> value) =>
        value("use_8bit_adam") is true ? "AdamW8bit"
        : value("use_lion_optimizer") is true ? "Lion"
        : value("optimizer_type") is string { Length: > 0 } type ? type
        : "AdamW";

    /// <summary>The optimizer's class and its arguments.</summary>
    /// <param name="options">The training options.</param>
    /// <returns>
    /// Module and class; arguments as "k=v,k=v"; and whether Adafactor chooses its own learning rates, which removes
    /// the options' from the metadata.
    /// </returns>
    internal static (string Name, string Arguments, bool OwnRates) Describe(MetadataOptions options)
    {
        string type = TypeOf(name => options[name]);
        string key = type.ToLowerInvariant();
        var arguments = new List<KeyValuePair<string, string>>();
        foreach (string argument in options.List("optimizer_args") ?? [])
        {
            var (name, value) = PythonLiteral.Arguments([argument], "optimizer_args").Single();
            arguments.Add(
                new(
                    name,
                    IsList(argument) ? $"[{PythonFormat.Str(value)[1..^1].TrimEnd(',')}]" : PythonFormat.Str(value)
                )
            );
        }

        bool ownRates = false;
        if (key is "sgdnesterov" or "sgdnesterov8bit")
        {
            AddDefault(arguments, "momentum", "0.9");
        }
        else if (key == "adafactor")
        {
            AddDefault(arguments, "relative_step", "True");
            int relative = arguments.FindIndex(pair => pair.Key == "relative_step");
            if (
                arguments[relative].Value == "False"
                && arguments.Exists(pair => pair is { Key: "warmup_init", Value: "True" })
            )
            {
                arguments[relative] = new("relative_step", "True");
            }

            ownRates = arguments[relative].Value == "True";
        }

        // Any other name is a class of torch.optim, whose modules are the classes' names in lower case, or a full path.
        string full =
            OptimizerRegistry.Known(type) is { } known ? known.Class
            : type.Contains('.', StringComparison.Ordinal) ? type
            : $"torch.optim.{key}.{type}";
        return (full, string.Join(',', arguments.Select(pair => $"{pair.Key}={pair.Value}")), ownRates);
    }

    private static bool IsList(string argument) =>
        argument[(argument.IndexOf('=', StringComparison.Ordinal) + 1)..].TrimStart().StartsWith('[');

    private static void AddDefault(List<KeyValuePair<string, string>> arguments, string name, string value)
    {
        if (!arguments.Exists(pair => pair.Key == name))
        {
            arguments.Add(new(name, value));
        }
    }
}

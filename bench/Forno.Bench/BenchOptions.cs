using System.Globalization;
using Forno.Torch;

namespace Forno.Bench;

/// <summary>The bench's command line: a command, then <c>--name value</c> or <c>--name</c>.</summary>
internal sealed class BenchOptions
{
    private readonly Dictionary<string, string> values = new(StringComparer.Ordinal);

    public BenchOptions(string[] args)
    {
        Command = args.Length > 0 && !args[0].StartsWith("--", StringComparison.Ordinal) ? args[0] : "";
        for (int i = Command.Length > 0 ? 1 : 0; i < args.Length; i++)
        {
            string name = args[i].StartsWith("--", StringComparison.Ordinal)
                ? args[i][2..]
                : throw new FornoException($"'{args[i]}' is no option; options begin with --");
            bool hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            values[name] = hasValue ? args[++i] : "";
        }
    }

    public string Command { get; }

    public string Folder => values.GetValueOrDefault("folder") ?? Path.GetTempPath();

    public string Model => values.GetValueOrDefault("model") ?? Path.Combine("pocket", "pocket.safetensors");

    public DType Type =>
        values.GetValueOrDefault("type") switch
        {
            null or "fp32" => DType.Float32,
            "bf16" => DType.BFloat16,
            var other => throw new FornoException($"--type {other}: valid are fp32 and bf16"),
        };

    public string? Text(string name) => values.GetValueOrDefault(name);

    public bool Has(string name) => values.ContainsKey(name);

    public int? Number(string name) =>
        values.TryGetValue(name, out string? text)
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int n) && n > 0
                ? n
                : throw new FornoException($"--{name} {text}: a whole number above 0 is needed")
            : null;
}

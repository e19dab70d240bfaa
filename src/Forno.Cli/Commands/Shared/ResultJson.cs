using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Cli.Terminal;
using Forno.Findings;

namespace Forno.Cli.Commands.Shared;

/// <summary>A job's result as <c>--json</c> writes it: the record itself.</summary>
internal static class ResultJson
{
    private static readonly JsonSerializerOptions Options = new(JsonOutput.Options)
    {
        Converters = { new FindingConverter() },
    };

    /// <summary>A result as one JSON document.</summary>
    /// <param name="result">The record; the fields are those of its own type.</param>
    public static string Text(object result) => JsonSerializer.Serialize(result, result.GetType(), Options);

    private sealed class FindingConverter : JsonConverter<Finding>
    {
        public override Finding Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Finding value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, FindingPrinter.Row(value), options);
    }
}

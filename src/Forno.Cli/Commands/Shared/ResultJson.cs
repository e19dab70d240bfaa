using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;

namespace Forno.Cli.Commands.Shared;

/// <summary>A job's result as <c>--json</c> writes it: the record itself.</summary>
internal static class ResultJson
{
    /// <summary>A result as one JSON document.</summary>
    /// <param name="result">The record; the fields are those of its own type.</param>
    /// <param name="places">What remedies of findings are about; null: they name FOLDER and FILE.</param>
    public static string Text(object result, RemedyPlaces? places = null)
    {
        var options = new JsonSerializerOptions(JsonOutput.Options)
        {
            Converters = { new FindingConverter(places ?? RemedyPlaces.Unknown) },
        };
        return JsonSerializer.Serialize(result, result.GetType(), options);
    }

    private sealed class FindingConverter(RemedyPlaces places) : JsonConverter<Finding>
    {
        public override Finding Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            throw new NotSupportedException();

        public override void Write(Utf8JsonWriter writer, Finding value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, FindingJson.Row(value, places), options);
    }
}

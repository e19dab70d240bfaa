using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Advice;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;

namespace Forno.Cli.Commands.Shared;

/// <summary>A job's result as <c>--json</c> writes it: the record itself, remedies as they can be typed here.</summary>
internal static class ResultJson
{
    /// <summary>A result as one JSON document.</summary>
    /// <param name="result">The record; the fields are those of its own type.</param>
    /// <param name="places">What remedies of findings are about; null: they name FOLDER and FILE.</param>
    public static string Text(object result, RemedyPlaces? places = null)
    {
        RemedyPlaces at = places ?? RemedyPlaces.Unknown;
        var options = new JsonSerializerOptions(JsonOutput.Options)
        {
            Converters = { new Rows<Finding>(f => FindingJson.Row(f, at)), new Rows<Diagnosis>(d => Row(d, at)) },
        };
        return JsonSerializer.Serialize(result, result.GetType(), options);
    }

    private static object Row(Diagnosis d, RemedyPlaces places) =>
        new
        {
            Class = JsonNamingPolicy.SnakeCaseLower.ConvertName(d.Harm.ToString()),
            d.From,
            Kind = d.Finding.Kind.Name,
            d.Finding.What,
            d.Finding.Effect,
            Fix = RemedyText.Line(d.Finding.Remedies, places),
            Remedies = FindingJson.Rows(d.Finding.Remedies, places),
        };

    private sealed class Rows<T>(Func<T, object> row) : JsonConverter<T>
    {
        public override T Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            throw new NotSupportedException("results are written, not read");

        public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, row(value), options);
    }
}

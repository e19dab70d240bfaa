using System.Text.Json;
using System.Text.Json.Serialization;
using Forno.Advice;
using Forno.Cli.Commands.Shared;
using Forno.Cli.Terminal;
using Forno.Findings;
using Forno.Reports;

namespace Forno.Cli.Commands.Training;

/// <summary>Results of jobs as <c>--json</c> has them, with their remedies written out for the command line.</summary>
internal static class AdviceJson
{
    /// <summary>A result as one JSON document.</summary>
    /// <param name="result">The record.</param>
    /// <param name="places">What remedies are about.</param>
    public static string Text<T>(T result, RemedyPlaces places) =>
        JsonSerializer.Serialize(
            result,
            new JsonSerializerOptions(JsonOutput.Options)
            {
                Converters =
                {
                    new Rows<Finding>(f => FindingJson.Row(f, places)),
                    new Rows<Diagnosis>(d => Row(d, places)),
                },
            }
        );

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

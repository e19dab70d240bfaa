using System.Text.Encodings.Web;
using System.Text.Json;

namespace Forno.Cli.Terminal;

/// <summary>How <c>--json</c> writes: snake_case names, indented, non-ASCII text as it is.</summary>
internal static class JsonOutput
{
    /// <summary>The shared options.</summary>
    public static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };
}

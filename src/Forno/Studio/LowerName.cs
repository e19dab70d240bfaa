using System.Text.Json;
using System.Text.Json.Serialization;

namespace Forno.Studio;

/// <summary>Writes an enumeration's value into JSON as its name in snake_case.</summary>
/// <typeparam name="T">The enumeration.</typeparam>
public sealed class LowerName<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.SnakeCaseLower)
    where T : struct, Enum;

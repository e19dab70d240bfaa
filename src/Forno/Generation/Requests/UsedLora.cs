namespace Forno.Generation.Requests;

/// <summary>An adapter as an infotext tells of it.</summary>
/// <param name="Name">The file's name without extension.</param>
/// <param name="Hash">First twelve digits of its hash.</param>
/// <param name="Use">How it was asked for.</param>
public sealed record UsedLora(string Name, string Hash, LoraUse Use);

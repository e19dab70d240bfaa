namespace Forno.Studio;

/// <summary>A training configuration outside the work folder that was (or would be) changed.</summary>
/// <param name="File">The file.</param>
/// <param name="What">The lines that are new or other than before, between commas.</param>
/// <param name="Copy">The copy of its old text beside it; null if nothing was written.</param>
public sealed record ConfigWritten(string File, string What, string? Copy);

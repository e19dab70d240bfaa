namespace Forno.Files;

/// <summary>Says what is wrong inside a file; whoever opened the file adds its name and the way out.</summary>
internal sealed class CorruptFileException(string problem) : Exception(problem);

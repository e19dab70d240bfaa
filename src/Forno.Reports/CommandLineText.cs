using Forno.Findings;

namespace Forno.Reports;

/// <summary>Commands of remedies as they are typed.</summary>
public static class CommandLineText
{
    private const string AnyFolder = "FOLDER",
        AnyFile = "FILE",
        NewFolder = "NEW";

    /// <summary>An argument with its values filled in.</summary>
    /// <param name="Option">The option's name, without dashes; null = a plain argument.</param>
    /// <param name="Value">The value; null = a switch.</param>
    /// <param name="IsChoice">Whether the user has to complete the value.</param>
    public sealed record Filled(string? Option, string? Value, bool IsChoice);

    /// <summary>A command as a shell takes it: <c>forno dataset clean 'my cats' --mark</c>.</summary>
    /// <param name="command">The command.</param>
    /// <param name="places">What it is about.</param>
    public static string Of(RunCommand command, RemedyPlaces places) =>
        "forno " + string.Join(' ', Words(command, places).Select(Wording.Quoted));

    /// <summary>The words of a command, unquoted, without the leading <c>forno</c>.</summary>
    /// <param name="command">The command.</param>
    /// <param name="places">What it is about.</param>
    public static IReadOnlyList<string> Words(RunCommand command, RemedyPlaces places) =>
        [.. command.Name.Split(' '), .. Arguments(command, places).SelectMany(Words)];

    /// <summary>The arguments of a command with their values filled in.</summary>
    /// <param name="command">The command.</param>
    /// <param name="places">What it is about.</param>
    public static IReadOnlyList<Filled> Arguments(RunCommand command, RemedyPlaces places) =>
        [
            .. command.Arguments.SelectMany<CommandArgument, Filled>(a =>
                a.Value switch
                {
                    null => [new Filled(a.Option, null, false)],
                    CommandValue.DataSet => Folders(places)
                        .Select(f => new Filled(a.Option, f, places.Folders.Count == 0)),
                    CommandValue.Part part => [new Filled(a.Option, Part(part.Path, places), places.Root is null)],
                    CommandValue.Config => [new Filled(a.Option, places.Config ?? AnyFile, places.Config is null)],
                    CommandValue.NewFolder { OnlyForOriginals: true } when places.IsWork => [],
                    CommandValue.NewFolder => [new Filled(a.Option, NewFolder, true)],
                    CommandValue.Text text => [new Filled(a.Option, text.Value, false)],
                    CommandValue.Choice choice => [new Filled(a.Option, choice.Form, true)],
                    _ => throw new ArgumentException($"no text for {a.Value}", nameof(command)),
                }
            ),
        ];

    private static IEnumerable<string> Words(Filled argument)
    {
        if (argument.Option is { } option)
        {
            yield return $"--{option}";
        }

        if (argument.Value is { } value)
        {
            yield return value;
        }
    }

    private static IEnumerable<string> Folders(RemedyPlaces places) =>
        places.Folders.Count == 0 ? [AnyFolder] : places.Folders.Select(Folder);

    private static string Part(string path, RemedyPlaces places) =>
        places.Root is null
            ? path.Length == 0
                ? AnyFolder
                : $"{AnyFolder}/{path}"
            : path.Length == 0 && places.Folders is [var only]
                ? Folder(only)
                : Folder(Path.Join(places.Root, path) is { Length: > 0 } whole ? whole : ".");

    // A name that begins with a dash would be taken for an option.
    private static string Folder(string path) =>
        Path.TrimEndingDirectorySeparator(path) is var trimmed && trimmed.StartsWith('-') ? $"./{trimmed}" : trimmed;
}

using System.Collections.Frozen;
using Forno.Data;
using Forno.Toml;
using Forno.Workspace;

namespace Forno.Datasets.Triggers;

/// <summary>A trigger as it is known by name: what it is to call up.</summary>
/// <param name="Name">The word as captions have it.</param>
/// <param name="Kind">What it is to call up.</param>
public sealed record TriggerName(string Name, TriggerKind Kind);

/// <summary>
/// <c>triggers.toml</c> at the top of a data set: the triggers and their kinds. <c>forno caption trigger</c> writes it,
/// and a user may; comments stay.
/// </summary>
public static class TriggerFile
{
    /// <summary>The file's name.</summary>
    public const string FileName = "triggers.toml";

    private const string Table = "triggers";

    private const string Head =
        "# The triggers of this data set and what each calls up:\n# character, outfit, style, pose, object, "
        + "situation or unknown.\n\n[triggers]\n";

    /// <summary>Kinds by the names that files and options have.</summary>
    public static readonly FrozenDictionary<string, TriggerKind> Kinds = Enum.GetValues<TriggerKind>()
        .ToFrozenDictionary(k => k.ToString().ToLowerInvariant(), StringComparer.Ordinal);

    /// <summary>
    /// Where a data set's file is: in its work folder, else in the first of its folders that has one or lies in one
    /// that has.
    /// </summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="folders">The folders that they were found in.</param>
    /// <returns>A full path; the file need not be there.</returns>
    public static string PlaceFor(PictureFolder folder, IReadOnlyList<string> folders)
    {
        if (folder.Work is { } work)
        {
            return Path.Join(work, FileName);
        }

        string[] places =
        [
            .. folders.Select(f =>
                Path.Join(
                    Directory.Exists(f) ? Path.GetFullPath(f) : Path.GetDirectoryName(Path.GetFullPath(f)),
                    FileName
                )
            ),
        ];
        string[] parents =
        [
            .. places.Select(p => Path.Join(Path.GetDirectoryName(Path.GetDirectoryName(p)), FileName)),
        ];
        return places.Concat(parents).FirstOrDefault(File.Exists) ?? places[0];
    }

    /// <summary>Reads a file.</summary>
    /// <param name="file">Its path.</param>
    /// <returns>The triggers in order; none if there is no file.</returns>
    /// <exception cref="FornoException">It cannot be read, or says what makes no sense.</exception>
    public static IReadOnlyList<TriggerName> Read(string file)
    {
        if (!File.Exists(file))
        {
            return [];
        }

        TomlTable root = TomlFile.Read(file);
        foreach (string key in root.Keys.Where(k => k != Table))
        {
            throw new FornoException(
                $"{file} line {root.LineOf(key)}: unknown key '{key}'; it has [triggers] with name = \"kind\""
            );
        }

        var triggers = new List<TriggerName>();
        foreach (var (name, value) in root.TryGetValue(Table, out object? table) && table is TomlTable t ? t : [])
        {
            triggers.Add(
                value is string kind && Kinds.TryGetValue(kind, out TriggerKind found)
                    ? new TriggerName(name, found)
                    : throw new FornoException(
                        $"{file} line {((TomlTable)table!).LineOf(name)}: '{name}' must be one of "
                            + $"{string.Join(", ", Kinds.Keys.Order().Select(k => $"\"{k}\""))}"
                    )
            );
        }

        return triggers;
    }

    /// <summary>The file with further triggers in it, or with another kind for one.</summary>
    /// <param name="text">The file's text; null if there is none.</param>
    /// <param name="triggers">The triggers.</param>
    /// <exception cref="FornoException">The text is no TOML.</exception>
    public static string With(string? text, IEnumerable<TriggerName> triggers) =>
        triggers.Aggregate(
            string.IsNullOrWhiteSpace(text) ? Head
                : TomlFile.Parse(text, FileName).ContainsKey(Table) ? text
                : $"{text.TrimEnd()}\n\n[{Table}]\n",
            (all, trigger) =>
                TomlEdit.Set(all, FileName, [Table, trigger.Name], trigger.Kind.ToString().ToLowerInvariant())
        );

    /// <summary>A step that brings the file up to date; null if it says all of it already.</summary>
    /// <param name="file">Its full path.</param>
    /// <param name="triggers">The triggers.</param>
    public static PlanStep? Step(string file, IReadOnlyList<TriggerName> triggers)
    {
        string? before = File.Exists(file) ? Caption.ReadText(file) : null;
        string after = With(before, triggers);
        var content = FileContent.Text(after);
        string known = string.Join(", ", triggers.Select(t => $"{t.Name} ({t.Kind.ToString().ToLowerInvariant()})"));
        return before == after || triggers.Count == 0
            ? null
            : new PlanStep
            {
                Subject = FileName,
                What = $"knows {known}",
                Changes = [before is null ? new AddFile(FileName, content) : new ReplaceFile(FileName, content)],
            };
    }
}

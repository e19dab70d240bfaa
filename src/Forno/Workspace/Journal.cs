using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Forno.Workspace;

/// <summary>
/// One line of the journal. <see cref="Op"/> is one of the constants of <see cref="Journal"/> or a change's kind.
/// </summary>
internal sealed record JournalLine
{
    public required string Op { get; init; }

    public int? Id { get; init; }

    public string? Name { get; init; }

    public DateTimeOffset? Time { get; init; }

    public string? Path { get; init; }

    public string? To { get; init; }

    /// <summary>With <see cref="Journal.Done"/>: bytes and time (UTC ticks) of the file that was written.</summary>
    public long? Size { get; init; }

    public long? Ticks { get; init; }
}

/// <summary>Where an operation of a work folder stands.</summary>
public enum OperationState
{
    /// <summary>
    /// Begun and never ended: the process was killed. It is rolled back when the folder is next opened.
    /// </summary>
    Unfinished,

    /// <summary>Done.</summary>
    Done,

    /// <summary>Taken back, by undo or because it failed.</summary>
    TakenBack,
}

/// <summary>An operation that the journal tells of.</summary>
public sealed class JournalEntry
{
    /// <summary>Its number, counting from 1.</summary>
    public required int Id { get; init; }

    /// <summary>The command: <c>trim</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it began.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Where it stands.</summary>
    public OperationState State { get; internal set; }

    /// <summary>How many files it changed.</summary>
    public int Changes => DoneLines.Values.Count(l => l.Name != Journal.Folder);

    /// <summary>An undo was begun and did not come to its end.</summary>
    internal bool Undoing { get; set; }

    internal List<JournalLine> Intents { get; } = [];

    /// <summary>What was really done, by path; complete only when the operation has ended.</summary>
    internal Dictionary<string, JournalLine> DoneLines { get; } = new(StringComparer.Ordinal);
}

/// <summary>
/// The journal of a work folder, a JSON object a line: an operation's beginning, every change before it is done, a note
/// when it is done, the operation's end. A line that was cut off or damaged is passed over: what it announced was
/// never begun, since work starts only when the line is on disk. Safe for several threads.
/// </summary>
internal sealed class Journal : IDisposable
{
    public const string Begin = "begin",
        End = "end",
        Done = "done",
        Folder = "folder",
        NoFolder = "no-folder",
        RolledBack = "rolled-back",
        Undoing = "undoing",
        Undone = "undone";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock gate = new();
    private readonly string path;
    private readonly FileStream file;

    public Journal(string path)
    {
        this.path = path;
        Entries = File.Exists(path) ? Read(path) : [];
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        if (file.Length > 0)
        {
            // A line that was cut off must not swallow the next one.
            file.Seek(-1, SeekOrigin.End);
            int last = file.ReadByte();
            file.Seek(0, SeekOrigin.End);
            if (last != '\n')
            {
                file.WriteByte((byte)'\n');
            }
        }
    }

    public List<JournalEntry> Entries { get; }

    public static List<JournalEntry> Read(string path)
    {
        var entries = new List<JournalEntry>();
        using var reader = new StreamReader(
            new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite),
            new UTF8Encoding(false)
        );
        while (reader.ReadLine() is { } text)
        {
            if (Parse(text) is { } line)
            {
                Follow(entries, line);
            }
        }

        return entries;
    }

    /// <summary>Writes lines; with <paramref name="flush"/> they are on disk when it returns.</summary>
    /// <exception cref="FornoException">The disk refused.</exception>
    public void Append(IEnumerable<JournalLine> lines, bool flush)
    {
        var text = new StringBuilder();
        lock (gate)
        {
            foreach (var line in lines)
            {
                text.Append(JsonSerializer.Serialize(line, Options)).Append('\n');
                Follow(Entries, line);
            }

            try
            {
                file.Write(Encoding.UTF8.GetBytes(text.ToString()));
                file.Flush(flush);
            }
            catch (IOException e)
            {
                throw FornoException.ForFile(
                    path,
                    $"could not be written ({e.Message})",
                    "Free some space; nothing is lost.",
                    e
                );
            }
        }
    }

    public void Dispose() => file.Dispose();

    private static JournalLine? Parse(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<JournalLine>(text, Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static void Follow(List<JournalEntry> entries, JournalLine line)
    {
        var current = entries.Count > 0 ? entries[^1] : null;
        var named = line.Id is { } id ? entries.Find(e => e.Id == id) : null;
        switch (line.Op)
        {
            case Begin:
                entries.Add(
                    new JournalEntry
                    {
                        Id = line.Id ?? entries.Count + 1,
                        Name = line.Name ?? "",
                        Time = line.Time ?? default,
                    }
                );
                break;
            case Done when line.Path is not null:
                current?.DoneLines[line.Path] = line;
                break;
            case End:
                named?.State = OperationState.Done;
                break;
            case Undoing:
                named?.Undoing = true;
                break;
            case RolledBack or Undone:
                named?.State = OperationState.TakenBack;
                named?.Undoing = false;
                break;
            default:
                if (line.Path is not null)
                {
                    current?.Intents.Add(line);
                }

                break;
        }
    }
}

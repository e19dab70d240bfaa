using System.Text.RegularExpressions;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;

namespace Forno.Training;

/// <summary>Finds the state that a user wants to go on from among those of an output folder.</summary>
public static partial class TrainStates
{
    /// <summary>How the folder of a state ends.</summary>
    public const string Suffix = "-state";

    /// <summary>
    /// The state that was named. Only if it is there and damaged, the newest whole one of the same run beside it.
    /// </summary>
    /// <param name="folder">What the user named.</param>
    /// <param name="name">The run's name (<c>output_name</c>).</param>
    /// <param name="key">The run's key, which another state must have; null: not yet known.</param>
    /// <returns>The state's folder, and why the named one was passed over if it was.</returns>
    /// <exception cref="FornoException">There is none to go on from.</exception>
    public static (string Folder, string? PassedOver) Find(string folder, string name, string? key = null)
    {
        Require(folder, name);
        if (TrainState.IsWhole(folder, out string reason))
        {
            return (folder, null);
        }
        if (!IsState(folder))
        {
            throw new FornoException(reason);
        }
        string? other = IsNamed(folder, name) ? Newest(Parent(folder), name, key, but: folder) : null;
        return other is not null
            ? (other, reason)
            : throw new FornoException(
                $"{reason} {Parent(folder)} has no other complete state of this run ({name}); start it again "
                    + "without resuming."
            );
    }

    /// <summary>Whether a state is of the run of this name: it says so, or its folder is named so.</summary>
    public static bool BelongsTo(string folder, string name, StateFacts facts) =>
        facts.Name is { } own ? own == name : IsNamed(folder, name);

    // A path without a state is a mistake in the command, whatever other states there are.
    private static void Require(string folder, string name)
    {
        if (TrainState.Exists(folder))
        {
            return;
        }
        string problem =
            Directory.Exists(folder) ? $"there is no state in this folder (no {TrainState.FileName})"
            : File.Exists(folder) ? "this is a file; a state is a folder"
            : "there is no such folder";
        string parent = Directory.Exists(folder) && !IsNamed(folder, name) ? folder : Parent(folder);
        string wayOut =
            Directory.Exists(parent) && Newest(parent, name, null, but: null) is { } newest
                ? $"The newest state of {name} is {newest}."
                : $"Name a folder that ends in {Suffix}, or resume from none.";
        throw FornoException.ForFile(folder, problem, wayOut);
    }

    // Damage may have hit the header, so what does not open counts; what opens and is something else does not.
    private static bool IsState(string folder)
    {
        try
        {
            using ITensorSource file = Checkpoint.Open(Path.Combine(folder, TrainState.FileName));
            return TrainState.IsMarked(file.Metadata);
        }
        catch (FornoException)
        {
            return true;
        }
    }

    private static string? Newest(string parent, string name, string? key, string? but) =>
        Directory
            .EnumerateDirectories(parent, "*" + Suffix)
            .Where(d => TrainState.Exists(d) && (but is null || Path.GetFullPath(d) != Path.GetFullPath(but)))
            .OrderByDescending(d => File.GetLastWriteTimeUtc(Path.Combine(d, TrainState.FileName)))
            .ThenByDescending(d => d, StringComparer.Ordinal)
            .FirstOrDefault(d =>
                TrainState.TryRead(d, out StateFacts? facts, out _)
                && BelongsTo(d, name, facts)
                && (key is null || facts.Key == key)
            );

    private static string Parent(string folder) =>
        Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)))!;

    // Folders as kohya names them: NAME-state, NAME-step00000012-state, NAME-000003-state.
    private static bool IsNamed(string folder, string name)
    {
        string last = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        return last.StartsWith(name, StringComparison.Ordinal) && Number().IsMatch(last[name.Length..]);
    }

    [GeneratedRegex(@"\A(-step\d{8,}|-\d{6,})?-state\z")]
    private static partial Regex Number();
}

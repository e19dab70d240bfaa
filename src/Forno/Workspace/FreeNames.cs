namespace Forno.Workspace;

/// <summary>
/// Names for new pictures of a folder. What shares a name belongs together, so a name is free only if no file of any
/// extension has it.
/// </summary>
/// <param name="taken">Paths that are there already.</param>
internal sealed class FreeNames(IEnumerable<string> taken)
{
    private readonly HashSet<string> stems = [.. taken.Select(Key)];

    /// <summary>Takes a name, or <c>name-2</c>, <c>name-3</c>, … if it is not free.</summary>
    /// <param name="folder">The folder; empty for the top.</param>
    /// <param name="name">The name without extension.</param>
    /// <returns>The path without extension.</returns>
    public string Take(string folder, string name)
    {
        string free = RelativePath.Join(folder, name);
        for (int n = 2; !stems.Add(free); n++)
        {
            free = RelativePath.Join(folder, Invariant.Text($"{name}-{n}"));
        }

        return free;
    }

    private static string Key(string path) => RelativePath.Join(RelativePath.Folder(path), RelativePath.Stem(path));
}

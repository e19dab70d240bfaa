using Forno.Files;

namespace Forno.Workspace;

/// <summary>
/// A running operation: announces changes in the journal, does them, notes them, and can take them back.
/// </summary>
/// <param name="root">The work folder.</param>
/// <param name="journal">Its journal.</param>
/// <param name="id">The operation's number.</param>
/// <param name="hooks">Where tests step in.</param>
internal sealed class JournaledOperation(string root, Journal journal, int id, WorkFolderHooks hooks)
{
    private readonly Lock gate = new();
    private readonly HashSet<string> used = new(StringComparer.Ordinal);
    private readonly HashSet<string> newFolders = new(StringComparer.Ordinal);
    private readonly HashSet<string> safeFolders = new(StringComparer.Ordinal);
    private readonly HashSet<string> left = new(StringComparer.Ordinal);

    /// <summary>How many files were changed.</summary>
    public int Count { get; private set; }

    /// <summary>Announces changes, first of all the operation itself if <paramref name="begin"/> is given.</summary>
    /// <exception cref="FornoException">A change does not fit what is there; nothing was announced then.</exception>
    public void Announce(IReadOnlyList<FileChange> changes, JournalLine? begin = null)
    {
        lock (gate)
        {
            List<JournalLine> lines = begin is null ? [] : [begin];
            var (paths, folders) = (new List<string>(), new List<string>());
            try
            {
                foreach (FileChange change in changes)
                {
                    Check(change, paths);
                    string folder = RelativePath.Folder((change as MoveFile)?.To ?? change.Path);
                    for (
                        string up = folder;
                        up.Length > 0 && !newFolders.Contains(up) && !Directory.Exists(Path.Join(root, up));
                        up = RelativePath.Folder(up)
                    )
                    {
                        newFolders.Add(up);
                        folders.Add(up);
                    }

                    RequireNoLink(folder);
                }

                // Parents first; lines are taken back from the last to the first.
                lines.AddRange(
                    folders.Order(StringComparer.Ordinal).Select(f => new JournalLine { Op = Journal.Folder, Path = f })
                );
                lines.AddRange(
                    changes.Select(c => new JournalLine
                    {
                        Op = c.Kind,
                        Path = c.Path,
                        To = (c as MoveFile)?.To,
                    })
                );
                journal.Append(lines, flush: true);
            }
            catch
            {
                used.ExceptWith(paths);
                newFolders.ExceptWith(folders);
                throw;
            }
        }
    }

    /// <summary>Announces one change that showed later.</summary>
    /// <returns>The change.</returns>
    public FileChange Announce(FileChange change)
    {
        Announce([change]);
        return change;
    }

    /// <summary>Does an announced change.</summary>
    /// <returns>What to note when the whole step is done.</returns>
    public JournalLine Do(FileChange change)
    {
        hooks.BeforeChange?.Invoke(change);
        string file = Path.Join(root, change.Path);
        switch (change)
        {
            case AddFile add:
                Action<Stream> write = Prepare(add.Content);
                MakeFolder(change.Path);
                Write(file, write);
                break;
            case ReplaceFile replace:
                // The new content may well be made of the old: it is ready before the old one goes.
                Action<Stream> rewrite = Prepare(replace.Content);
                Keep(change.Path, file);
                Write(file, rewrite);
                break;
            case MoveFile move:
                MakeFolder(move.To);
                Guard(file, () => File.Move(file, Path.Join(root, move.To)));
                break;
            default:
                Keep(change.Path, file);
                break;
        }

        FileInfo? written = change is AddFile or ReplaceFile ? new FileInfo(file) : null;
        return new JournalLine
        {
            Op = Journal.Done,
            Path = change.Path,
            Size = written?.Length,
            Ticks = written?.LastWriteTimeUtc.Ticks,
        };
    }

    /// <summary>Notes the changes of a step that is done.</summary>
    public void Note(IReadOnlyList<FileChange> changes, IReadOnlyList<JournalLine> done)
    {
        journal.Append(done, flush: false);
        lock (gate)
        {
            Count += done.Count;
            left.UnionWith(changes.Where(c => c is MoveFile or RemoveFile).Select(c => RelativePath.Folder(c.Path)));
        }
    }

    /// <summary>Takes back what a failed step has done so far.</summary>
    public void TakeBack(IEnumerable<FileChange> changes)
    {
        var reversal = new Reversal(root, id);
        foreach (FileChange change in changes.Reverse())
        {
            reversal.TakeBack(
                new JournalLine
                {
                    Op = change.Kind,
                    Path = change.Path,
                    To = (change as MoveFile)?.To,
                },
                null
            );
        }
    }

    /// <summary>Clears away folders that the operation emptied, notes the ones it made, and ends.</summary>
    public void End()
    {
        foreach (string unused in newFolders.OrderByDescending(f => f, StringComparer.Ordinal).ToArray())
        {
            string full = Path.Join(root, unused);
            if (!Directory.Exists(full) || IsEmpty(full))
            {
                newFolders.Remove(unused);
                TakeBack([new FolderChange(unused)]);
            }
        }

        List<JournalLine> lines = [.. newFolders.Order(StringComparer.Ordinal).Select(Done)];
        foreach (string emptied in left.Where(f => f.Length > 0).OrderByDescending(f => f.Length))
        {
            for (string up = emptied; up.Length > 0 && IsEmpty(Path.Join(root, up)); up = RelativePath.Folder(up))
            {
                journal.Append([new JournalLine { Op = Journal.NoFolder, Path = up }], flush: true);
                Directory.Delete(Path.Join(root, up));
                lines.Add(Done(up));
            }
        }

        AtomicFile.FlushAll(root);
        journal.Append([.. lines, new JournalLine { Op = Journal.End, Id = id }], flush: true);

        static JournalLine Done(string folder) =>
            new()
            {
                Op = Journal.Done,
                Path = folder,
                Name = Journal.Folder,
            };
    }

    private static bool IsEmpty(string folder) =>
        Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any();

    private void Check(FileChange change, List<string> paths)
    {
        foreach (string path in change is MoveFile move ? (string[])[move.Path, move.To] : [change.Path])
        {
            string full = RelativePath.Full(root, path);
            if (!used.Add(path))
            {
                throw new FornoException($"{path}: the plan changes it twice");
            }

            paths.Add(path);
            bool isNew = change is AddFile || path != change.Path;
            if (isNew && RelativePath.Taken(full))
            {
                throw FornoException.ForFile(full, "it exists already", "Choose another folder or another name.");
            }

            if (!isNew && !RelativePath.Taken(full))
            {
                throw FornoException.ForFile(
                    full,
                    "it is gone",
                    "Run the command again; leave the folder alone while it runs."
                );
            }
        }
    }

    // Writing through a linked folder would change files that are not the data set's.
    private void RequireNoLink(string folder)
    {
        for (string up = folder; up.Length > 0 && safeFolders.Add(up); up = RelativePath.Folder(up))
        {
            string full = Path.Join(root, up);
            if (new FileInfo(full).LinkTarget is not null)
            {
                safeFolders.Remove(up);
                throw FornoException.ForFile(
                    full,
                    "it is a link, and links are not written through",
                    "Put a folder in its place."
                );
            }

            if (File.Exists(full))
            {
                safeFolders.Remove(up);
                throw FornoException.ForFile(full, "it is a file, and a folder of this name is needed", "Rename it.");
            }
        }
    }

    private void MakeFolder(string path)
    {
        string folder = Path.Join(root, RelativePath.Folder(path));
        Guard(folder, () => Directory.CreateDirectory(folder));
    }

    private void Keep(string path, string file)
    {
        string kept = Reversal.KeptPath(root, id, path);
        Guard(
            file,
            () =>
            {
                Directory.CreateDirectory(Path.GetDirectoryName(kept)!);
                File.Move(file, kept);
            }
        );
    }

    private void Write(string file, Action<Stream> write)
    {
        hooks.BeforeWrite?.Invoke(file);
        try
        {
            // Flushed all at once at the end; until then the operation counts as unfinished.
            AtomicFile.Write(file, write, flush: false);
        }
        catch (UnreadableException e)
        {
            throw new StepException(e);
        }
    }

    private static Action<Stream> Prepare(FileContent content)
    {
        try
        {
            return content.Prepare();
        }
        catch (FornoException e)
        {
            throw new StepException(e);
        }
    }

    private static void Guard(string file, Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(
                file,
                $"cannot be changed ({e.Message})",
                "Check the permissions and the free space of its folder.",
                e
            );
        }
    }

    private sealed record FolderChange(string Path) : FileChange(Path)
    {
        public override string Kind => Journal.Folder;
    }
}

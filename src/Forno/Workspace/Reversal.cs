namespace Forno.Workspace;

/// <summary>
/// Takes changes back, judging by what is there, so that it may be stopped and begun again at any point: a file that
/// lies in <c>.forno/kept</c> goes back to its place, a moved one to its old name, an added one goes away. What
/// somebody changed by hand since is not thrown away but set aside in <c>.forno/kept/changed-N</c>.
/// </summary>
/// <param name="root">The work folder.</param>
/// <param name="id">The operation's number.</param>
internal sealed class Reversal(string root, int id)
{
    /// <summary>Files changed by hand since, set aside: where they are now, within the work folder.</summary>
    public List<string> SetAside { get; } = [];

    /// <summary>Where an operation keeps a file that it replaces or removes.</summary>
    public static string KeptPath(string root, int id, string path) =>
        Path.Join(
            root,
            WorkFolder.Hidden,
            "kept",
            id.ToString(System.Globalization.CultureInfo.InvariantCulture),
            path
        );

    /// <summary>Takes back an operation that never ended: everything that it announced, as far as it came.</summary>
    public void RollBack(JournalEntry entry)
    {
        for (int i = entry.Intents.Count - 1; i >= 0; i--)
        {
            TakeBack(entry.Intents[i], null);
        }

        foreach (string folder in entry.Intents.Select(l => RelativePath.Folder(l.To ?? l.Path!)).Distinct())
        {
            ClearTemporaries(folder);
        }

        ForgetKept();
    }

    /// <summary>Takes back an operation that ended: what it really did.</summary>
    public void Undo(JournalEntry entry)
    {
        for (int i = entry.Intents.Count - 1; i >= 0; i--)
        {
            if (entry.DoneLines.TryGetValue(entry.Intents[i].Path!, out JournalLine? done))
            {
                TakeBack(entry.Intents[i], done);
            }
        }

        ForgetKept();
    }

    /// <summary>Takes one change back.</summary>
    /// <param name="intent">The change.</param>
    /// <param name="done">What was noted when it was done; null if the operation did not end.</param>
    public void TakeBack(JournalLine intent, JournalLine? done)
    {
        string file = Path.Join(root, intent.Path),
            kept = KeptPath(root, id, intent.Path!);
        switch (intent.Op)
        {
            case "add":
                if (RelativePath.Taken(file) && !SetAsideIfChanged(intent.Path!, file, done))
                {
                    File.Delete(file);
                }

                break;
            case "replace":
                if (RelativePath.Taken(kept))
                {
                    if (RelativePath.Taken(file))
                    {
                        SetAsideIfChanged(intent.Path!, file, done);
                    }

                    Back(kept, file, overwrite: true);
                }

                break;
            case "remove":
                if (RelativePath.Taken(kept))
                {
                    PutAside(intent.Path!, file);
                    Back(kept, file, overwrite: false);
                }

                break;
            case "move":
                string moved = Path.Join(root, intent.To);
                if (RelativePath.Taken(moved) && (done is not null || !RelativePath.Taken(file)))
                {
                    PutAside(intent.Path!, file);
                    Back(moved, file, overwrite: false);
                }

                break;
            case Journal.Folder:
                if (Directory.Exists(file) && !Directory.EnumerateFileSystemEntries(file).Any())
                {
                    Directory.Delete(file);
                }

                break;
            case Journal.NoFolder:
                Directory.CreateDirectory(file);
                break;
            default:
                throw new FornoException(
                    $"{root}: its journal has '{intent.Op}', which this version of Forno does not know; "
                        + "use the version that wrote it"
                );
        }
    }

    private static void Back(string from, string to, bool overwrite)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        File.Move(from, to, overwrite);
    }

    private bool SetAsideIfChanged(string path, string file, JournalLine? done)
    {
        if (done?.Size is null)
        {
            return false;
        }

        FileInfo now = new(file);
        if (now.Exists && now.LinkTarget is null && now.Length == done.Size && now.LastWriteTimeUtc.Ticks == done.Ticks)
        {
            return false;
        }

        PutAside(path, file);
        return true;
    }

    private void PutAside(string path, string file)
    {
        if (!RelativePath.Taken(file))
        {
            return;
        }

        string aside = RelativePath.Join($"{WorkFolder.Hidden}/kept/changed-{id}", path);
        string free = aside;
        for (int n = 2; RelativePath.Taken(Path.Join(root, free)); n++)
        {
            free = $"{aside}.{n}";
        }

        Directory.CreateDirectory(Path.GetDirectoryName(Path.Join(root, free))!);
        if (Directory.Exists(file) && new FileInfo(file).LinkTarget is null)
        {
            Directory.Move(file, Path.Join(root, free));
        }
        else
        {
            File.Move(file, Path.Join(root, free));
        }

        SetAside.Add(free);
    }

    private void ClearTemporaries(string folder)
    {
        string full = Path.Join(root, folder);
        if (Directory.Exists(full))
        {
            foreach (string file in Directory.EnumerateFiles(full, ".forno-*.tmp"))
            {
                File.Delete(file);
            }
        }
    }

    // Only folders are left there when all is back.
    private void ForgetKept()
    {
        string kept = KeptPath(root, id, "");
        if (Directory.Exists(kept) && !Directory.EnumerateFiles(kept, "*", SearchOption.AllDirectories).Any())
        {
            Directory.Delete(kept, recursive: true);
        }
    }
}

namespace Forno.Kohya.Options;

/// <summary>What relative paths in a configuration mean.</summary>
/// <param name="WorkingFolder">Where they start from, as kohya's trainer.</param>
/// <param name="ConfigFolder">Where inputs are looked for second.</param>
public sealed record PathRules(string WorkingFolder, string ConfigFolder)
{
    /// <summary>The full path of a file or folder that should exist.</summary>
    public string Input(string path)
    {
        string first = Path.GetFullPath(path, WorkingFolder);
        string second = Path.GetFullPath(path, ConfigFolder);
        return !Path.Exists(first) && Path.Exists(second) ? second : first;
    }

    /// <summary>The full path of something that is written.</summary>
    public string Output(string path) => Path.GetFullPath(path, WorkingFolder);
}

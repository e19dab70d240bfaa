namespace Forno.Findings;

/// <summary>Makes remedies: <c>Fix.Run("dataset clean").OnDataSet().With("mark")</c>.</summary>
public static class Fix
{
    /// <summary>Run a command of Forno; its arguments follow.</summary>
    /// <param name="command">The command: <c>dataset clean</c>.</param>
    public static RunCommand Run(string command) => new(command, []);

    /// <summary>Set an option of the training configuration.</summary>
    public static SetOption Set(string option, bool value) => new(option, value);

    /// <inheritdoc cref="Set(string,bool)"/>
    public static SetOption Set(string option, double value) => new(option, value);

    /// <inheritdoc cref="Set(string,bool)"/>
    public static SetOption Set(string option, string value) => new(option, value);

    /// <summary>Set a number of the training configuration within a range.</summary>
    /// <param name="option">The option.</param>
    /// <param name="least">The least value.</param>
    /// <param name="most">The largest value; null = there is no limit.</param>
    public static SetWithin SetWithin(string option, double least, double? most = null) => new(option, least, most);

    /// <summary>Remove options from the training configuration.</summary>
    public static Remedy Remove(params IReadOnlyList<string> options) =>
        options.Count == 1 ? new RemoveOption(options[0]) : All([.. options.Select(o => new RemoveOption(o))]);

    /// <summary>Do something that no command does.</summary>
    /// <param name="what">What, as a request: <c>add pictures</c>.</param>
    public static ByHand ByHand(string what) => new(what);

    /// <summary>Do all of these, in order.</summary>
    public static Steps All(params IReadOnlyList<Remedy> steps) => new(steps);

    /// <summary>Compare the epochs of a training.</summary>
    public static Remedy CompareEpochs() =>
        Run("grid").Asking(null, "LORAS").Asking("prompts", "PROMPTS").Noting("compares its epochs");
}

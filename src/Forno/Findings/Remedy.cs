namespace Forno.Findings;

/// <summary>
/// Something that fixes a finding: a command to run, an option to set or to remove, something to do by hand, or several
/// of these one after the other. It says what; a face (command line, page, button) decides how it is written.
/// <see cref="Fix"/> makes them.
/// </summary>
public abstract record Remedy
{
    private protected Remedy() { }

    /// <summary>When to choose it or what it does, in a few words; null = it speaks for itself.</summary>
    public string? Note { get; init; }

    /// <summary>The same with a note: <c>shows them</c>, <c>where they are slips</c>.</summary>
    public Remedy Noting(string note) => this with { Note = note };
}

/// <summary>Run a command of Forno.</summary>
/// <param name="Name">The command: <c>dataset clean</c>.</param>
/// <param name="Arguments">Its arguments, in order.</param>
public sealed record RunCommand(string Name, IReadOnlyList<CommandArgument> Arguments) : Remedy
{
    /// <summary>With the folders of the data set as arguments.</summary>
    public RunCommand OnDataSet() => And(null, new CommandValue.DataSet());

    /// <summary>With folders of the data set as arguments.</summary>
    /// <param name="paths">Their paths in the data set; empty = its own folder.</param>
    public RunCommand OnParts(params IEnumerable<string> paths) =>
        paths.Aggregate(this, (command, path) => command.And(null, new CommandValue.Part(path)));

    /// <summary>
    /// Such that it changes them: what is no work folder is never changed, a new folder takes the changed copies.
    /// </summary>
    public RunCommand Changing() => And("out", new CommandValue.NewFolder(OnlyForOriginals: true));

    /// <summary>With a new folder for what it makes.</summary>
    public RunCommand IntoNew() => And("out", new CommandValue.NewFolder(OnlyForOriginals: false));

    /// <summary>With a switch.</summary>
    /// <param name="option">The option's name, without dashes.</param>
    public RunCommand With(string option) => And(option, null);

    /// <summary>With an option.</summary>
    /// <param name="option">The option's name, without dashes.</param>
    /// <param name="value">Its value.</param>
    public RunCommand With(string option, string value) => And(option, new CommandValue.Text(value));

    /// <inheritdoc cref="With(string,string)"/>
    public RunCommand With(string option, int value) => With(option, Invariant.Text($"{value}"));

    /// <summary>With the training configuration that the finding comes from.</summary>
    public RunCommand WithConfig() => And("config", new CommandValue.Config());

    /// <summary>With an option that the user has to complete.</summary>
    /// <param name="option">The option's name, without dashes; null = an argument.</param>
    /// <param name="form">What to write there, what is to be chosen in capitals: <c>NAME</c>, <c>OLD=NEW</c>.</param>
    public RunCommand Asking(string? option, string form) => And(option, new CommandValue.Choice(form));

    private RunCommand And(string? option, CommandValue? value) =>
        this with
        {
            Arguments = [.. Arguments, new CommandArgument(option, value)],
        };
}

/// <summary>Set an option of the training configuration.</summary>
/// <param name="Option">Its name, kohya's.</param>
/// <param name="Value">Its value: bool, int, long, double or string.</param>
public sealed record SetOption(string Option, object Value) : Remedy;

/// <summary>Set a number of the training configuration within a range.</summary>
/// <param name="Option">Its name, kohya's.</param>
/// <param name="Least">The least value.</param>
/// <param name="Most">The largest value; null = there is no limit.</param>
public sealed record SetWithin(string Option, double Least, double? Most) : Remedy;

/// <summary>Remove an option from the training configuration.</summary>
/// <param name="Option">Its name.</param>
public sealed record RemoveOption(string Option) : Remedy;

/// <summary>Do something that no command does.</summary>
/// <param name="What">What, as a request: <c>add pictures</c>.</param>
public sealed record ByHand(string What) : Remedy;

/// <summary>Do all of these, in order.</summary>
/// <param name="All">Two or more.</param>
public sealed record Steps(IReadOnlyList<Remedy> All) : Remedy;

/// <summary>An argument of a command.</summary>
/// <param name="Option">The option's name, without dashes; null = a plain argument.</param>
/// <param name="Value">Its value; null = a switch.</param>
public sealed record CommandArgument(string? Option, CommandValue? Value);

/// <summary>The value of an argument.</summary>
public abstract record CommandValue
{
    private protected CommandValue() { }

    /// <summary>The folders of the data set.</summary>
    public sealed record DataSet : CommandValue;

    /// <summary>A folder of the data set.</summary>
    /// <param name="Path">Its path in the data set; empty = the data set's own folder.</param>
    public sealed record Part(string Path) : CommandValue;

    /// <summary>The training configuration.</summary>
    public sealed record Config : CommandValue;

    /// <summary>A new folder, which the user has to name.</summary>
    /// <param name="OnlyForOriginals">Whether a work folder needs none: it is changed in place.</param>
    public sealed record NewFolder(bool OnlyForOriginals) : CommandValue;

    /// <summary>Text as it is.</summary>
    /// <param name="Value">The text.</param>
    public sealed record Text(string Value) : CommandValue;

    /// <summary>Something that the user has to choose.</summary>
    /// <param name="Form">Its form, what is to be chosen in capitals: <c>NAME</c>, <c>OLD=NEW</c>.</param>
    public sealed record Choice(string Form) : CommandValue;
}

namespace Forno;

/// <summary>
/// A failure that the user can act on: the message names the file (or option) and the way out. The program prints it
/// without a stack trace and ends with exit code 1. Anything else that escapes is a bug in Forno.
/// </summary>
public class FornoException : Exception
{
    /// <summary>Creates the exception with a message written for users.</summary>
    /// <param name="message">What is wrong, where, and what to do about it.</param>
    public FornoException(string message)
        : base(message) { }

    /// <summary>Creates the exception with a message written for users and the failure underneath.</summary>
    /// <param name="message">What is wrong, where, and what to do about it.</param>
    /// <param name="inner">The failure that led to it.</param>
    public FornoException(string message, Exception inner)
        : base(message, inner) { }

    /// <summary>Creates the exception with the three parts every message should have.</summary>
    /// <param name="file">The file that is wrong.</param>
    /// <param name="problem">What is wrong with it, without a final full stop.</param>
    /// <param name="wayOut">What the user can do, a whole sentence.</param>
    /// <param name="inner">The failure underneath, if there is one.</param>
    /// <returns>An exception with the message "file: problem. wayOut".</returns>
    public static FornoException ForFile(string file, string problem, string wayOut, Exception? inner = null)
    {
        string message = $"{file}: {problem}{(problem.EndsWith('?') ? "" : ".")} {wayOut}";
        return inner is null ? new FornoException(message) : new FornoException(message, inner);
    }
}

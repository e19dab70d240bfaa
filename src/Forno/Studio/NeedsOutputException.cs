namespace Forno.Studio;

/// <summary>
/// A change was asked for that would alter originals: a place for the changed copies is missing. A face says how one is
/// named there.
/// </summary>
/// <param name="source">The folder or file that would be altered, as it was named.</param>
/// <param name="problem">Why it cannot be changed where it is.</param>
/// <param name="wayOut">What is needed, a whole sentence.</param>
public sealed class NeedsOutputException(string source, string problem, string wayOut)
    : FornoException($"{source}: {problem}. {wayOut}")
{
    /// <summary>The folder or file that would be altered, as it was named.</summary>
    public string Original { get; } = source;

    /// <summary>Why it cannot be changed where it is.</summary>
    public string Problem { get; } = problem;
}

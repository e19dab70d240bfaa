namespace Forno.Conformance;

/// <summary>How a case ended.</summary>
public enum CaseOutcome
{
    /// <summary>Everything compared agrees within the case's tolerance.</summary>
    Ok,

    /// <summary>Something differs, or the computation threw.</summary>
    Fail,

    /// <summary>The case asks for a kind that is not built yet; neither a success nor a failure.</summary>
    Unknown,

    /// <summary>The case needs a package that is not fetched; neither a success nor a failure.</summary>
    Skipped,
}

/// <summary>The result of one golden case.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="MaxAbs">Largest |got − want| of all compared numbers; 0 where nothing but exact answers was
/// compared.</param>
/// <param name="MaxRel">Largest |got − want| / |want| of the compared numbers with |want| above the absolute
/// tolerance.</param>
/// <param name="Message">Empty for a success; else what differs, or which kind is unknown.</param>
public sealed record CaseResult(CaseOutcome Outcome, double MaxAbs, double MaxRel, string Message)
{
    /// <summary>A success of exact answers (ids, names, JSON).</summary>
    /// <returns>A result with both distances 0.</returns>
    public static CaseResult Ok() => new(CaseOutcome.Ok, 0, 0, "");

    /// <summary>A failure without numbers.</summary>
    /// <param name="message">What differs.</param>
    /// <returns>The failed result.</returns>
    public static CaseResult Fail(string message) => new(CaseOutcome.Fail, 0, 0, message);

    /// <summary>The case wants a kind that does not exist here yet.</summary>
    /// <param name="kind">What it wants, as the case names it: <c>optimizer Lion</c>, <c>adapter loha</c>.</param>
    /// <returns>A result that is counted apart.</returns>
    public static CaseResult Unknown(string kind) => new(CaseOutcome.Unknown, 0, 0, kind);

    /// <summary>The case cannot be computed for want of a package.</summary>
    /// <param name="need">What is missing, and how to get it.</param>
    /// <returns>A result that is counted apart.</returns>
    public static CaseResult Skipped(string need) => new(CaseOutcome.Skipped, 0, 0, need);
}

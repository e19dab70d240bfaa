namespace Forno.Conformance;

/// <summary>
/// Checks one suite of goldens: how its cases are computed here, and what must agree. It must hold the general rule of
/// the suite's README and never look at a case's name.
/// </summary>
public interface IConformanceSuite
{
    /// <summary>The suite's folder name, for example <c>unet</c>.</summary>
    string Name { get; }

    /// <summary>Computes one case and compares it.</summary>
    /// <param name="golden">The case; its files are read from its own folder and the suite's.</param>
    /// <returns>
    /// What came of it. An exception that is thrown instead counts as a failure with its message, so a suite need not
    /// catch; <see cref="CaseResult.Unknown"/> is only for kinds that this program does not have yet.
    /// </returns>
    CaseResult Run(GoldenCase golden);
}

using System.Globalization;

namespace Forno.Conformance;

/// <summary>The tally of a run.</summary>
public sealed record ConformanceReport
{
    /// <summary>Cases that agree.</summary>
    public int Ok { get; init; }

    /// <summary>Cases that differ or threw.</summary>
    public int Failed { get; init; }

    /// <summary>Cases of kinds that are not built yet, within known suites.</summary>
    public int UnknownCases { get; init; }

    /// <summary>Cases that need a package that is not fetched.</summary>
    public int Skipped { get; init; }

    /// <summary>Suites in the folder that this program does not know.</summary>
    public IReadOnlyList<string> UnknownSuites { get; init; } = [];
}

/// <summary>Runs goldens: every case of every known suite in a folder, one line a case.</summary>
/// <param name="suites">The known suites by folder name.</param>
public sealed class ConformanceRunner(IReadOnlyDictionary<string, IConformanceSuite> suites)
{
    /// <summary>The cases of a suite, in order of name.</summary>
    /// <param name="suiteFolder">Folder with one folder a case; loose files in it are shared by the cases.</param>
    /// <returns>Absolute folders.</returns>
    public static IReadOnlyList<string> Cases(string suiteFolder) =>
        [.. Directory.EnumerateDirectories(suiteFolder).Order(StringComparer.Ordinal)];

    /// <summary>Computes one case; whatever it throws becomes a failure with the exception's message.</summary>
    /// <param name="suite">The checker.</param>
    /// <param name="caseFolder">The case's folder.</param>
    /// <returns>The result.</returns>
    public static CaseResult RunCase(IConformanceSuite suite, string caseFolder)
    {
        try
        {
            return suite.Run(GoldenCase.Load(caseFolder));
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            string where = e is FornoException ? "" : FirstFrame(e);
            return CaseResult.Fail($"{e.GetType().Name}: {e.Message}{where}");
        }
    }

    /// <summary>Runs the cases of a folder.</summary>
    /// <param name="goldens">Folder with one folder a suite.</param>
    /// <param name="only">The one suite to run, or null for all.</param>
    /// <param name="line">Receives each result and, at the end, each unknown suite as a line for people.</param>
    /// <param name="cancel">Stops between two cases.</param>
    /// <returns>The tally.</returns>
    /// <exception cref="FornoException">The folder is absent or holds no suite, or <paramref name="only"/> names
    /// none.</exception>
    public ConformanceReport Run(string goldens, string? only, Action<string> line, CancellationToken cancel)
    {
        if (!Directory.Exists(goldens))
        {
            throw new FornoException($"{goldens}: no such folder; give the folder that holds one folder a suite");
        }

        string[] present =
        [
            .. Directory.EnumerateDirectories(goldens).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal),
        ];
        if (only is not null)
        {
            if (!suites.ContainsKey(only))
            {
                throw new FornoException(
                    $"unknown suite '{only}'; known: {string.Join(", ", suites.Keys.Order(StringComparer.Ordinal))}"
                );
            }

            if (!present.Contains(only, StringComparer.Ordinal))
            {
                throw new FornoException($"{goldens} has no suite '{only}'; it has: {string.Join(", ", present)}");
            }

            present = [only];
        }

        int ok = 0,
            failed = 0,
            unknown = 0,
            skipped = 0;
        List<string> unknownSuites = [];
        foreach (string name in present)
        {
            if (!suites.TryGetValue(name, out IConformanceSuite? suite))
            {
                unknownSuites.Add(name);
                continue;
            }

            foreach (string folder in Cases(Path.Combine(goldens, name)))
            {
                cancel.ThrowIfCancellationRequested();
                CaseResult result = RunCase(suite, folder);
                string subject = $"{name}/{Path.GetFileName(folder)}";
                _ = result.Outcome switch
                {
                    CaseOutcome.Ok => ok++,
                    CaseOutcome.Unknown => unknown++,
                    CaseOutcome.Skipped => skipped++,
                    _ => failed++,
                };
                line(Format(subject, result));
            }
        }

        foreach (string name in unknownSuites)
        {
            line($"unknown suite {name}");
        }

        return ok + failed + unknown + skipped + unknownSuites.Count == 0
            ? throw new FornoException(
                $"{goldens}: nothing to run there; give the folder that holds one folder a suite"
            )
            : new ConformanceReport
            {
                Ok = ok,
                Failed = failed,
                UnknownCases = unknown,
                Skipped = skipped,
                UnknownSuites = unknownSuites,
            };
    }

    /// <summary>A result as one line.</summary>
    /// <param name="subject"><c>suite/case</c>.</param>
    /// <param name="result">Its result.</param>
    /// <returns><c>ok unet/tiny max_abs=… max_rel=…</c>, <c>FAIL …</c>, <c>unknown …</c> or <c>skip …</c>;
    /// never a line
    /// break inside.</returns>
    public static string Format(string subject, CaseResult result)
    {
        string distances = Invariant.Text($"max_abs={result.MaxAbs:0.##e+0} max_rel={result.MaxRel:0.##e+0}");
        string text = result.Outcome switch
        {
            CaseOutcome.Ok => $"ok {subject} {distances}",
            CaseOutcome.Unknown => $"unknown {subject} not yet known: {result.Message}",
            CaseOutcome.Skipped => $"skip {subject} {result.Message}",
            _ => $"FAIL {subject} {distances} {result.Message}",
        };
        return text.ReplaceLineEndings(" ");
    }

    private static string FirstFrame(Exception e)
    {
        string? frame = e
            .StackTrace?.Split('\n')
            .Select(l => l.Trim())
            .FirstOrDefault(l => l.Contains("Forno.", StringComparison.Ordinal));
        return frame is null ? "" : $" ({frame})";
    }
}

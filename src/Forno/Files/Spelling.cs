namespace Forno.Files;

/// <summary>Help with names that users mistyped.</summary>
public static class Spelling
{
    /// <summary>"; did you mean 'x'?" with the nearest valid name, or "" if none is near.</summary>
    /// <param name="unknown">What was written.</param>
    /// <param name="valid">The valid names.</param>
    public static string DidYouMean(string unknown, IEnumerable<string> valid) =>
        Closest(unknown, valid) is { } name ? $"; did you mean '{name}'?" : "";

    /// <summary>The nearest valid name by edit distance, or null if all differ in more than about a third.</summary>
    public static string? Closest(string unknown, IEnumerable<string> valid)
    {
        if (unknown.Length > 100)
        {
            return null;
        }

        var best = valid
            .Select(name => (Name: name, Distance: Distance(unknown.ToLowerInvariant(), name.ToLowerInvariant())))
            .OrderBy(c => c.Distance)
            .ThenBy(c => c.Name, StringComparer.Ordinal)
            .FirstOrDefault();
        return best.Name is not null && best.Distance <= Math.Max(2, unknown.Length / 3) ? best.Name : null;
    }

    /// <summary>Levenshtein's distance.</summary>
    private static int Distance(string a, string b)
    {
        int[] row = Enumerable.Range(0, b.Length + 1).ToArray();
        for (int i = 1; i <= a.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substituted, 1 + Math.Min(row[j], row[j - 1]));
            }
        }

        return row[^1];
    }
}

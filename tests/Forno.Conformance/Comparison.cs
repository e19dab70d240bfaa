using System.Globalization;
using System.Numerics;
using System.Text.Json;
using Forno.Checkpoints.Sources;
using Forno.Torch;

namespace Forno.Conformance;

/// <summary>
/// Collects the comparisons of one case and ends as its result. Every difference is noted and the first few are told;
/// a case in which nothing was compared is a failure, so that a checker that skips everything cannot pass.
/// </summary>
/// <param name="golden">The case, for its tolerance.</param>
public sealed class Comparison(GoldenCase golden)
{
    private const int MaxTold = 4;
    private readonly List<string> differences = [];
    private int failed;
    private int compared;
    private double maxAbs;
    private double maxRel;

    /// <summary>Whether everything so far agrees.</summary>
    public bool Agrees => failed == 0;

    /// <summary>Compares two arrays by the bound that the case sets for this name.</summary>
    /// <typeparam name="T">Any number type; compared as double.</typeparam>
    /// <param name="name">The tensor's name in the goldens (<c>out.sample</c>); chooses among <c>by_prefix</c>
    /// bounds.</param>
    /// <param name="got">What was computed, row-major.</param>
    /// <param name="gotShape">Its shape.</param>
    /// <param name="want">The golden answer, row-major.</param>
    /// <param name="wantShape">Its shape; a different one is a failure whatever the numbers.</param>
    public void Numbers<T>(
        string name,
        ReadOnlySpan<T> got,
        ReadOnlySpan<long> gotShape,
        ReadOnlySpan<T> want,
        ReadOnlySpan<long> wantShape
    )
        where T : INumberBase<T> => Numbers(name, got, gotShape, want, wantShape, golden.Tolerance.For(name));

    /// <summary>Compares two arrays by a bound of the caller's own, for what the suite's README bounds apart.</summary>
    /// <inheritdoc
    /// cref="Numbers{T}(string, ReadOnlySpan{T}, ReadOnlySpan{long}, ReadOnlySpan{T}, ReadOnlySpan{long})"/>
    /// <param name="name">The tensor's name in the goldens.</param>
    /// <param name="got">What was computed, row-major.</param>
    /// <param name="gotShape">Its shape.</param>
    /// <param name="want">The golden answer, row-major.</param>
    /// <param name="wantShape">Its shape.</param>
    /// <param name="bound">The limits.</param>
    public void Numbers<T>(
        string name,
        ReadOnlySpan<T> got,
        ReadOnlySpan<long> gotShape,
        ReadOnlySpan<T> want,
        ReadOnlySpan<long> wantShape,
        Bound bound
    )
        where T : INumberBase<T>
    {
        compared++;
        if (!gotShape.SequenceEqual(wantShape))
        {
            Differs($"{name}: shape {Shape(gotShape)}, want {Shape(wantShape)}");
            return;
        }

        if (got.Length != want.Length)
        {
            Differs($"{name}: {got.Length} elements, want {want.Length}");
            return;
        }

        int outside = 0,
            worst = -1;
        double worstExcess = double.NegativeInfinity;
        for (int i = 0; i < got.Length; i++)
        {
            double a = double.CreateChecked(got[i]),
                b = double.CreateChecked(want[i]);
            if (Note(a, b, bound, out double excess))
            {
                continue;
            }

            outside++;
            if (excess > worstExcess || worst < 0)
            {
                (worst, worstExcess) = (i, excess);
            }
        }

        if (outside > 0)
        {
            Differs(
                $"{name}: {outside} of {got.Length} outside atol {Text(bound.Atol)} rtol {Text(bound.Rtol)}; worst at "
                    + $"{worst} of {Shape(wantShape)}: {Text(double.CreateChecked(got[worst]))}, want "
                    + $"{Text(double.CreateChecked(want[worst]))}"
            );
        }
    }

    /// <summary>Compares a tensor with the golden one of the same name: type, shape, numbers.</summary>
    /// <param name="name">The tensor's name in the goldens; chooses the bound.</param>
    /// <param name="got">What was computed, on any device, in any layout.</param>
    /// <param name="goldens">The file that has the answer.</param>
    /// <param name="bound">The limits; null takes the case's.</param>
    public void Tensor(string name, Tensor got, ITensorSource goldens, Bound? bound = null)
    {
        using Scope scope = new();
        Tensor want = goldens.Load(name);
        if (got.DType != want.DType)
        {
            Fail($"{name}: type {got.DType}, want {want.DType}");
            return;
        }

        // float64 holds every float exactly; integers beyond 2^53 do not occur in goldens.
        Numbers<double>(
            name,
            got.Detach().To(Device.Cpu).To(DType.Float64).Contiguous().AsSpan<double>(),
            got.Shape,
            want.To(DType.Float64).Contiguous().AsSpan<double>(),
            want.Shape,
            bound ?? golden.Tolerance.For(name)
        );
    }

    /// <summary>Compares one number by the case's bound for this name, or by the given one.</summary>
    /// <param name="name">What it is.</param>
    /// <param name="got">What was computed.</param>
    /// <param name="want">The golden answer.</param>
    /// <param name="bound">The limits; null takes the case's.</param>
    public void Number(string name, double got, double want, Bound? bound = null)
    {
        compared++;
        if (!Note(got, want, bound ?? golden.Tolerance.For(name), out _))
        {
            Differs($"{name}: {Text(got)}, want {Text(want)}");
        }
    }

    /// <summary>Compares two values for equality.</summary>
    /// <typeparam name="T">Strings, integers, enums, records.</typeparam>
    /// <param name="name">What it is.</param>
    /// <param name="got">What was computed.</param>
    /// <param name="want">The golden answer.</param>
    public void Same<T>(string name, T got, T want)
    {
        compared++;
        if (!EqualityComparer<T>.Default.Equals(got, want))
        {
            Differs($"{name}: {Quote(got)}, want {Quote(want)}");
        }
    }

    /// <summary>
    /// Compares an answer with golden JSON, member by member: strings, booleans, nulls and integers exactly, other
    /// numbers by the case's default bound, objects with the same set of names in any order.
    /// </summary>
    /// <param name="name">What it is; differences are told with their path below it.</param>
    /// <param name="got">Anything that System.Text.Json can write (records, lists, dictionaries, JSON nodes).</param>
    /// <param name="want">The golden answer.</param>
    public void Json(string name, object? got, JsonElement want)
    {
        compared++;
        JsonElement element = got is JsonElement json
            ? json
            : JsonSerializer.SerializeToElement(got, got?.GetType() ?? typeof(object));
        JsonDiffers(name, element, want);
    }

    /// <summary>Notes a failure that no comparison above expresses.</summary>
    /// <param name="message">What differs.</param>
    public void Fail(string message)
    {
        compared++;
        Differs(message);
    }

    /// <summary>Ends the case.</summary>
    /// <returns>A success if at least one comparison was made and all agree.</returns>
    public CaseResult Result()
    {
        if (compared == 0)
        {
            return CaseResult.Fail("nothing was compared");
        }

        string more = failed > MaxTold ? $" (and {failed - MaxTold} more)" : "";
        return failed == 0
            ? new CaseResult(CaseOutcome.Ok, maxAbs, maxRel, "")
            : new CaseResult(CaseOutcome.Fail, maxAbs, maxRel, string.Join("; ", differences) + more);
    }

    // True if within the bound. NaN agrees with NaN, an infinity only with itself.
    private bool Note(double got, double want, Bound bound, out double excess)
    {
        if (got.Equals(want) || got == want)
        {
            excess = 0;
            return true;
        }

        if (!double.IsFinite(got) || !double.IsFinite(want))
        {
            excess = double.PositiveInfinity;
            maxAbs = maxRel = double.PositiveInfinity;
            return false;
        }

        double distance = Math.Abs(got - want),
            limit = bound.Atol + (bound.Rtol * Math.Abs(want));
        excess = distance - limit;
        maxAbs = Math.Max(maxAbs, distance);
        if (Math.Abs(want) > bound.Atol)
        {
            maxRel = Math.Max(maxRel, distance / Math.Abs(want));
        }

        return distance <= limit;
    }

    private void JsonDiffers(string path, JsonElement got, JsonElement want)
    {
        bool bothBool =
            got.ValueKind is JsonValueKind.True or JsonValueKind.False
            && want.ValueKind is JsonValueKind.True or JsonValueKind.False;
        if (got.ValueKind != want.ValueKind && !bothBool)
        {
            Differs($"{path}: {Cut(got.GetRawText())}, want {Cut(want.GetRawText())}");
            return;
        }

        switch (want.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (JsonProperty member in want.EnumerateObject())
                {
                    if (got.TryGetProperty(member.Name, out JsonElement value))
                    {
                        JsonDiffers($"{path}.{member.Name}", value, member.Value);
                    }
                    else
                    {
                        Differs($"{path}.{member.Name}: absent");
                    }
                }

                foreach (JsonProperty member in got.EnumerateObject())
                {
                    if (!want.TryGetProperty(member.Name, out _))
                    {
                        Differs($"{path}.{member.Name}: not expected");
                    }
                }

                break;
            case JsonValueKind.Array:
                if (got.GetArrayLength() != want.GetArrayLength())
                {
                    Differs(
                        $"{path}: {got.GetArrayLength()} entries {Cut(got.GetRawText())}, "
                            + $"want {want.GetArrayLength()} {Cut(want.GetRawText())}"
                    );
                    break;
                }

                for (int i = 0; i < want.GetArrayLength(); i++)
                {
                    JsonDiffers($"{path}[{i}]", got[i], want[i]);
                }

                break;
            case JsonValueKind.Number:
                bool integers = want.TryGetInt64(out long w) & got.TryGetInt64(out long g);
                if (integers ? w != g : !Note(got.GetDouble(), want.GetDouble(), golden.Tolerance.Default, out _))
                {
                    Differs($"{path}: {got.GetRawText()}, want {want.GetRawText()}");
                }

                break;
            case JsonValueKind.String:
                if (got.GetString() != want.GetString())
                {
                    Differs($"{path}: {Cut(got.GetRawText())}, want {Cut(want.GetRawText())}");
                }

                break;
            default:
                if (got.ValueKind != want.ValueKind)
                {
                    Differs($"{path}: {got.GetRawText()}, want {want.GetRawText()}");
                }

                break;
        }
    }

    private void Differs(string message)
    {
        failed++;
        if (differences.Count < MaxTold)
        {
            differences.Add(message);
        }
    }

    private static string Quote<T>(T value) => value is string s ? $"\"{Cut(s)}\"" : Cut(value?.ToString() ?? "null");

    private static string Cut(string text) => text.Length <= 160 ? text : text[..157] + "...";

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);

    private static string Shape(ReadOnlySpan<long> shape) => $"[{string.Join(", ", shape.ToArray())}]";
}

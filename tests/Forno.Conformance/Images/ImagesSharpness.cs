using System.Text.Json;
using Forno.Imaging.Measures;

namespace Forno.Conformance.Images;

/// <summary>The variance of the Laplacian: within 2 % of the reference's, and falling from sharp to blurred.</summary>
internal static class ImagesSharpness
{
    public static void Check(GoldenCase golden, Comparison comparison)
    {
        var scanner = new PictureScanner();
        foreach (JsonElement group in golden.Expect.GetProperty("groups").EnumerateArray())
        {
            string[] order = Names(group.GetProperty("order")),
                less = Names(group.GetProperty("less_than_first"));
            var measured = order
                .Concat(less)
                .Distinct()
                .ToDictionary(f => f, f => scanner.Scan(golden.PathOf(f)).Sharpness);
            foreach ((string first, string second) in order.Zip(order.Skip(1)).Concat(less.Select(l => (order[0], l))))
            {
                comparison.Same($"{first} sharper than {second}", measured[first] > measured[second], true);
            }

            foreach (JsonProperty want in group.GetProperty("laplacian_variance").EnumerateObject())
            {
                double got = measured.TryGetValue(want.Name, out double known)
                    ? known
                    : scanner.Scan(golden.PathOf(want.Name)).Sharpness;
                comparison.Number(want.Name, got, want.Value.GetDouble(), new Bound(0, 0.02));
            }
        }
    }

    private static string[] Names(JsonElement names) => [.. names.EnumerateArray().Select(n => n.GetString()!)];
}

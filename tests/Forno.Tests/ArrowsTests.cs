using System.Reflection;
using System.Text;
using Forno.TestKit;

namespace Forno.Tests;

/// <summary>
/// Holds the arrows of the house against the table in ARCHITECTURE.md: which room, sub-room and assembly knows which.
/// Every arrow that is used stands there, and no other; there are no circles.
/// </summary>
public class ArrowsTests
{
    private static readonly string[] Assemblies =
    [
        "Forno.Torch",
        "Forno",
        "Forno.Pocket",
        "Forno.Reports",
        "forno-cli",
    ];

    private static readonly Lazy<SortedDictionary<string, SortedSet<string>>> Used = new(Find);

    [Fact]
    public void TheArrowsAreThoseOfTheTable()
    {
        SortedDictionary<string, SortedSet<string>> table = Table();
        StringBuilder wrong = new();
        foreach (string room in Used.Value.Keys.Union(table.Keys).Order(StringComparer.Ordinal))
        {
            SortedSet<string> used = Used.Value.GetValueOrDefault(room, []);
            SortedSet<string> written = table.GetValueOrDefault(room, []);
            if (!table.ContainsKey(room) || !used.SetEquals(written))
            {
                wrong.AppendLine(
                    $"{room}: new {Names(used.Except(written))}, gone {Names(written.Except(used))}; the line would be"
                );
                wrong.AppendLine($"{room} → {(used.Count == 0 ? "nothing" : string.Join(", ", used))}");
            }
        }

        Assert.True(wrong.Length == 0, $"ARCHITECTURE.md and the code differ:\n{wrong}");

        static string Names(IEnumerable<string> rooms) =>
            string.Join(", ", rooms) is { Length: > 0 } names ? names : "–";
    }

    [Fact]
    public void ThereAreNoCircles()
    {
        Assert.Empty(Circle(Used.Value));
        Assert.Equal(
            ["A", "B", "A"],
            Circle(
                new()
                {
                    ["A"] = ["B"],
                    ["B"] = ["C", "A"],
                    ["C"] = [],
                }
            )
        );
    }

    [Fact]
    public void BelowTheFacesNothingKnowsTheConsoleOrHttp()
    {
        foreach (string assembly in Assemblies.Where(a => a != "forno-cli"))
        {
            IEnumerable<Type> known = Assembly.Load(assembly).GetTypes().SelectMany(KnownTypes.Of);
            Assert.DoesNotContain(
                known,
                t =>
                    t == typeof(Console)
                    || (
                        t.Namespace?.StartsWith("System.Net", StringComparison.Ordinal) == true
                        && t != typeof(System.Net.WebUtility)
                    )
                    || t.Assembly.GetName().Name is "System.CommandLine"
            );
        }
    }

    [Fact]
    public void TheTestSeesWhatAMethodBodyKnows()
    {
        IReadOnlySet<Type> known = KnownTypes.Of(typeof(Sample));
        Assert.Contains(typeof(Console), known);
        Assert.Contains(typeof(Uri), known);
        Assert.Contains(typeof(Version), known);
        Assert.Contains("Torch", Used.Value["Nn"]);
        Assert.DoesNotContain("Models", Used.Value["Diffusion"]);
    }

    // The lines between ```arrows and ```: "Room → Room, Room" or "Room → nothing".
    private static SortedDictionary<string, SortedSet<string>> Table()
    {
        SortedDictionary<string, SortedSet<string>> table = new(StringComparer.Ordinal);
        IEnumerable<string> lines = File.ReadLines(Path.Join(Goldens.RepositoryRoot, "ARCHITECTURE.md"))
            .SkipWhile(l => l != "```arrows")
            .Skip(1)
            .TakeWhile(l => l != "```");
        string room = "";
        foreach (string line in lines.Where(l => l.Length > 0))
        {
            string[] parts = line.Split('→', StringSplitOptions.TrimEntries);
            room = parts.Length == 2 ? parts[0] : room; // a line without an arrow goes on with the one above
            table.TryAdd(room, new SortedSet<string>(StringComparer.Ordinal));
            table[room]
                .UnionWith(
                    parts[^1]
                        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                        .Where(n => n != "nothing")
                );
        }

        return table;
    }

    private static SortedDictionary<string, SortedSet<string>> Find()
    {
        SortedDictionary<string, SortedSet<string>> arrows = new(StringComparer.Ordinal);
        foreach (Type type in Assemblies.SelectMany(a => Assembly.Load(a).GetTypes()))
        {
            if (RoomOf(type) is not { } from)
            {
                continue;
            }

            arrows.TryAdd(from, new SortedSet<string>(StringComparer.Ordinal));
            arrows[from].UnionWith(KnownTypes.Of(type).Select(RoomOf).OfType<string>().Where(to => to != from));
        }

        return arrows;
    }

    // The namespace without "Forno."; the root's few types (errors, the version) are everyone's ground.
    private static string? RoomOf(Type type) =>
        type.Namespace is { } n && n.StartsWith("Forno.", StringComparison.Ordinal) ? n["Forno.".Length..] : null;

    private static List<string> Circle(SortedDictionary<string, SortedSet<string>> arrows)
    {
        HashSet<string> clean = [];
        List<string> way = [];
        return arrows.Keys.Any(Leads) ? way : [];

        bool Leads(string room)
        {
            if (clean.Contains(room))
            {
                return false;
            }

            int met = way.IndexOf(room);
            way.Add(room);
            if (met >= 0)
            {
                way.RemoveRange(0, met);
                return true;
            }

            if (arrows.GetValueOrDefault(room, []).Any(Leads))
            {
                return true;
            }

            way.RemoveAt(way.Count - 1);
            clean.Add(room);
            return false;
        }
    }

    private sealed class Sample
    {
        public static void Say() => Console.WriteLine(new List<Uri>().Count + Parts<Version>());

        private static int Parts<T>() => typeof(T).Name.Length;
    }
}

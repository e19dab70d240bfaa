using System.Text.Json;
using Forno.Imaging;
using Forno.Workspace;

namespace Forno.Datasets.Crops;

/// <summary>
/// Boxes that a detector or a person wrote down, one JSON file for a data set. Names are paths within the data set, or
/// bare file names, then for every picture of that name; boxes are <c>[left, top, width, height]</c> in pixels of the
/// upright picture:
/// <code>{ "10_cat/a.png": { "subject": [40, 12, 300, 800], "head": [120, 12, 110, 130], "face": [140, 50, 80, 85] }
/// }</code>
/// Each of the three may be absent.
/// </summary>
public sealed class SubjectBoxes
{
    private static readonly string[] Names = ["subject", "head", "face"];
    private readonly Dictionary<string, Dictionary<string, Box>> byName = new(StringComparer.Ordinal);
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    private SubjectBoxes() { }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FornoException">It is absent or not of this form; the message tells where.</exception>
    public static SubjectBoxes Read(string path)
    {
        const string Form =
            "It must hold { \"a.png\": { \"subject\": [left, top, width, height], \"head\": […], \"face\": […] }, … }.";
        var boxes = new SubjectBoxes();
        try
        {
            using var document = JsonDocument.Parse(
                File.ReadAllBytes(path),
                new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true }
            );
            foreach (JsonProperty picture in document.RootElement.EnumerateObject())
            {
                var own = boxes.byName[picture.Name.Replace('\\', '/')] = [];
                foreach (JsonProperty box in picture.Value.EnumerateObject())
                {
                    own[
                        Names.Contains(box.Name)
                            ? box.Name
                            : throw FornoException.ForFile(
                                path,
                                $"{picture.Name} has '{box.Name}'",
                                $"There are: {string.Join(", ", Names)}."
                            )
                    ] = box.Value.EnumerateArray().Select(n => (int)Math.Round(n.GetDouble())).ToArray()
                        is [var left, var top, var width, var height]
                        ? new Box(left, top, width, height)
                        : throw FornoException.ForFile(
                            path,
                            $"{picture.Name}: {box.Name} does not have four numbers",
                            Form
                        );
                }
            }

            return boxes;
        }
        catch (JsonException e)
        {
            throw FornoException.ForFile(path, $"not JSON (line {e.LineNumber + 1})", Form, e);
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException or OverflowException)
        {
            throw FornoException.ForFile(path, $"not a valid file of boxes ({e.Message})", Form, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw FornoException.ForFile(path, $"cannot be read ({e.Message})", "Check its name.", e);
        }
    }

    /// <summary>The boxes of a picture, by name; null if the file has none for it.</summary>
    /// <param name="path">Its path within the data set.</param>
    public IReadOnlyDictionary<string, Box>? Of(string path)
    {
        lock (asked)
        {
            string key = byName.ContainsKey(path) ? path : RelativePath.Name(path);
            asked.Add(key);
            return byName.GetValueOrDefault(key);
        }
    }

    /// <summary>Names in the file that no picture had that was asked for.</summary>
    public IReadOnlyList<string> Unused() =>
        [.. byName.Keys.Where(n => !asked.Contains(n)).Order(StringComparer.Ordinal)];
}

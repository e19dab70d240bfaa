using System.Text.Json;
using Forno.Checkpoints;
using Forno.Checkpoints.Sources;
using Forno.Pocket.Data;
using Forno.Pocket.Training;
using Forno.Training.Logs;

namespace Forno.Tests.Pocket;

/// <summary>
/// Made-up Pocket data: concepts are coloured squares and discs, styles their ground and size. The first concepts have
/// the names that every Pocket has.
/// </summary>
internal sealed class PocketFake : IDisposable
{
    private static readonly (string Name, byte[] Colour)[] Concepts =
    [
        ("red heart", [220, 20, 30]),
        ("green apple", [20, 180, 40]),
        ("cat face", [250, 200, 40]),
        ("blue book", [30, 60, 220]),
        ("black circle", [10, 10, 10]),
        ("pink flower", [250, 130, 190]),
        ("brown bear", [120, 70, 30]),
        ("pear", [180, 220, 60]),
    ];

    public PocketFake()
    {
        Folder = Directory.CreateTempSubdirectory("forno-pocket-fake").FullName;
        var records = new List<PocketRecord>();
        using var pixels = new MemoryStream();
        foreach (ArtSet set in ArtSet.All)
        {
            for (int i = 0; i < Concepts.Length; i++)
            {
                (string name, byte[] colour) = Concepts[i];
                bool held = name == "pear";
                records.Add(
                    new PocketRecord
                    {
                        Set = set.Name,
                        Icon = name,
                        Concept = $"C{i}",
                        Name = name,
                        Tags = [name.Split(' ')[0]],
                        Group = "things",
                        Subgroup = "small things",
                        Colours = [name.Split(' ')[0]],
                        Style = set.Style,
                        Split = (held, set.HeldOut) switch
                        {
                            (true, true) => PocketSplit.HeldOutBoth,
                            (true, false) => PocketSplit.HeldOutConcept,
                            (false, true) => PocketSplit.HeldOutStyle,
                            _ => PocketSplit.Training,
                        },
                    }
                );
                pixels.Write(Draw(colour, i % 2 == 0, 20 + (7 * ArtSet.All.ToList().IndexOf(set))));
            }
        }

        SafetensorsWriter.Write(
            Path.Combine(Folder, PocketData.PicturesFile),
            [
                TensorToWrite.From(
                    PocketData.PicturesTensor,
                    ElementType.U8,
                    [records.Count, 3, PocketData.Side, PocketData.Side],
                    pixels.ToArray()
                ),
            ]
        );
        File.WriteAllBytes(
            Path.Combine(Folder, PocketData.RecordsFile),
            JsonSerializer.SerializeToUtf8Bytes(new PocketSidecar("made up", records), PocketData.Json)
        );
        Data = PocketData.Open(Folder);
    }

    public string Folder { get; }

    public PocketData Data { get; }

    public string Run(string name) => Path.Combine(Folder, name);

    public void Dispose()
    {
        Data.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static byte[] Draw(byte[] colour, bool disc, int radius)
    {
        const int side = PocketData.Side;
        byte[] planes = new byte[PocketData.PictureBytes];
        for (int c = 0; c < 3; c++)
        {
            for (int y = 0; y < side; y++)
            {
                for (int x = 0; x < side; x++)
                {
                    (int dx, int dy) = (x - (side / 2), y - (side / 2));
                    bool inside = disc
                        ? (dx * dx) + (dy * dy) < radius * radius
                        : Math.Max(Math.Abs(dx), Math.Abs(dy)) < radius;
                    planes[(((c * side) + y) * side) + x] = inside ? colour[c] : (byte)255;
                }
            }
        }

        return planes;
    }
}

/// <summary>Keeps the steps that a training reports.</summary>
internal sealed class Kept
{
    public List<TrainEvent.Stepped> All { get; } = [];

    public void Tell(TrainEvent e)
    {
        if (e is TrainEvent.Stepped step)
        {
            All.Add(step);
        }
    }
}

/// <summary>Stops a training at a step.</summary>
internal static class StopAt
{
    public static Action<TrainEvent> Step(int step, CancellationTokenSource source) =>
        e =>
        {
            if (e is TrainEvent.Stepped stepped && stepped.Step == step)
            {
                source.Cancel();
            }
        };
}

using Forno.Generation;
using Forno.Generation.Grids;
using Forno.Generation.Requests;
using Forno.Imaging;
using Forno.Models;
using Forno.TestKit;

namespace Forno.Tests.Generation;

public class GridTests
{
    [Fact]
    public void TheModelAloneIsDrawnOnceForAllAdapters()
    {
        var request = new GridRequest
        {
            Base = new GenerateRequest { Prompt = "" },
            Prompts = ["a", "b"],
            Seeds = [1, 2, 3],
            Weights = [0, 0.5, 1],
            Adapters = [new("x", "x", 1), new("y", "y", 2)],
        };
        Assert.Equal(2 * 3 * (1 + (2 * 2)), request.Count);
        Assert.Equal(2 * 3, (request with { Adapters = [] }).Count);
        // What is named twice is drawn once.
        Assert.Equal(
            request.Count,
            (request with { Prompts = ["a", "b", "a"], Seeds = [1, 2, 3, 1], Weights = [0, 0.5, 1, 1] }).Count
        );
    }

    [Fact]
    public void EpochsAreRowsInTheirOrderWeightsColumnsAndPromptsSections()
    {
        using var tiny = new TinyBaseModel();
        using var model = BaseModel.Load(tiny.File);
        string folder = Directory.CreateDirectory(Path.Combine(tiny.Folder, "loras")).FullName;
        foreach (
            (string name, int epoch) in (ReadOnlySpan<(string, int)>)
                [("style", 3), ("style-000002", 2), ("style-000001", 1)]
        )
        {
            File.Move(tiny.AddLora(model, name, (ulong)epoch, epoch), Path.Combine(folder, name + ".safetensors"));
        }
        var request = new GridRequest
        {
            Base = new GenerateRequest
            {
                Prompt = "",
                Steps = 2,
                Width = 64,
                Height = 64,
            },
            Prompts = ["a red heart", "a cat"],
            Weights = [0, 0.5, 1],
            Adapters = GridAdapter.Of([folder]),
        };
        var counted = new Counter();
        (IReadOnlyList<GridSection> sections, IReadOnlyList<string> warnings) = request.Draw(
            new PictureGenerator(model),
            counted
        );
        Assert.Empty(warnings);
        Assert.Equal((14, 14), (request.Count, counted.Last));
        Assert.Equal(["a red heart", "a cat"], sections.Select(s => s.Title));
        foreach (GridSection section in sections)
        {
            Assert.Equal(["no LoRA", "weight 0.5", "weight 1"], section.Columns);
            Assert.Equal(["epoch 1\nstyle-000001", "epoch 2\nstyle-000002", "epoch 3\nstyle"], section.Rows);
            Assert.Single(section.Cells.Select(row => row[0]).Distinct());
            Assert.Equal(
                7,
                section.Cells.SelectMany(row => row).Select(p => Convert.ToBase64String(p.Pixels)).Distinct().Count()
            );
        }

        GridSection only = Assert.Single(
            (request with { Adapters = [request.Adapters[0]] }).Draw(new PictureGenerator(model)).Sections
        );
        Assert.Equal(("epoch 1 style-000001", "a red heart"), (only.Title, only.Rows[0]));
        Assert.Equal(sections[1].Cells[0].Select(p => p.Pixels), only.Cells[1].Select(p => p.Pixels));
        only = Assert.Single((request with { Weights = [1] }).Draw(new PictureGenerator(model)).Sections);
        Assert.Equal(("weight 1", 3, "a cat"), (only.Title, only.Columns.Count, only.Rows[1]));
    }

    [Fact]
    public void EveryPictureStandsOnTheSheetUnderItsLabels()
    {
        GeneratedPicture Flat(byte shade) => new(1, 40, 30, [.. Enumerable.Repeat(shade, 40 * 30 * 3)], "");
        using Picture sheet = PictureGrid.Draw(
            "title",
            [
                new GridSection(
                    "first",
                    ["weight 0.5", "weight 1"],
                    ["epoch 1", "epoch 2"],
                    [
                        [Flat(10), Flat(20)],
                        [Flat(30), Flat(40)],
                    ]
                ),
                new GridSection(
                    "",
                    ["no LoRA"],
                    ["a long prompt that must wrap to stay in its place"],
                    [
                        [Flat(50)],
                    ]
                ),
            ]
        );
        byte[] pixels = sheet.ToArray();
        int Width(byte shade) =>
            Enumerable
                .Range(0, pixels.Length / 3)
                .Count(i => pixels[3 * i] == shade && pixels[(3 * i) + 1] == shade && pixels[(3 * i) + 2] == shade);
        foreach (byte shade in (byte[])[10, 20, 30, 40, 50])
        {
            Assert.InRange(Width(shade), 40 * 30, (40 * 30) + 40); // a few pixels of grey ink may have the same shade
        }
        // Something is written in the column of row labels and above the pictures.
        Assert.Contains(
            Enumerable.Range(0, sheet.Height),
            y => Enumerable.Range(0, 100).Any(x => pixels[3 * ((y * sheet.Width) + x)] < 200)
        );
        Assert.Contains(
            Enumerable.Range(0, 40),
            y => Enumerable.Range(0, sheet.Width).Any(x => pixels[3 * ((y * sheet.Width) + x)] < 200)
        );
    }

    private sealed class Counter : IProgress<long>
    {
        public long Last { get; private set; }

        public void Report(long value) => Last = value;
    }
}

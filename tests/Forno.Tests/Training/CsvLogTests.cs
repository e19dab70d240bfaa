using Forno.Training.Logs;

namespace Forno.Tests.Training;

public sealed class CsvLogTests : IDisposable
{
    private readonly string path = Path.Combine(Directory.CreateTempSubdirectory("forno-csv-").FullName, "log.csv");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);

    [Fact]
    public void EachSittingAddsItsLines()
    {
        Sit(1, 4);
        Sit(5, 6);
        string[] lines = File.ReadAllLines(path);
        Assert.Equal("step,loss,learning_rate,steps_per_second,note", lines[0]);
        Assert.Equal(
            ["2,0.25,0.001", "4,0.25,0.001", "6,0.25,0.001"],
            lines[1..].Select(l => string.Join(',', l.Split(',')[..3]))
        );
        // A note with a comma stays one column.
        Assert.All(lines, l => Assert.Equal(5, l.Split(',').Length));
        Assert.EndsWith("top-1 0.5; good", lines[1]);
    }

    private void Sit(int from, int to)
    {
        var log = new CsvLog(path, 2, TimeProvider.System);
        log.Tell(new TrainEvent.Notice("no line of the table"));
        for (int step = from; step <= to; step++)
        {
            log.Tell(new TrainEvent.Stepped(step, 6, 1, 1, 0.5, 0.25, [("unet", 1e-3)]) { Note = "top-1 0.5, good" });
        }
    }
}

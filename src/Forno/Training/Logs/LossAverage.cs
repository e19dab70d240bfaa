namespace Forno.Training.Logs;

/// <summary>
/// The mean of the last losses, over about an epoch: single steps say little, their timesteps differ.
/// </summary>
/// <param name="window">How many losses count.</param>
public sealed class LossAverage(int window)
{
    private readonly Queue<double> last = new();
    private double sum;

    /// <summary>The mean; NaN before the first loss.</summary>
    public double Mean => last.Count == 0 ? double.NaN : sum / last.Count;

    /// <summary>Takes a loss in.</summary>
    public void Add(double loss)
    {
        last.Enqueue(loss);
        sum += loss;
        if (last.Count > Math.Max(1, window))
        {
            sum -= last.Dequeue();
        }
    }
}

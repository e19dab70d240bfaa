namespace Forno.Pocket.Training;

/// <summary>Shares of one, told on in thousandths.</summary>
/// <param name="what">The work in a word.</param>
/// <param name="progress">Receives it, thousandths done, and a thousand.</param>
internal sealed class Shares(string what, Action<string, int, int> progress) : IProgress<double>
{
    private const int Whole = 1000;

    /// <inheritdoc/>
    public void Report(double value) => progress(what, (int)(value * Whole), Whole);
}

namespace Forno.Models.Layouts;

/// <summary>Collects the keys and shapes of a model's layers under one prefix.</summary>
/// <param name="prefix">What every key begins with.</param>
internal sealed class KeyList(string prefix)
{
    public Dictionary<string, long[]> Shapes { get; } = new(StringComparer.Ordinal);

    public void Add(string key, params long[] shape) => Shapes.Add(prefix + key, shape);

    public void Linear(string key, long to, long from, bool bias = true)
    {
        Add(key + ".weight", to, from);
        if (bias)
        {
            Add(key + ".bias", to);
        }
    }

    public void Conv(string key, long to, long from, int kernel = 3)
    {
        Add(key + ".weight", to, from, kernel, kernel);
        Add(key + ".bias", to);
    }

    public void Norm(string key, long width)
    {
        Add(key + ".weight", width);
        Add(key + ".bias", width);
    }
}

namespace Forno.App;

/// <summary>The program's entry.</summary>
internal static class Program
{
    private static int Main(string[] args)
    {
        Console.WriteLine("forno");
        return args.Length == 0 ? 0 : 2;
    }
}

using System.Text.RegularExpressions;
using Forno.Kohya;
using Forno.TestKit;
using static Forno.TestKit.CommandLine;

namespace Forno.Tests.Cli;

/// <summary>
/// The name of a training configuration may leave .toml out, as with kohya's --config_file; one rule for all commands.
/// </summary>
public class ConfigNameTests
{
    public static TheoryData<string[]> Commands() =>
        [
            ["train", "CONFIG", "--dry-run"],
            ["doctor", "SET", "--no-pictures", "--config", "CONFIG"],
            ["plan", "SET", "--config", "CONFIG"],
            ["caption", "trigger", "SET", "--style", "sks9", "-o", "SET-2", "--dry-run", "--config", "CONFIG"],
        ];

    [Theory]
    [MemberData(nameof(Commands))]
    public void EveryCommandFindsIt(string[] command)
    {
        using TempTree tree = new();
        string name = tree["settings"];
        tree.Write("set/4_cat/a.png", TestPictures.Png(70, 64, 1));
        tree.Write("set/4_cat/a.txt", "cat");
        // Commands that are proposed name the configuration as the user did.
        string AsGiven(string text) => Regex.Replace(text, Regex.Escape(name) + @"(?!\.toml)", name + ".toml");
        string[] Named(string config) =>
            [.. command.Select(c => c.Replace("SET", tree["set"]).Replace("CONFIG", config))];

        (int code, string output, string error) = Run(Named(name));
        Assert.Equal((1, ""), (code, output));
        Assert.Contains($"{name}: there is no such file, and no {name}.toml.", error);

        // The folder of a LoRA's name beside its configuration is none.
        Directory.CreateDirectory(name);
        Assert.Contains($"{name}: this is a folder, and there is no {name}.toml.", Run(Named(name)).Error);
        tree.Write("settings.toml", $"train_data_dir = \"{tree["set"]}\"\ncaption_extension = \".txt\"\n");
        var full = Run(Named(name + ".toml"));
        var shorter = Run(Named(name));
        Assert.Equal(full, (shorter.Code, AsGiven(shorter.Output), shorter.Error));
        Assert.DoesNotContain("no such file", full.Error);
        Assert.Equal(command[0] == "train" ? 1 : 0, full.Code); // train misses its base model

        Directory.Delete(name);
        File.Copy(name + ".toml", name);
        (code, output, error) = Run(Named(name));
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("there is settings.toml beside it, and the name may mean either. Write settings.toml", error);
        Assert.Equal(full, Run(Named(name + ".toml")));

        File.Delete(name + ".toml");
        Assert.Equal(full.Code, Run(Named(name)).Code);
        Assert.Contains($"{name}.toml: there is no such file.", Run(Named(name + ".toml")).Error);
        Assert.Contains("JSON presets", Run(Named(tree["preset.json"])).Error);
    }

    [Fact]
    public void NamesStartFromTheWorkingFolder()
    {
        using TempTree tree = new();
        string file = tree.Write("sub/my.v2.toml", "");
        Assert.Equal(file, ConfigPath.Find("sub/my.v2", tree.Root));
        Assert.Equal(file, ConfigPath.Find("my.v2.toml", tree["sub"]));
        Assert.Equal(tree.Write("LOUD.TOML", ""), ConfigPath.Find("LOUD.TOML", tree.Root));
    }
}

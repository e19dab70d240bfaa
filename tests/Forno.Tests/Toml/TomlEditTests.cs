using Forno.Toml;

namespace Forno.Tests.Toml;

public class TomlEditTests
{
    private const string Text = """
        # my training
        max_train_epochs = 10   # was 12
        name = "a # b" # c

        [network]
        dim = 8
        # end of network

        [[datasets]]
        batch = 1
          [[datasets.subsets]]
          image_dir = 'a'
          num_repeats = 3 # three
          [[datasets.subsets]]
          image_dir = 'b' # no repeats
        """;

    [Fact]
    public void OnlyTheValueChanges()
    {
        Assert.Equal(Text.Replace("= 10 ", "= 8 "), TomlEdit.Set(Text, "t", ["max_train_epochs"], 8L));
        Assert.Equal(Text.Replace("\"a # b\"", "\"c\\\"\""), TomlEdit.Set(Text, "t", ["name"], "c\""));
        Assert.Equal(
            Text.Replace("= 3 #", "= 20 #"),
            TomlEdit.Set(Text, "t", ["datasets", 0, "subsets", 0, "num_repeats"], 20L)
        );
        Assert.Equal(Text.Replace("dim = 8", "dim = 32"), TomlEdit.Set(Text, "t", ["network", "dim"], 32L));
        Assert.Same(Text, TomlEdit.Set(Text, "t", ["max_train_epochs"], 10L));
    }

    [Fact]
    public void ANewKeyGoesBehindTheLastOfItsTable()
    {
        Assert.Equal(Text.Replace("# c\n", "# c\nseed = 1\n"), TomlEdit.Set(Text, "t", ["seed"], 1L));
        Assert.Equal(
            Text.Replace("dim = 8\n", "dim = 8\nalpha = 1.5\n"),
            TomlEdit.Set(Text, "t", ["network", "alpha"], 1.5)
        );
        string added = TomlEdit.Set(Text, "t", ["datasets", 0, "subsets", 1, "num_repeats"], 7L);
        Assert.Equal(Text + "\nnum_repeats = 7", added);
        Assert.Equal(
            7L,
            (
                (TomlTable)
                    ((List<object>)((TomlTable)((List<object>)TomlFile.Parse(added)["datasets"])[0])["subsets"])[1]
            )["num_repeats"]
        );
        Assert.Equal("a = 1\n[x]\nb = 2", TomlEdit.Set("[x]\nb = 2", "t", ["a"], 1L));
        Assert.Equal("[x]\r\na = 1\r\n[y]\r\n", TomlEdit.Set("[x]\r\n[y]\r\n", "t", ["x", "a"], 1L));
        Assert.Equal("x = { b = 2, a = 1 }", TomlEdit.Set("x = { b = 2 }", "t", ["x", "a"], 1L));
        Assert.Equal("x = [\n1,\n2 ] # two\na = 1\n", TomlEdit.Set("x = [\n1,\n2 ] # two\n", "t", ["a"], 1L));
        Assert.Equal("\"a b\" = true\n", TomlEdit.Set("", "t", ["a b"], true));
    }

    [Fact]
    public void WhatIsNotThereIsTold()
    {
        Assert.Throws<FornoException>(() => TomlEdit.Set(Text, "t", ["nowhere", "a"], 1L));
        Assert.Throws<FornoException>(() => TomlEdit.Set(Text, "t", ["datasets", 1, "a"], 1L));
        Assert.Throws<FornoException>(() => TomlEdit.Set(Text, "t", ["network"], 1L));
        Assert.Throws<FornoException>(() => TomlEdit.Set("a = ", "t", ["a"], 1L));
    }
}

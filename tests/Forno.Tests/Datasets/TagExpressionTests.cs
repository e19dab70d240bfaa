using Forno.Datasets.Captions;

namespace Forno.Tests.Datasets;

public class TagExpressionTests
{
    [Theory]
    [InlineData("1girl & (red_dress | skirt) & !solo", "1girl, red dress, outdoors", true)]
    [InlineData("1girl & (red_dress | skirt) & !solo", "1girl, red dress, solo", false)]
    [InlineData("a | b & c", "a", true)] // & binds closer
    [InlineData("a | b & c", "b", false)]
    [InlineData("!(a | b)", "c", true)]
    [InlineData("!!a", "A ", true)]
    [InlineData("Red Dress", "red_dress", true)]
    [InlineData("dress", "red dress", false)] // whole tags, not parts
    [InlineData("*dress", "red dress", true)]
    [InlineData("saber_\\(fate\\)", "saber \\(fate\\), solo", true)]
    [InlineData("\"saber (fate)\" && !solo", "saber (fate)", true)]
    [InlineData("a.c", "abc", false)] // no pattern but the star
    [InlineData("a.*", "a.c", true)]
    [InlineData("!a", "", true)]
    public void ExpressionsAskForWholeTags(string expression, string caption, bool holds) =>
        Assert.Equal(holds, TagExpression.Parse(expression).Matches(caption));

    [Theory]
    [InlineData("", 1)]
    [InlineData("a &", 4)]
    [InlineData("a & | b", 5)]
    [InlineData("(a", 3)]
    [InlineData("a)", 2)]
    [InlineData("a !b", 3)]
    [InlineData("\"a", 4)]
    public void WhatCannotBeReadIsToldWithItsPlace(string expression, int at) =>
        Assert.Contains(
            $"at character {at}:",
            Assert.Throws<FornoException>(() => TagExpression.Parse(expression)).Message
        );

    [Fact]
    public void DepthHasABound() => Assert.Throws<FornoException>(() => TagExpression.Parse(new string('(', 100_000)));
}

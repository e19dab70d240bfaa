using System.Text.Json;
using Forno.Adapters;
using Forno.Conformance;
using Forno.Conformance.Files;
using Forno.TestKit;

namespace Forno.Tests.Adapters;

public class ModelSpecTests
{
    // sai_model_spec.py of kohya's trainer: a whole number is both sides; text is split at commas into whole numbers; a
    // list of one is both sides.
    public static TheoryData<object?, string> Resolutions() =>
        new()
        {
            { null, "512x512" },
            { 768, "768x768" },
            { 768L, "768x768" },
            { "768", "768x768" },
            { "640,512", "640x512" },
            { " 640 , 512 ", "640x512" },
            { new object[] { 768L }, "768x768" },
            {
                new List<object> { 640L, 512L },
                "640x512"
            },
            { (int[])[512, 640], "512x640" },
            { (string[])["512", "640"], "512x640" },
        };

    [Theory]
    [MemberData(nameof(Resolutions))]
    public void EveryFormOfAResolution(object? given, string wanted) =>
        Assert.Equal(wanted, Spec(ModelSpec.ParseResolution(given)).ToMetadata()["modelspec.resolution"]);

    [Theory]
    [InlineData("640x512")]
    [InlineData("")]
    [InlineData("640,")]
    [InlineData("640,512,3")]
    [InlineData("large")]
    [InlineData(768.5)]
    [InlineData(true)]
    [InlineData(99999999999L)]
    public void WhatTheTrainerCannotReadIsRefused(object given) =>
        Assert.Contains(
            "resolution = ",
            Assert.Throws<FornoException>(() => ModelSpec.ParseResolution(given)).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void AnEmptyListIsRefused() =>
        Assert.Throws<FornoException>(() => ModelSpec.ParseResolution(Array.Empty<object>()));

    // The table as the goldens have it, with rows in the forms that the trainer takes.
    [Theory]
    [InlineData("768", "768x768")]
    [InlineData("[768]", "768x768")]
    [InlineData("[640, 512]", "640x512")]
    [InlineData("\"768\"", "768x768")]
    [InlineData("\"640,512\"", "640x512")]
    [InlineData("null", "1024x1024")]
    public void TheSuiteReadsThemAll(string reso, string wanted)
    {
        Dictionary<string, string> metadata = (
            Spec(null) with
            {
                Title = "T",
                Sdxl = true,
                Timesteps = (5, 5),
            }
        ).ToMetadata();
        Assert.Equal("stable-diffusion-xl-v1-base/lora", metadata["modelspec.architecture"]);
        Assert.Equal(CaseOutcome.Ok, Run(reso, metadata, wanted).Outcome);
        Assert.Equal(CaseOutcome.Fail, Run(reso, metadata, "1x1").Outcome);
    }

    private static CaseResult Run(string reso, Dictionary<string, string> metadata, string resolution)
    {
        metadata["modelspec.resolution"] = resolution;
        using TempTree tree = new();
        tree.Write(
            "metadata/forms/case.json",
            $$"""
            {
              "params": {"kind": "modelspec", "timestamp": 0.5, "timezone": "UTC"},
              "expect": {"rows": [{
                "sdxl": true, "lora": true, "title": "T", "clip_skip": null, "timesteps": [5], "reso": {{reso}},
                "metadata": {{JsonSerializer.Serialize(metadata)}}
              }]}
            }
            """
        );
        return new MetadataSuite().Run(GoldenCase.Load(tree["metadata/forms"]));
    }

    private static ModelSpec Spec((int Width, int Height)? resolution) =>
        new()
        {
            Kind = ModelSpecKind.Lora,
            Timestamp = 0.5,
            Zone = TimeZoneInfo.Utc,
            Resolution = resolution,
        };
}

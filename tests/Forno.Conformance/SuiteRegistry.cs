using System.Collections.Frozen;
using Forno.Conformance.Engine;
using Forno.Conformance.Files;
using Forno.Conformance.Images;
using Forno.Conformance.Text;

namespace Forno.Conformance;

/// <summary>The suites of goldens that this program knows.</summary>
public static class SuiteRegistry
{
    /// <summary>Every known suite by its folder name; one line a suite, in order of name.</summary>
    public static readonly FrozenDictionary<string, IConformanceSuite> All = new IConformanceSuite[]
    {
        new AdaptersSuite(),
        new BucketsSuite(),
        new CaptionsSuite(),
        new KohyaConfigSuite(),
        new ExtraNetworksSuite(),
        new LoraNamesSuite(),
        new LoraOnModelSuite(),
        new LrSchedulesSuite(),
        new LossWeightsSuite(),
        new OptimizersSuite(),
        new CheckpointManifestSuite(),
        new ClipTextSuite(),
        new ClipVisionSuite(),
        new MetadataSuite(),
        new PicklesSuite(),
        new ImagesSuite(),
        new PngMetaSuite(),
        new PromptAttentionSuite(),
        new PromptChunksSuite(),
        new SafetensorsSuite(),
        new SamplersSuite(),
        new SigmaSchedulesSuite(),
        new TokenizerSuite(),
        new TrainLoopSuite(),
        new UNetSuite(),
        new UpscalersSuite(),
        new VaeSuite(),
    }.ToFrozenDictionary(suite => suite.Name, StringComparer.Ordinal);
}

using Forno.Vision.Onnx;

namespace Forno.TestKit;

/// <summary>A test that runs ONNX models; counted as skipped where the library is not fetched.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnnxFactAttribute : FactAttribute
{
    internal const string WhyAbsent = "ONNX Runtime is not on this machine (assets/fetch.sh onnxruntime)";

    public OnnxFactAttribute() => Skip = OnnxRuntime.IsThere ? null : WhyAbsent;
}

/// <summary>A theory that runs ONNX models; counted as skipped where the library is not fetched.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class OnnxTheoryAttribute : TheoryAttribute
{
    public OnnxTheoryAttribute() => Skip = OnnxRuntime.IsThere ? null : OnnxFactAttribute.WhyAbsent;
}

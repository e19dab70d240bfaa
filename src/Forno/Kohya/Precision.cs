namespace Forno.Kohya;

/// <summary>Numeric precision of a training.</summary>
public enum Precision
{
    /// <summary>fp32 throughout.</summary>
    Float32,

    /// <summary>fp16 with fp32 masters.</summary>
    Float16,

    /// <summary>bf16 with fp32 masters.</summary>
    BFloat16,
}

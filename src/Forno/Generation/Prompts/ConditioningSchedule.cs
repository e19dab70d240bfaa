using Forno.Models.Clip;

namespace Forno.Generation.Prompts;

/// <summary>One of the things that a prompt asks for at the same time.</summary>
/// <param name="Conditioning">Batch 1.</param>
/// <param name="Weight">How strongly it counts beside the others.</param>
internal sealed record WeightedConditioning(Conditioning Conditioning, double Weight = 1);

/// <summary>What the network is told in a step.</summary>
/// <param name="Positive">At least one; where there are several, their pulls away from the negative one add up.</param>
/// <param name="Negative">Batch 1.</param>
internal sealed record StepConditioning(IReadOnlyList<WeightedConditioning> Positive, Conditioning Negative);

/// <summary>
/// Conditionings by step. A step here is an evaluation of the network: samplers of second order have two a sampling
/// step, and A1111 counts its prompt editing by them.
/// </summary>
internal sealed class ConditioningSchedule
{
    private readonly (int From, StepConditioning Conditioning)[] spans;

    /// <summary>Conditionings that change.</summary>
    /// <param name="spans">From which step on each holds, rising, the first from 0.</param>
    public ConditioningSchedule(params ReadOnlySpan<(int From, StepConditioning Conditioning)> spans)
    {
        this.spans = spans.ToArray();
        bool rises = this.spans.Zip(this.spans.Skip(1)).All(pair => pair.First.From < pair.Second.From);
        if (this.spans is not [{ From: 0 }, ..] || !rises)
        {
            throw new ArgumentException("spans must start at 0 and rise", nameof(spans));
        }
    }

    /// <summary>The same in every step.</summary>
    public static ConditioningSchedule Constant(StepConditioning conditioning) => new((0, conditioning));

    /// <summary>The conditioning of a step, from 0.</summary>
    public StepConditioning At(int step)
    {
        int i = spans.Length - 1;
        while (i > 0 && spans[i].From > step)
        {
            i--;
        }
        return spans[i].Conditioning;
    }
}

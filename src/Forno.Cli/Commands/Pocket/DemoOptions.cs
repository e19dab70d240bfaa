using Forno.Pocket.Data;

namespace Forno.Cli.Commands.Pocket;

/// <summary>What <c>forno demo</c> does, by numbers; the defaults take a few minutes on two cores.</summary>
internal sealed record DemoOptions
{
    /// <summary>Pocket's checkpoint.</summary>
    public required string Model { get; init; }

    /// <summary>Pocket's image tower.</summary>
    public required string Clip { get; init; }

    /// <summary>Folder of the fetched packages.</summary>
    public required string Assets { get; init; }

    /// <summary>List of the concepts that no training sees.</summary>
    public required string HeldOut { get; init; }

    /// <summary>Folder that everything is written into.</summary>
    public required string Out { get; init; }

    /// <summary>The art set to learn: one that Pocket has not seen.</summary>
    public string Style { get; init; } = "openmoji";

    /// <summary>Pictures to learn from.</summary>
    public int Pictures { get; init; } = 30;

    /// <summary>Further pictures of the style, for the loss.</summary>
    public int Unseen { get; init; } = 30;

    /// <summary>Epochs; each leaves an adapter and a row of samples.</summary>
    public int Epochs { get; init; } = 5;

    /// <summary>Optimizer steps that an epoch should have; repeats are chosen for it.</summary>
    public int StepsPerEpoch { get; init; } = 64;

    /// <summary>Pictures a step.</summary>
    public int Batch { get; init; } = 8;

    /// <summary>Rank on linear layers and 1×1 convolutions.</summary>
    public int Dim { get; init; } = 16;

    /// <summary>Rank on 3×3 convolutions: in so small a model much of a style is in them.</summary>
    public int ConvDim { get; init; } = 8;

    /// <summary>Learning rate.</summary>
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>
    /// Decay of the LoRA's weights. Thirty pictures are soon learnt by heart (the loss on unseen ones is lowest after
    /// the first epoch), and with AdamW's usual 0.01 the LoRA grows on until at weight 1 it breaks shapes. Decay holds
    /// it small over all the steps that clean outlines take. Half the rate, fewer steps, more pictures, dropped
    /// captions and loss without min-SNR were tried too: for the same style they cost as many shapes, or draw specks
    /// where the outlines should be.
    /// </summary>
    public double WeightDecay { get; init; } = 7;

    /// <summary>Seed of everything.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Side of what is drawn, in pixels.</summary>
    public int Size { get; init; } = PocketData.Side;

    /// <summary>Sampling steps.</summary>
    public int SampleSteps { get; init; } = 20;

    /// <summary>Guidance.</summary>
    public double CfgScale { get; init; } = 5;

    /// <summary>What samples and grid show; never among the pictures to learn from.</summary>
    public IReadOnlyList<string> Names { get; init; } = ["red heart", "green apple", "cat face"];

    /// <summary>Strengths in the grid, beside none.</summary>
    public IReadOnlyList<double> Weights { get; init; } = [0.5, 1];

    /// <summary>Pairs drawn with and without the adapter.</summary>
    public int Pairs { get; init; } = 20;

    /// <summary>Timesteps tried with each unseen picture.</summary>
    public int LossTimesteps { get; init; } = 8;

    /// <summary>
    /// How often a picture is shown in an epoch so that it comes to about the wanted steps: repeats × pictures ÷
    /// batch.
    /// </summary>
    public int Repeats => Math.Max(1, (int)Math.Round((double)StepsPerEpoch * Batch / Pictures));
}

using Forno.Optim;
using Forno.Optim.Optimizers;
using Forno.Python;
using Forno.Torch;

namespace Forno.Tests.Optim;

public class OptimizerTests
{
    public static TheoryData<string> All() => [.. OptimizerRegistry.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void ALoadedStateGoesOnBitForBit(string name)
    {
        using var scope = new Scope();
        ParameterGroup[] one = Groups(),
            two = Groups();
        using Optimizer first = OptimizerRegistry.Create(name, one, new Dictionary<string, object?>());
        Run(first, 0, 5);

        var tensors = first.State().Tensors.ToDictionary(t => t.Key, t => t.Value.Clone());
        var scalars = first.State().Scalars.ToDictionary(s => s.Key, s => s.Value);
        foreach (
            (Parameter from, Parameter to) in one.SelectMany(g => g.Parameters).Zip(two.SelectMany(g => g.Parameters))
        )
        {
            using var mode = Autograd.NoGrad();
            to.Tensor.Copy_(from.Tensor);
        }
        Run(first, 5, 5);

        using Optimizer second = OptimizerRegistry.Create(name, two, new Dictionary<string, object?>());
        second.Load(new OptimizerState(tensors, scalars));
        Run(second, 5, 5);
        Assert.Equal(Numbers(one), Numbers(two));
        Assert.Equal(first.State().Scalars, second.State().Scalars);
        foreach ((string key, Tensor t) in first.State().Tensors)
        {
            Assert.Equal(t.ToArray<float>(), second.State().Tensors[key].ToArray<float>());
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void AParameterWithoutGradientStays(string name)
    {
        using var scope = new Scope();
        ParameterGroup[] groups = Groups();
        using Optimizer optimizer = OptimizerRegistry.Create(
            name,
            groups,
            new Dictionary<string, object?> { ["weight_decay"] = 0.5 }
        );
        Array.ForEach(groups, g => g.Lr = 1);
        float[] before = groups[1].Parameters[0].Tensor.ToArray<float>();
        Run(optimizer, 0, 3, skip: "c");
        Assert.Equal(before, groups[1].Parameters[0].Tensor.ToArray<float>());
        Assert.DoesNotContain(optimizer.State().Tensors.Keys, k => k.StartsWith("c.", StringComparison.Ordinal));
        Assert.DoesNotContain("c.steps", optimizer.State().Scalars.Keys);
    }

    [Fact]
    public void ManyMoreParametersThanOneCallHolds()
    {
        using var scope = new Scope();
        Tensor[] tensors = [.. Enumerable.Range(0, Foreach.ChunkSize + 70).Select(i => Tensor.From<float>([i, 1], 2))];
        Tensor[] doubled = Foreach.Add(tensors, tensors);
        Assert.Equal(tensors.Length, doubled.Length);
        Assert.Equal([2f * (Foreach.ChunkSize + 69), 2], doubled[^1].ToArray<float>());
        Foreach.Mul_(tensors, 3);
        Assert.Equal([3f * 5, 3], tensors[5].ToArray<float>());
        Assert.Equal([3f * (Foreach.ChunkSize + 3), 3], tensors[Foreach.ChunkSize + 3].ToArray<float>());
    }

    [Fact]
    public void UnknownOptionsNamesAndForeignStatesAreRefused()
    {
        using var scope = new Scope();
        ParameterGroup[] groups = Groups();
        var e = Assert.Throws<FornoException>(() =>
            OptimizerRegistry.Create(
                "prodigy",
                groups,
                PythonLiteral.Arguments(["decouple=True", "safeguard_wamrup=True"], "optimizer_args")
            )
        );
        Assert.Contains("safeguard_wamrup", e.Message, StringComparison.Ordinal);
        Assert.Contains("safeguard_warmup", e.Message, StringComparison.Ordinal);
        Assert.Contains(
            "AdamW",
            Assert
                .Throws<FornoException>(() =>
                    OptimizerRegistry.Create("AdamX", groups, new Dictionary<string, object?>())
                )
                .Message,
            StringComparison.Ordinal
        );
        foreach (
            string wrong in new[]
            {
                "betas=0.9",
                "betas=(0.9, 1.5)",
                "eps='small'",
                "weight_decay=-1",
                "eps=True",
                "betas=None",
            }
        )
        {
            Assert.Throws<FornoException>(() =>
                OptimizerRegistry.Create("AdamW", groups, PythonLiteral.Arguments([wrong], "optimizer_args"))
            );
        }

        using Optimizer adam = OptimizerRegistry.Create(
            "AdamW",
            groups,
            PythonLiteral.Arguments(["betas=0.9,0.99", "weight_decay=1e-2"], "optimizer_args")
        );
        using Optimizer prodigy = OptimizerRegistry.Create("Prodigy", Groups(), new Dictionary<string, object?>());
        Run(adam, 0, 1);
        Assert.Throws<FornoException>(() => prodigy.Load(adam.State()));
        OptimizerState state = adam.State();
        Assert.Throws<FornoException>(() =>
            adam.Load(state with { Scalars = new Dictionary<string, double>(state.Scalars) { ["x.steps"] = 1 } })
        );
    }

    [Fact]
    public void ProdigyRefusesDifferentLearningRates()
    {
        using var scope = new Scope();
        ParameterGroup[] groups = Groups();
        using Optimizer prodigy = OptimizerRegistry.Create("Prodigy", groups, new Dictionary<string, object?>());
        groups[0].Lr = 0.5;
        Assert.Throws<FornoException>(() => Run(prodigy, 0, 1));
    }

    [Fact]
    public void AdafactorsRelativeStepsLeaveTheGroupsRatesUnused()
    {
        using var scope = new Scope();
        ParameterGroup[] Rated(double lr) =>
            [
                .. Groups()
                    .Select(g => new ParameterGroup
                    {
                        Parameters = g.Parameters,
                        Options = new Dictionary<string, object?> { ["lr"] = lr },
                    }),
            ];
        ParameterGroup[] one = Rated(1e-4),
            two = Rated(3);
        foreach (ParameterGroup[] groups in (ParameterGroup[][])[one, two])
        {
            using Optimizer optimizer = OptimizerRegistry.Create(
                "AdaFactor",
                groups,
                new Dictionary<string, object?>()
            );
            Run(optimizer, 0, 3);
            Assert.All(optimizer.Parameters, p => Assert.InRange(optimizer.RateOf(p), 1e-5, 0.1));
        }
        Assert.Equal(Numbers(one), Numbers(two));
        foreach (
            string[] wrong in (string[][])
                [
                    ["lr=1e-3"],
                    ["lr=1e-3", "relative_step=False", "warmup_init=True"],
                ]
        )
        {
            Assert.Throws<FornoException>(() =>
                OptimizerRegistry.Create("Adafactor", Groups(), PythonLiteral.Arguments(wrong, "optimizer_args"))
            );
        }
    }

    [Fact]
    public void NesterovNeedsMomentum()
    {
        using var scope = new Scope();
        foreach (string wrong in (string[])["nesterov=True", "momentum=-1"])
        {
            Assert.Throws<FornoException>(() =>
                OptimizerRegistry.Create("SGD", Groups(), PythonLiteral.Arguments([wrong], "optimizer_args"))
            );
        }
        Assert.Throws<FornoException>(() =>
            OptimizerRegistry.Create(
                "SGDNesterov",
                Groups(),
                PythonLiteral.Arguments(["nesterov=True"], "optimizer_args")
            )
        );
        ParameterGroup[] one = Groups(),
            two = Groups();
        using Optimizer named = OptimizerRegistry.Create("SGDNesterov", one, new Dictionary<string, object?>());
        using Optimizer spelt = OptimizerRegistry.Create(
            "SGD",
            two,
            PythonLiteral.Arguments(["momentum=0.9", "nesterov=True"], "optimizer_args")
        );
        Run(named, 0, 3);
        Run(spelt, 0, 3);
        Assert.Equal(Numbers(one), Numbers(two));
    }

    internal static ParameterGroup[] Groups() =>
        [
            new() { Name = "one", Parameters = [Make("a", 1, 3, 4), Make("b", 2, 5)] },
            new() { Name = "two", Parameters = [Make("c", 3, 2, 3, 2, 2)] },
        ];

    internal static Parameter Make(string name, long item, params long[] shape)
    {
        using var scope = new Scope();
        using Generator random = Rng.For(7, "test parameters", item: item);
        Tensor t = scope.Keep(random.Randn(shape));
        t.RequiresGrad = true;
        return new Parameter(name, t);
    }

    internal static void Run(Optimizer optimizer, int start, int count, string? skip = null)
    {
        for (int k = start; k < start + count; k++)
        {
            using var scope = new Scope();
            long item = 0;
            foreach (Parameter p in optimizer.Parameters)
            {
                using Generator random = Rng.For(8, "test gradients", k, item++);
                p.Tensor.Grad = p.Name == skip ? null : random.Randn(p.Tensor.Shape);
            }
            optimizer.Step();
            optimizer.ZeroGrad();
        }
    }

    private static float[] Numbers(ParameterGroup[] groups) =>
        [.. groups.SelectMany(g => g.Parameters).SelectMany(p => p.Tensor.ToArray<float>())];
}

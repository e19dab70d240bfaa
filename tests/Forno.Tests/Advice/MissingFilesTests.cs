using Forno.Advice;
using Forno.Findings;
using Forno.Generation.Loras;
using Forno.Kohya;
using Forno.TestKit;

namespace Forno.Tests.Advice;

/// <summary>Files that are named and not there, and files that only look like what is asked for.</summary>
public sealed class MissingFilesTests : IDisposable
{
    private readonly TempTree tree = new();

    public void Dispose() => tree.Dispose();

    [Fact]
    public void ModelVaeAndPromptsAreLookedFor()
    {
        string config = tree.Write(
            "train.toml",
            "pretrained_model_name_or_path = \"owner/model\"\nvae = \"no.safetensors\"\n"
                + "sample_prompts = \"no.txt\"\nsample_every_n_epochs = 1\n"
        );
        Finding[] found = [.. MissingFiles.Find(ConfigEdit.Open(config).Read().Recipe)];
        Assert.All(found, f => Assert.Equal((FindingKind.MissingFile, FindingLevel.Bad), (f.Kind, f.Level)));
        Assert.Equal(
            ["pretrained_model_name_or_path", "vae", "sample_prompts"],
            found.Select(f => f.What.Split(':')[0])
        );

        foreach (string file in (string[])["owner/model", "no.safetensors", "no.txt"])
        {
            tree.Write(file, "");
        }
        Assert.Empty(MissingFiles.Find(ConfigEdit.Open(config).Read().Recipe));
    }

    [Fact]
    public void StatesOfTrainingsAreNoLoras()
    {
        tree.Write("out/a.safetensors", "");
        tree.Write("out/a-000001-state/state.safetensors", "");
        Assert.Equal([Path.Combine(tree["out"], "a.safetensors")], LoraLibrary.FilesIn(tree["out"]));
    }
}

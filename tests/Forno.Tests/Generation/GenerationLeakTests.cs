using Forno.Generation;
using Forno.Generation.Loras;
using Forno.Generation.Requests;
using Forno.Models;
using Forno.TestKit;
using Forno.Torch;

namespace Forno.Tests.Generation;

[Collection(Alone.Name)]
public class GenerationLeakTests
{
    [Fact]
    public void DrawingAndFailingLeaveNoTensors()
    {
        using var tiny = new TinyBaseModel();
        var request = new GenerateRequest
        {
            Prompt = "a (red:1.2) heart <lora:style:0.5>",
            Steps = 2,
            Width = 64,
            Height = 64,
            BatchSize = 2,
        };
        long before = Tensor.LiveCount;
        using (var model = BaseModel.Load(tiny.File))
        {
            tiny.AddLora(model, "style");
            _ = model.Vae;
            var generator = new PictureGenerator(model, new LoraLibrary(tiny.Folder));
            long loaded = Tensor.LiveCount;
            generator.Draw(request);
            Assert.Throws<FornoException>(() =>
                generator.Draw(request with { Prompt = "<lora:style:1> <lora:tiny:1>" })
            );
            using var stopped = new CancellationTokenSource();
            Assert.Throws<OperationCanceledException>(() => generator.Draw(request, new Stop(stopped), stopped.Token));
            Assert.Equal(loaded, Tensor.LiveCount);
        }

        string broken = Path.Combine(tiny.Folder, "broken.safetensors");
        TinyBaseModel.Write(
            broken,
            1,
            new Dictionary<string, string>(),
            key => key != "model.diffusion_model.out.2.weight"
        );
        Assert.Throws<FornoException>(() => BaseModel.Load(broken));
        Assert.Equal(before, Tensor.LiveCount);
    }

    private sealed class Stop(CancellationTokenSource source) : IProgress<GenerateProgress>
    {
        public void Report(GenerateProgress value) => source.Cancel();
    }
}

using Forno.Imaging;
using Forno.Kohya;
using Forno.Models;
using Forno.TestKit;
using Forno.Training;
using Forno.Training.Logs;
using Forno.Training.Recipes;
using Forno.Training.Setups;

namespace Forno.Tests.Training;

/// <summary>
/// A folder with a tiny model, a small data set and a configuration over them; trains in this process.
/// </summary>
internal sealed class TrainRun : IDisposable
{
    // One file for all runs: a state knows the model that it belongs to by its path.
    private static readonly Lazy<string> ModelPath = new(() =>
    {
        string path = Path.Combine(Path.GetTempPath(), $"forno-tiny-{Environment.ProcessId}.safetensors");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => File.Delete(path);
        TinyBaseModel.Write(path, 1, new Dictionary<string, string>());
        return path;
    });

    public TrainRun(string extra = "", int pictures = 5)
    {
        Folder = Directory.CreateTempSubdirectory("forno-train-").FullName;
        string data = Directory.CreateDirectory(Path.Combine(Folder, "data", "2_thing")).FullName;
        for (int i = 0; i < pictures; i++)
        {
            int width = i % 2 == 0 ? 64 : 96;
            byte[] rgb = new byte[width * 64 * 3];
            new Random(i).NextBytes(rgb);
            using var picture = Picture.FromRgb(rgb, width, 64);
            picture.SavePng(Path.Combine(data, $"p{i}.png"));
            File.WriteAllText(Path.Combine(data, $"p{i}.txt"), $"thing, colour {i}, noise");
        }
        ConfigPath = Path.Combine(Folder, "config.toml");
        File.WriteAllText(
            ConfigPath,
            $"""
            pretrained_model_name_or_path = "{ModelPath.Value}"
            train_data_dir = "{Path.Combine(Folder, "data")}"
            caption_extension = ".txt"
            resolution = "64"
            enable_bucket = true
            min_bucket_reso = 64
            max_bucket_reso = 128
            bucket_reso_steps = 32
            train_batch_size = 2
            output_dir = "{Output}"
            output_name = "thing"
            network_module = "networks.lora"
            network_dim = 2
            network_alpha = 1
            learning_rate = 1e-3
            max_train_epochs = 3
            seed = 7
            save_every_n_steps = 2
            save_state = true
            shuffle_caption = true
            keep_tokens = 1
            flip_aug = true
            {extra}
            """
        );
    }

    public string Folder { get; }

    public string ConfigPath { get; }

    public string Output => Path.Combine(Folder, "out");

    public string Adapter => Path.Combine(Output, "thing.safetensors");

    /// <summary>
    /// Trains; <paramref name="stopAfter"/> asks for a stop after so many steps, <paramref name="dieAfter"/> throws
    /// there.
    /// </summary>
    public TrainResult Train(
        string? resume = null,
        int stopAfter = int.MaxValue,
        int dieAfter = int.MaxValue,
        List<TrainEvent>? events = null
    )
    {
        TrainRecipe recipe = TrainRecipeReader.Read(ConfigPath);
        using var model = BaseModel.Load(recipe.Model.Path);
        var plan = TrainPlan.Make(recipe, model.Family, model.Prediction);
        using var stop = new CancellationTokenSource();
        using Trainer trainer = LoraTraining.Create(
            model,
            plan,
            e =>
            {
                events?.Add(e);
                if (e is TrainEvent.Stepped step)
                {
                    if (step.Step >= stopAfter)
                    {
                        stop.Cancel();
                    }
                    if (step.Step >= dieAfter)
                    {
                        throw new OperationCanceledException("killed");
                    }
                }
            }
        );
        if (resume is not null)
        {
            trainer.Resume(resume);
        }
        return trainer.Run(stop.Token);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}

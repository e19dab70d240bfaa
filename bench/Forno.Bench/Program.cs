using System.Globalization;
using Forno.Bench;
using Forno.Torch;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
const string Usage = """
    Forno.Bench: ratios measured in one run.

      step   one LoRA training step of a random full-size SD1.5 UNet against its convolutions and matrix products alone
             --type fp32|bf16   type of the weights (fp32)
             --checkpointing    with gradient checkpointing
             --size 512         pixels a side
             --steps 2          measured steps; the fastest counts
             --threads N        threads (all)
             --overhead         instead: a step without convolutions and linear layers, attention included
             --profile          time of each kind of layer in a forward
      upscale  real upscalers (assets/fetch.sh waifu2x) against their convolutions alone
             --model FILE       this one instead
             --size 192         pixels a side of the picture
             --sheet FILE       instead: draws the sheet of docs/pictures/upscale.png (wants assets/fetch.sh noto)
             --contexts         instead: the error of tiles that see less than the receptive radius
             --picture FILE     the picture for it
      pocket  a LoRA step and a drawing of the Pocket base model: what is spent outside libtorch and beside the UNet
             --model FILE       the checkpoint (pocket/pocket.safetensors)
             --dim 16, --size 128, --steps 20
      load   opens a random 2 GB checkpoint by mapping
      dedupe 100,000 hashes of pictures: the search for look-alikes with its index against all pairs
             --count N          hashes (100000)
      check  measuring pictures as forno dataset check does, against libvips decoding them
             --count N          files of 3 to 6 megapixels, half PNG, half JPEG (24)
      captions  captions loaded, filtered, edited in memory and reported, against reading the same files raw; the
                absorption table
             --count N          captions (100000)
      masks  the judge of masks on drawings whose outline is known, masked by ISNet (assets/fetch.sh isnet: AGPL)
             --count N          pictures (59)
             --model FILE       this mask model instead
             --set              instead of the held-out part: the drawings that the judge's rules were set by
      tag    forno caption tag on pictures of 3 to 6 megapixels against its network alone
             --count 24, --batch 4, --threads N
      import  importing pictures as forno dataset import does, against libvips decoding them
             --count N          files of 3 to 6 megapixels, half PNG, half JPEG (24)
             --memory           instead: peak memory of check and import for 8, N (100) and 2N pictures of 12 megapixels
      --folder DIR  where the random checkpoint is kept (the system's temporary folder)
    """;

if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(Usage);
    return 0;
}

var options = new BenchOptions(args);
if (options.Number("threads") is { } threads)
{
    TorchRuntime.Threads = threads;
}
switch (options.Command)
{
    case "step":
        StepBench.Run(options);
        return 0;
    case "upscale":
        UpscaleBench.Run(options);
        return 0;
    case "pocket":
        PocketBench.Run(options);
        return 0;
    case "load":
        LoadBench.Run(options);
        return 0;
    case "dedupe":
        DedupeBench.Run(options);
        return 0;
    case "check":
        CheckBench.Run(options);
        return 0;
    case "captions":
        CaptionsBench.Run(options);
        return 0;
    case "masks":
        MaskBench.Run(options);
        return 0;
    case "tag":
        TagBench.Run(options);
        return 0;
    case "import":
        ImportBench.Run(options);
        return 0;
    default:
        Console.WriteLine(Usage);
        return options.Command is "" or "help" ? 0 : 2;
}

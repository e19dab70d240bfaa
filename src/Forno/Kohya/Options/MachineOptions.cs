using Forno.Torch;
using Forno.Training.Recipes;
using static Forno.Kohya.Options.Rows;

namespace Forno.Kohya.Options;

/// <summary>Options of length, precision, memory and machinery.</summary>
internal static class MachineOptions
{
    private const string Attention = "attention is chosen by measurement here",
        Messages = "messages go to standard error";

    public static KohyaOption[] Rows { get; } =
    [
        Long("max_train_steps", 1600)
            .From(1)
            .To(int.MaxValue)
            .Lands((r, v) => r with { Run = r.Run with { MaxTrainSteps = v } }),
        Whole("max_train_epochs").From(1).Lands((r, v) => r with { Run = r.Run with { MaxTrainEpochs = v } }),
        Whole("gradient_accumulation_steps", 1)
            .From(1)
            .Lands((r, v) => r with { Run = r.Run with { Accumulation = v } })
            .InMetadata(),
        Long("seed").From(0).Lands((r, v) => r with { Run = r.Run with { Seed = (ulong)v } }).InMetadata(),
        Choice("mixed_precision", "no", ("no", DType.Float32), ("fp16", DType.Float16), ("bf16", DType.BFloat16))
            .Lands((r, v) => r with { Run = r.Run with { Precision = v } })
            .InMetadata(),
        Flag("gradient_checkpointing")
            .Lands((r, v) => r with { Run = r.Run with { GradientCheckpointing = v } })
            .InMetadata(),
        Flag("full_fp16").InMetadata().Later(),
        Flag("full_bf16").Later(),
        Flag("fp8_base").InMetadata().Later(),
        Flag("fp8_base_unet").InMetadata().Later(),
        Flag("mem_eff_attn").Accepted("attention never holds a full matrix here anyway"),
        Flag("xformers").Accepted(Attention),
        Flag("sdpa").Accepted(Attention),
        Whole("max_data_loader_n_workers", 8)
            .Accepted("pictures are prepared beside training without worker processes"),
        Flag("persistent_data_loader_workers").Accepted("there are no worker processes"),
        Str("console_log_level").Accepted(Messages),
        Str("console_log_file").Accepted(Messages),
        Flag("console_log_simple").Accepted(Messages),
        Flag("lowram").InMetadata().Foreign(),
        Flag("highvram").Foreign(),
        Flag("cpu_offload_checkpointing").Foreign(),
        Whole("blocks_to_swap").For(OptionScript.Neither).Foreign(),
        Flag("torch_compile").Foreign(),
        Str("dynamo_backend", "inductor")
            .OneOf(
                "eager",
                "aot_eager",
                "inductor",
                "aot_ts_nvfuser",
                "nvprims_nvfuser",
                "cudagraphs",
                "ofi",
                "fx2trt",
                "onnxrt",
                "tensort",
                "ipex",
                "tvm"
            )
            .Foreign(),
        Whole("ddp_timeout").Foreign(),
        Flag("ddp_gradient_as_bucket_view").Foreign(),
        Flag("ddp_static_graph").Foreign(),
        Flag("deepspeed").Foreign(),
        Whole("zero_stage", 2).From(0).To(3).Foreign(),
        Str("offload_optimizer_device").OneOf("cpu", "nvme").Foreign(),
        Str("offload_optimizer_nvme_path").Foreign(),
        Str("offload_param_device").OneOf("cpu", "nvme").Foreign(),
        Str("offload_param_nvme_path").Foreign(),
        Flag("zero3_init_flag").Foreign(),
        Flag("zero3_save_16bit_model").Foreign(),
        Flag("fp16_master_weights_and_gradients").Foreign(),
    ];
}

using Forno.Data;
using static Forno.Kohya.Options.Rows;
using static Forno.Kohya.Options.SubsetKinds;

namespace Forno.Kohya.Options;

/// <summary>Options of captions and of what text encoders make of them.</summary>
internal static class CaptionOptions
{
    public static KohyaOption[] Rows { get; } =
    [
        Str("caption_extension", ".caption").InSubset((s, v) => s with { CaptionExtension = v }).Of(Folder | Masked),
        Str("caption_extention"), // kohya's own slip of the pen; KohyaArgs moves it
        Str("class_tokens").InSubset((s, v) => s with { ClassTokens = v }).Of(Folder).ConfigOnly() with
        {
            ResolvedSubsets = Folder | Masked,
        },
        Flag("shuffle_caption").InSubset((s, v) => Ruled(s, c => c with { Shuffle = v })),
        Str("caption_separator", ",").InSubset((s, v) => Ruled(s, c => c with { Separator = v })),
        Whole("keep_tokens", 0).From(0).InSubset((s, v) => Ruled(s, c => c with { KeepTokens = v })),
        Str("keep_tokens_separator", "").InSubset((s, v) => Ruled(s, c => c with { KeepTokensSeparator = v })),
        Str("secondary_separator").InSubset((s, v) => Ruled(s, c => c with { SecondarySeparator = v })),
        Flag("enable_wildcard").InSubset((s, v) => Ruled(s, c => c with { Wildcard = v })),
        Str("caption_prefix").InSubset((s, v) => Ruled(s, c => c with { Prefix = v })),
        Str("caption_suffix").InSubset((s, v) => Ruled(s, c => c with { Suffix = v })),
        Real("caption_dropout_rate", 0)
            .From(0)
            .To(1)
            .InSubset((s, v) => Ruled(s, c => c with { DropoutRate = v }))
            .InMetadata() with
        {
            TakesWhole = true,
        },
        Whole("caption_dropout_every_n_epochs", 0)
            .From(0)
            .InSubset((s, v) => Ruled(s, c => c with { DropoutEveryNEpochs = v }))
            .InMetadata(),
        Real("caption_tag_dropout_rate", 0)
            .From(0)
            .To(1)
            .InSubset((s, v) => Ruled(s, c => c with { TagDropoutRate = v }))
            .InMetadata() with
        {
            TakesWhole = true,
        },
        Whole("token_warmup_min", 1).From(0).InSubset((s, v) => Ruled(s, c => c with { WarmupMin = v })),
        Real("token_warmup_step", 0).From(0).InSubset((s, v) => Ruled(s, c => c with { WarmupStep = v })) with
        {
            TakesWhole = true,
        },
        Table("custom_attributes").InSubset().ConfigOnly().Later(),
        Flag("cache_text_encoder_outputs")
            .For(OptionScript.SdxlOnly)
            .Lands((r, v) => r with { Run = r.Run with { CacheTextOutputs = v } }),
        Flag("cache_text_encoder_outputs_to_disk")
            .For(OptionScript.SdxlOnly)
            .Lands((r, v) => r with { Run = r.Run with { CacheTextOutputsToDisk = v } }) with
        {
            TurnsOn = "cache_text_encoder_outputs",
        },
        Whole("text_encoder_batch_size").For(OptionScript.Neither).Foreign(),
    ];

    private static Subset Ruled(Subset subset, Func<CaptionRules, CaptionRules> change) =>
        subset with
        {
            Captions = change(subset.Captions),
        };
}

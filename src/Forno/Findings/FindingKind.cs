#pragma warning disable CS1591 // the second argument says what each kind is

namespace Forno.Findings;

/// <summary>
/// The kinds of findings, all of them: what machines know a finding by. A new finding is a line here and the place that
/// makes it.
/// </summary>
public sealed class FindingKind
{
    // Folders and files.
    public static readonly FindingKind EmptyFolder = new("empty-folder", "A folder that is trained has no pictures.");
    public static readonly FindingKind NoCaptions = new("no-captions", "No picture of the set has a caption.");
    public static readonly FindingKind CaptionsMissing = new(
        "captions-missing",
        "Some pictures of the set have no caption."
    );
    public static readonly FindingKind CaptionExtension = new(
        "caption-extension",
        "The trainer looks for captions of another extension."
    );
    public static readonly FindingKind CaptionNames = new("caption-names", "Captions are not named as their pictures.");
    public static readonly FindingKind Extensions = new("extensions", "Captions of one set have several extensions.");
    public static readonly FindingKind RegOverlap = new(
        "reg-overlap",
        "Regularisation and training pictures are the same."
    );
    public static readonly FindingKind MaskNames = new("mask-names", "Masks lack some of their folder's pictures.");
    public static readonly FindingKind MaskOrphans = new("mask-orphans", "Masks have no picture.");
    public static readonly FindingKind Separator = new(
        "separator",
        "Captions have a separator that the trainer does not know."
    );
    public static readonly FindingKind NotTrained = new(
        "not-trained",
        "The configuration does not train on some folders."
    );
    public static readonly FindingKind Unreadable = new("unreadable", "A file cannot be read.");

    // Configuration.
    public static readonly FindingKind UnknownOption = new("unknown-option", "An option that no trainer knows.");
    public static readonly FindingKind UnsupportedOption = new("unsupported-option", "An option that does not work.");
    public static readonly FindingKind OptionValue = new("option-value", "A value that its option cannot have.");
    public static readonly FindingKind MissingOption = new("missing-option", "An option that must be given is not.");
    public static readonly FindingKind MissingFile = new(
        "missing-file",
        "A file that the training reads is not there."
    );
    public static readonly FindingKind DatasetConfig = new("dataset-config", "A dataset config is not valid.");
    public static readonly FindingKind Buckets = new("buckets", "Buckets cannot be laid out as asked for.");
    public static readonly FindingKind NetworkArgs = new("network-args", "The adapter cannot be made as asked for.");
    public static readonly FindingKind NothingTrained = new("nothing-trained", "Nothing would learn.");
    public static readonly FindingKind Optimizer = new("optimizer", "The optimizer or its arguments do not exist.");
    public static readonly FindingKind LrScheduler = new("lr-scheduler", "The learning-rate schedule cannot be made.");
    public static readonly FindingKind Timesteps = new("timesteps", "The range of timesteps is empty.");
    public static readonly FindingKind Loss = new("loss", "Options of the loss exclude each other.");
    public static readonly FindingKind SamplePrompts = new("sample-prompts", "Sample pictures have no prompts.");
    public static readonly FindingKind Rate = new("rate", "A learning rate that does not suit the optimizer.");
    public static readonly FindingKind Rates = new("rates", "Several learning rates, and the optimizer has one.");
    public static readonly FindingKind VPrediction = new(
        "v-prediction",
        "The base model predicts v, and the training does not."
    );
    public static readonly FindingKind ZeroSnr = new("zero-snr", "Zero terminal SNR without v-prediction.");
    public static readonly FindingKind NoiseOffset = new(
        "noise-offset",
        "Noise offset together with zero terminal SNR."
    );
    public static readonly FindingKind Dropout = new("dropout", "Every caption is dropped.");
    public static readonly FindingKind CachedCaptions = new(
        "cached-captions",
        "Captions vary, and what they encode to is cached."
    );
    public static readonly FindingKind CachedTextEncoder = new(
        "cached-text-encoder",
        "The text encoder is trained, and its outputs are cached."
    );
    public static readonly FindingKind CachedLatents = new(
        "cached-latents",
        "Pictures vary, and their latents are cached."
    );
    public static readonly FindingKind NetworkDim = new("network-dim", "The rank is left to kohya's default.");
    public static readonly FindingKind NetworkAlpha = new("network-alpha", "Alpha is left to kohya's default.");
    public static readonly FindingKind Resolution = new(
        "resolution",
        "There is no resolution, or one that does not suit the base."
    );
    public static readonly FindingKind Length = new(
        "length",
        "The length of the training is not given, or given twice."
    );
    public static readonly FindingKind TwoSources = new(
        "two-sources",
        "Both train_data_dir and dataset_config are given."
    );
    public static readonly FindingKind ClipSkip = new("clip-skip", "The value of clip_skip does not suit the base.");
    public static readonly FindingKind OnlyLast = new("only-last", "No epoch but the last is saved.");
    public static readonly FindingKind NoBuckets = new(
        "no-buckets",
        "Pictures are cut to one shape, because there are no buckets."
    );

    // Configuration and data together.
    public static readonly FindingKind KeepTokens = new(
        "keep-tokens",
        "Triggers in front of captions do not stay in place."
    );
    public static readonly FindingKind ShuffledSentences = new(
        "shuffled-sentences",
        "Sentences are cut at commas and shuffled."
    );
    public static readonly FindingKind MaskedLoss = new(
        "masked-loss",
        "Masks without masked_loss, or the other way round."
    );
    public static readonly FindingKind FlipAug = new(
        "flip-aug",
        "Pictures are mirrored that show what is on one side only."
    );
    public static readonly FindingKind Trainer = new("trainer", "The trainer has to know which tags stay in place.");

    // Single pictures.
    public static readonly FindingKind NoCaption = new("no-caption", "The picture has no caption.");
    public static readonly FindingKind NoBucket = new("no-bucket", "The picture is smaller than any bucket.");
    public static readonly FindingKind Format = new("format", "Trainers do not read such a file.");
    public static readonly FindingKind Disguised = new("disguised", "The file's name says another format.");
    public static readonly FindingKind Retro = new("retro", "The picture is of an era that is learnt faster.");
    public static readonly FindingKind Small = new("small", "The picture is smaller than the training resolution.");
    public static readonly FindingKind Cropped = new("cropped", "Much of the picture is cut off for its bucket.");
    public static readonly FindingKind Soft = new("soft", "The picture is blurred.");
    public static readonly FindingKind Compressed = new("compressed", "The picture is damaged by compression.");
    public static readonly FindingKind Monochrome = new("monochrome", "The picture has no colour.");
    public static readonly FindingKind Transparent = new("transparent", "Parts of the picture are transparent.");
    public static readonly FindingKind Borders = new("borders", "The picture has borders of one colour.");
    public static readonly FindingKind Text = new("text", "The picture has text in it.");
    public static readonly FindingKind Duplicate = new("duplicate", "The picture shows the same as another.");

    // The set of pictures.
    public static readonly FindingKind Duplicates = new("duplicates", "Pictures are there several times.");
    public static readonly FindingKind ManyBuckets = new(
        "many-buckets",
        "There are too many buckets for full batches."
    );
    public static readonly FindingKind Alone = new("alone", "Pictures are alone in their bucket.");
    public static readonly FindingKind FewPictures = new("few-pictures", "A folder has few pictures.");
    public static readonly FindingKind MostlyMonochrome = new("mostly-monochrome", "Most pictures have no colour.");
    public static readonly FindingKind RetroMix = new(
        "retro-mix",
        "Some pictures are of an era that is learnt faster."
    );
    public static readonly FindingKind Shots = new("shots", "Close and far views are not in balance.");
    public static readonly FindingKind MuchText = new("much-text", "Many pictures have text in them.");

    // Captions.
    public static readonly FindingKind EmptyCaption = new("empty-caption", "Captions are empty.");
    public static readonly FindingKind UnreadableCaption = new("unreadable-caption", "Captions cannot be read.");
    public static readonly FindingKind MixedLanguage = new(
        "mixed-language",
        "Some captions are sentences, others tags."
    );
    public static readonly FindingKind Encoding = new(
        "encoding",
        "Captions are in an encoding that kohya's trainer does not read."
    );
    public static readonly FindingKind SeveralLines = new("several-lines", "Captions have several lines.");
    public static readonly FindingKind NoCommas = new("no-commas", "Captions are tags without commas.");
    public static readonly FindingKind Long = new("long", "Captions are longer than the trainer reads.");
    public static readonly FindingKind Repeated = new("repeated", "Captions have a tag twice.");
    public static readonly FindingKind Spellings = new("spellings", "A tag is written in several ways.");
    public static readonly FindingKind Singletons = new("singletons", "Tags are on one picture only.");
    public static readonly FindingKind Together = new("together", "Tags are never seen apart.");
    public static readonly FindingKind Always = new("always", "Tags are in every caption of a folder.");
    public static readonly FindingKind Aliases = new("aliases", "The model's data has a tag under another name.");
    public static readonly FindingKind Unknown = new("unknown", "The model's data does not have a tag.");
    public static readonly FindingKind Rare = new("rare", "The model's data seldom has a tag.");
    public static readonly FindingKind NoMatch = new("no-match", "No caption fulfils the expression.");

    // Triggers.
    public static readonly FindingKind NoTrigger = new("no-trigger", "No caption has a trigger.");
    public static readonly FindingKind Absent = new("absent", "A trigger is in no caption.");
    public static readonly FindingKind SameExtent = new("same-extent", "Triggers have the same pictures.");
    public static readonly FindingKind NearlySame = new("nearly-same", "Triggers have nearly the same pictures.");
    public static readonly FindingKind MiscMissing = new(
        "misc-missing",
        "A character is never, or hardly, seen without its outfits."
    );
    public static readonly FindingKind NeverApart = new("never-apart", "A trigger is never seen without another.");
    public static readonly FindingKind Pair = new("pair", "Two characters are never in one picture.");
    public static readonly FindingKind Forgotten = new("forgotten", "Captions lack the trigger that their folder has.");
    public static readonly FindingKind WithoutTrigger = new("without-trigger", "Captions have no trigger.");
    public static readonly FindingKind KnownTag = new("known-tag", "A trigger is a tag that base models know.");

    // Pruned features.
    public static readonly FindingKind Level = new("level", "The level prunes nothing.");
    public static readonly FindingKind Sentences = new("sentences", "Sentences are not pruned.");
    public static readonly FindingKind Pruned = new("pruned", "Tags were pruned, by their category.");
    public static readonly FindingKind BodySize = new(
        "body-size",
        "Sizes of the body were left, by a rule of the craft."
    );
    public static readonly FindingKind Footwear = new("footwear", "Footwear was left, by a rule of the craft.");
    public static readonly FindingKind PairPruned = new(
        "pair-pruned",
        "Counts of people were pruned where two characters are."
    );
    public static readonly FindingKind MonochromePruned = new(
        "monochrome-pruned",
        "Monochrome was pruned for a style to take it."
    );
    public static readonly FindingKind PrunedRarely = new("pruned-rarely", "Tags were pruned from few captions.");
    public static readonly FindingKind OtherCharacter = new(
        "other-character",
        "A tagger recognised characters that are not triggers."
    );
    public static readonly FindingKind Split = new("split", "A feature is split between triggers.");
    public static readonly FindingKind Leak = new("leak", "A feature turns up with a trigger that does not take it.");
    public static readonly FindingKind ComesAndGoes = new(
        "comes-and-goes",
        "A feature is in some pictures of its trigger only."
    );
    public static readonly FindingKind Unclaimed = new("unclaimed", "A feature is pruned where there is no trigger.");
    public static readonly FindingKind TakesNothing = new("takes-nothing", "No pruned feature goes to a trigger.");
    public static readonly FindingKind EveryOutfit = new("every-outfit", "A feature is in every outfit.");
    public static readonly FindingKind HalfPruned = new(
        "half-pruned",
        "A feature is pruned from a part of a folder's captions."
    );

    // Repeats and epochs.
    public static readonly FindingKind ScaleWeightNorms = new(
        "scale-weight-norms",
        "With scale_weight_norms, an optimizer that finds its own rate."
    );
    public static readonly FindingKind Half = new("half", "A folder makes more than half of all steps.");
    public static readonly FindingKind ManyPictures = new(
        "many-pictures",
        "A folder has more pictures than its share of steps."
    );
    public static readonly FindingKind OneGamma = new("one-gamma", "One of the two gammas is on, without the other.");
    public static readonly FindingKind OverCap = new("over-cap", "A concept gets more steps than it can take.");
    public static readonly FindingKind ShortTraining = new("short-training", "A concept gets few steps.");
    public static readonly FindingKind LongTraining = new("long-training", "A concept gets many steps.");
    public static readonly FindingKind Network = new("network", "The recipe is for another kind of adapter.");
    public static readonly FindingKind DimAlpha = new("dim-alpha", "The recipe is for another rank or alpha.");
    public static readonly FindingKind Unbalanced = new("unbalanced", "Concepts of one rank get unequal steps.");

    private FindingKind(string name, string meaning) => (Name, Meaning) = (name, meaning);

    /// <summary>Its name, in lower case with hyphens: <c>no-captions</c>.</summary>
    public string Name { get; }

    /// <summary>What all findings of the kind say, in a sentence.</summary>
    public string Meaning { get; }

    /// <summary>Its name.</summary>
    public override string ToString() => Name;
}

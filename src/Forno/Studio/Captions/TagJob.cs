using Forno.Datasets.Captions;
using Forno.Studio.Datasets;
using Forno.Vision.Tagging;
using Forno.Workspace;

namespace Forno.Studio.Captions;

/// <summary>How captions are written by taggers.</summary>
public sealed record TagRequest
{
    /// <summary>Where.</summary>
    public required ChangePlace Place { get; init; }

    /// <summary>
    /// The taggers, whose tags are united: each a folder, or an ONNX file. Empty: captions are made of what was noted
    /// by an earlier run.
    /// </summary>
    public IReadOnlyList<string> Taggers { get; init; } = [];

    /// <summary>The list of tags of the only tagger, if it does not lie beside the model; or null.</summary>
    public string? TagList { get; init; }

    /// <summary>What becomes of what they see.</summary>
    public required TagRules Rules { get; init; }

    /// <summary>Least confidence that is noted in the sidecar.</summary>
    public double NoteFrom { get; init; } = 0.1;

    /// <summary>Pictures at once, where the model allows it.</summary>
    public int Batch { get; init; } = 4;

    /// <summary>How pictures are shown to the taggers.</summary>
    public TaggerOptions Options { get; init; } = new();

    /// <summary>The extension of the captions; null: the usual ones.</summary>
    public string? Extension { get; init; }
}

/// <summary>Writes captions by booru taggers, or of what they noted earlier.</summary>
public sealed class TagJob : ChangeJob
{
    private readonly TagRequest request;
    private readonly TaggerFiles[] taggers;

    /// <summary>Finds the taggers' files.</summary>
    /// <param name="request">What is wanted.</param>
    /// <exception cref="FornoException">A tagger is absent, or two have one name.</exception>
    public TagJob(TagRequest request)
        : base(request.Place, request.Extension)
    {
        this.request = request;
        taggers = [.. request.Taggers.Select(w => TaggerFiles.Find(w, request.TagList))];
        if (taggers.GroupBy(t => t.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new FornoException(
                $"two taggers are called {twice.Key} ({string.Join(", ", twice.Select(t => t.Model))}); what "
                    + "they see could not be told apart: rename a folder"
            );
        }
    }

    /// <inheritdoc/>
    protected override ChangePlan Plan(ChangeContext context)
    {
        var set = CaptionSet.Read(context.Folder, request.Extension, null, context.Cancel);
        return taggers.Length > 0 ? Tagged(set, context) : FromSidecars(set, context);
    }

    private ChangePlan FromSidecars(CaptionSet set, ChangeContext context) =>
        set.Pictures.Count > 0 && set.Pictures.All(p => p.Picture.Tags is null)
            ? throw new FornoException(
                "no tags were noted for any of these pictures (NAME.tags.json); run a tagger over them first"
            )
            : CaptionPlans.Make(
                set,
                "caption tag",
                p =>
                    Tagging.Edit(
                        p,
                        TagSidecar.Of(p.Picture)
                            ?? throw new FornoException("no tags were noted for it; run a tagger over it first"),
                        request.Rules,
                        write: false
                    ),
                context.Progress,
                context.Cancel,
                own: true
            );

    private ChangePlan Tagged(CaptionSet set, ChangeContext context)
    {
        PictureItem[] items = [.. set.Pictures.Select(p => p.Picture)];
        var seen = items.ToDictionary(i => i.Path, _ => new List<SeenTag>(), StringComparer.Ordinal);
        Dictionary<string, Problem> failed = new(StringComparer.Ordinal);
        foreach (TaggerFiles files in items.Length > 0 ? taggers : [])
        {
            using var tagger = Tagger.Load(files, request.Options);
            var (found, problems) = context.Events.Count(
                $"tag by {files.Name}",
                items.Length,
                "pictures",
                progress =>
                    Tagging.Look(
                        items,
                        tagger,
                        request.NoteFrom,
                        Math.Clamp(request.Batch, 1, 64),
                        progress,
                        context.Cancel
                    )
            );
            foreach (var (path, tags) in found)
            {
                seen[path].AddRange(tags);
            }

            foreach (Problem problem in problems)
            {
                failed[problem.File] = problem;
            }
        }

        string[] names = [.. taggers.Select(t => t.Name)];
        ChangePlan plan = CaptionPlans.Make(
            set,
            "caption tag",
            p =>
                failed.ContainsKey(p.Picture.Path)
                    ? null
                    : Tagging.Edit(
                        p,
                        Tagging.Merge(TagSidecar.Of(p.Picture), names, seen[p.Picture.Path]),
                        request.Rules,
                        write: true
                    ),
            null,
            context.Cancel,
            own: true
        );
        return plan with { Problems = [.. plan.Problems, .. failed.Values] };
    }
}

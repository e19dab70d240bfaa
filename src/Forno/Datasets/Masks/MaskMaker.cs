using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision;
using Forno.Vision.Masking;
using Forno.Workspace;

namespace Forno.Datasets.Masks;

/// <summary>Makes masks of pictures, by a network or from their alpha, and judges them.</summary>
public static class MaskMaker
{
    /// <summary>Masks by a network; the next pictures are decoded while it runs, masks are judged beside it.</summary>
    /// <param name="items">The pictures.</param>
    /// <param name="network">The network.</param>
    /// <param name="finish">How masks are finished.</param>
    /// <param name="rules">From where on they are bad.</param>
    /// <param name="progress">Counts pictures.</param>
    /// <param name="cancel">Stops it.</param>
    /// <returns>The masks and the pictures that cannot be read, both in order.</returns>
    /// <exception cref="FornoException">The network fails.</exception>
    public static (IReadOnlyList<JudgedMask> Masks, IReadOnlyList<Problem> Problems) ByNetwork(
        IReadOnlyList<PictureItem> items,
        MaskNetwork network,
        MaskFinish finish,
        MaskRules rules,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        var masks = new List<Task<JudgedMask>>();
        var problems = new List<Problem>();
        long done = 0;
        Prefetch.Run(
            items,
            batch: 1,
            Prepare,
            ready =>
            {
                foreach ((PictureItem item, (float[] numbers, PictureView view, Size size)) in ready)
                {
                    MaskPlane mask = network.Run(numbers, cancel);
                    masks.Add(Task.Run(() => new JudgedMask(item, mask, view, size, finish, rules), cancel));
                    progress?.Report(++done);
                }
            },
            (item, e) => problems.Add(Problem.Of(item.Path, e, item.File)),
            cancel
        );
        return ([.. masks.Select(m => m.GetAwaiter().GetResult())], problems);

        (float[] Numbers, PictureView View, Size Size) Prepare(PictureItem item)
        {
            var info = PictureFile.Inspect(item.File);
            using IDisposable share = PixelBudget.Take((long)info.Width * info.Height);
            using Picture picture = info.Decode();
            byte[] squashed = network.Squash(picture);
            return (
                network.Numbers(squashed),
                PictureView.OfSquashed(
                    squashed,
                    network.Input.Width,
                    network.Input.Height,
                    picture.Width,
                    picture.Height
                ),
                new Size(picture.Width, picture.Height)
            );
        }
    }

    /// <summary>Masks from the pictures' alpha; opaque pictures are problems.</summary>
    /// <inheritdoc cref="ByNetwork"/>
    public static (IReadOnlyList<JudgedMask> Masks, IReadOnlyList<Problem> Problems) ByAlpha(
        IReadOnlyList<PictureItem> items,
        MaskFinish finish,
        MaskRules rules,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        (JudgedMask?[] masks, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            items,
            item =>
            {
                var info = PictureFile.Inspect(item.File);
                using IDisposable share = PixelBudget.Take((long)info.Width * info.Height);
                MaskPlane mask = Alpha(info);
                // What is transparent is the outline itself: the picture tells no better, and what lies under it may be
                // anything.
                return new JudgedMask(
                    item,
                    mask,
                    view: null,
                    new Size(mask.Width, mask.Height),
                    finish,
                    rules,
                    () => Alpha(info)
                );
            },
            progress,
            cancel
        );
        return ([.. masks.OfType<JudgedMask>()], problems);

        static MaskPlane Alpha(PictureFile info)
        {
            using Picture picture = info.Decode();
            return MaskPlane.OfAlpha(picture)
                ?? throw new FornoException("no part of it is transparent, so alpha gives no mask");
        }
    }

    /// <summary>Masks that are there already, such as those of another tool.</summary>
    /// <inheritdoc cref="ByNetwork"/>
    public static (IReadOnlyList<JudgedMask> Masks, IReadOnlyList<Problem> Problems) ByMasks(
        IReadOnlyList<PictureItem> items,
        MaskFinish finish,
        MaskRules rules,
        IProgress<long>? progress = null,
        CancellationToken cancel = default
    )
    {
        (JudgedMask?[] masks, IReadOnlyList<Problem> problems) = ChangePlan.ForEach(
            items,
            item =>
            {
                var info = PictureFile.Inspect(item.File);
                using IDisposable share = PixelBudget.Take((long)info.Width * info.Height);
                using Picture picture = info.Decode();
                return new JudgedMask(
                    item,
                    Found(),
                    PictureView.Of(picture),
                    new Size(info.Width, info.Height),
                    finish,
                    rules,
                    Found
                );

                MaskPlane Found() => MaskPlane.Load(item.Mask!.File);
            },
            progress,
            cancel
        );
        return ([.. masks.OfType<JudgedMask>()], problems);
    }
}

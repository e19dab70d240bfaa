using System.Globalization;
using Forno.Datasets.Edits;
using Forno.Imaging;
using Forno.Imaging.Masks;
using Forno.Vision.Inpainting;
using Forno.Workspace;

namespace Forno.Datasets.Cleaning;

/// <summary>The plans of <c>forno dataset clean</c>: what was found is marked in masks, filled or blurred.</summary>
public static class CleanPlans
{
    /// <summary>Adds what was found as black to the masks; a picture without mask gets one that is white elsewhere, and
    /// so do the others of its folder: the trainer wants a mask for every picture of a folder or for none.</summary>
    /// <param name="survey">What was found in them.</param>
    /// <param name="mostShare">Pictures with more of it, 0 to 1, are left as they are.</param>
    public static ChangePlan Mark(CleanSurvey survey, double mostShare)
    {
        (List<CleanPicture> todo, List<Problem> kept) = Split(survey, mostShare);
        var masks = new HashSet<string>(StringComparer.Ordinal);
        var steps = new List<PlanStep>();
        var problems = new List<Problem>();
        foreach (CleanPicture picture in todo)
        {
            PictureItem item = picture.Item;
            if (!masks.Add(item.MaskPath))
            {
                kept.Add(
                    new Problem(item.Path, $"another picture has the mask {item.MaskPath} too; rename one of them")
                );
                continue;
            }

            try
            {
                steps.Add(
                    new PlanStep
                    {
                        Subject = item.Path,
                        What = $"mark {Told(picture)}",
                        Changes = [MaskChange(picture)],
                    }
                );
            }
            catch (FornoException e)
            {
                problems.Add(Problem.Of(item.Path, e, item.Mask?.File));
            }
        }

        // The trainer wants a mask for every picture of a folder or for none.
        HashSet<string> folders = [.. steps.Select(s => RelativePath.Folder(s.Subject))];
        foreach (
            CleanPicture picture in survey.Pictures.Where(p => p.Item.Mask is null && folders.Contains(p.Item.Folder))
        )
        {
            if (masks.Add(picture.Item.MaskPath))
            {
                steps.Add(
                    new PlanStep
                    {
                        Subject = picture.Item.Path,
                        What = "white mask, since others of its folder have one",
                        Changes = [WhiteMask(picture, mark: false)],
                    }
                );
            }
        }

        return new ChangePlan
        {
            Name = "clean",
            Steps = [.. steps.OrderBy(s => s.Subject, StringComparer.Ordinal)],
            Problems = [.. survey.Problems, .. problems],
            Kept = kept,
        };
    }

    /// <summary>Covers what was found with its blurred surroundings; see <see cref="SmoothFill"/>.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="survey">What was found in them.</param>
    /// <param name="mostShare">Pictures with more of it, 0 to 1, are left as they are.</param>
    public static ChangePlan Blur(PictureFolder folder, CleanSurvey survey, double mostShare) =>
        Change(
            folder,
            survey,
            mostShare,
            "blur",
            (pixels, width, height, bands, map) => SmoothFill.Fill(pixels, width, height, bands, map)
        );

    /// <summary>Fills what was found by a network; one picture at a time, since it takes all threads.</summary>
    /// <param name="folder">The pictures.</param>
    /// <param name="survey">What was found in them.</param>
    /// <param name="mostShare">Pictures with more of it, 0 to 1, are left as they are.</param>
    /// <param name="inpainter">The network; must live until the plan was applied.</param>
    /// <param name="cancel">Stops a fill in its midst.</param>
    public static ChangePlan Fill(
        PictureFolder folder,
        CleanSurvey survey,
        double mostShare,
        Inpainter inpainter,
        CancellationToken cancel = default
    )
    {
        var one = new Lock();
        return Change(
            folder,
            survey,
            mostShare,
            "fill",
            (pixels, width, height, bands, map) =>
            {
                lock (one)
                {
                    inpainter.Fill(pixels, width, height, bands, map, cancel);
                }
            }
        );
    }

    /// <summary>What was found in a picture, for people: <c>2 texts, 1 bubble (3.1 %)</c>.</summary>
    public static string Told(CleanPicture picture)
    {
        IEnumerable<string> counts = picture
            .Found.GroupBy(f => f.Kind, f => f.Kind.ToString().ToLowerInvariant())
            .OrderBy(g => g.Key)
            .Select(g => Invariant.Text($"{g.Count()} {g.First()}{(g.Count() == 1 ? "" : "s")}"));
        return Invariant.Text($"{string.Join(", ", counts)} ({picture.Share:0.0 %})");
    }

    private static ChangePlan Change(
        PictureFolder folder,
        CleanSurvey survey,
        double mostShare,
        string what,
        Action<byte[], int, int, int, byte[]> fill
    )
    {
        (List<CleanPicture> todo, List<Problem> kept) = Split(survey, mostShare);
        var byPath = todo.ToDictionary(p => p.Item.Path, StringComparer.Ordinal);
        ChangePlan plan = PictureEditing.Plan(
            "clean",
            folder,
            item =>
                !byPath.TryGetValue(item.Path, out CleanPicture? picture)
                    ? null
                    : new PictureEdit($"{what} {Told(picture)}", p => Filled(picture, p, fill)),
            null,
            null,
            null,
            default
        );
        return plan with { Problems = survey.Problems, Kept = kept };
    }

    private static Picture Filled(CleanPicture picture, Picture from, Action<byte[], int, int, int, byte[]> fill)
    {
        byte[] pixels = from.ToArray();
        byte[] map = BlemishFinder.Map(
            from.Bands == 3 ? picture.Find(pixels) : picture.Find(from),
            from.Width,
            from.Height
        );
        fill(pixels, from.Width, from.Height, from.Bands, map);
        return Picture.FromPixels(pixels, from.Width, from.Height, from.Bands, from.Source);
    }

    private static FileChange MaskChange(CleanPicture picture)
    {
        PictureItem item = picture.Item;
        if (item.Mask is not { } mask)
        {
            return WhiteMask(picture, mark: true);
        }

        var info = PictureFile.Inspect(mask.File);
        return (info.Width, info.Height) != (picture.Size.Width, picture.Size.Height)
            ? throw new FornoException(
                $"its mask is {info.Width}×{info.Height}, the picture {picture.Size.Width}×"
                    + $"{picture.Size.Height}; make the mask again"
            )
            : new ReplaceFile(
                mask.Path,
                PictureContent.Edited(
                    mask.File,
                    mask.Path,
                    old =>
                    {
                        using Picture grey = old.Extract(0);
                        return Picture.FromPixels(Blacken(picture, grey.ToArray()), old.Width, old.Height, 1);
                    }
                )
            );
    }

    private static AddFile WhiteMask(CleanPicture picture, bool mark) =>
        new(
            picture.Item.MaskPath,
            FileContent.Bytes(
                "mask",
                () =>
                {
                    using IDisposable share = PixelBudget.Take(3L * picture.Size.Width * picture.Size.Height);
                    byte[] white = new byte[picture.Size.Width * picture.Size.Height];
                    Array.Fill(white, (byte)255);
                    return new MaskPlane(
                        mark ? Blacken(picture, white) : white,
                        picture.Size.Width,
                        picture.Size.Height
                    ).EncodePng();
                }
            )
        );

    private static byte[] Blacken(CleanPicture picture, byte[] mask)
    {
        using Picture decoded = PictureFile.Inspect(picture.Item.File).Decode();
        foreach (Blemish blemish in picture.Find(decoded))
        {
            blemish.Area.Paint(mask, picture.Size.Width, 0);
        }

        return mask;
    }

    private static (List<CleanPicture> Todo, List<Problem> Kept) Split(CleanSurvey survey, double mostShare)
    {
        CleanPicture[] found = [.. survey.Pictures.Where(p => p.Found.Count > 0)];
        return (
            [.. found.Where(p => p.Share <= mostShare)],
            [
                .. found
                    .Where(p => p.Share > mostShare)
                    .Select(p => new Problem(
                        p.Item.Path,
                        Invariant.Text(
                            $"{Told(p)} is more than {mostShare:0 %} of it: a page of text; take it out, or crop it"
                        )
                    )),
            ]
        );
    }
}

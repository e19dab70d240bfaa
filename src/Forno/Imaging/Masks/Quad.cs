namespace Forno.Imaging.Masks;

/// <summary>A point of a picture; pixel (x, y) covers the square from (x, y) to (x + 1, y + 1).</summary>
/// <param name="X">From the left.</param>
/// <param name="Y">From the top.</param>
public readonly record struct Spot(double X, double Y);

/// <summary>
/// A rectangle that may be turned, or nearly one: four corners, clockwise, the first at the beginning of the upper long
/// side.
/// </summary>
/// <param name="A">First corner.</param>
/// <param name="B">From A along the line of text.</param>
/// <param name="C">Opposite of A.</param>
/// <param name="D">Below A.</param>
public readonly record struct Quad(Spot A, Spot B, Spot C, Spot D)
{
    /// <summary>Length of its side A–B.</summary>
    public double Width => Distance(A, B);

    /// <summary>Length of its side A–D.</summary>
    public double Height => Distance(A, D);

    /// <summary>Its area, by the shoelace formula.</summary>
    public double Area => Math.Abs(((A.X - C.X) * (B.Y - D.Y)) - ((B.X - D.X) * (A.Y - C.Y))) / 2;

    /// <summary>
    /// The smallest upright box of whole pixels around it, inside of a picture; without area if it lies outside.
    /// </summary>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    public Box Bounds(int width, int height)
    {
        int left = (int)Math.Clamp(Math.Floor(Math.Min(Math.Min(A.X, B.X), Math.Min(C.X, D.X)) + 1e-6), 0, width);
        int top = (int)Math.Clamp(Math.Floor(Math.Min(Math.Min(A.Y, B.Y), Math.Min(C.Y, D.Y)) + 1e-6), 0, height);
        int right = (int)Math.Clamp(Math.Ceiling(Math.Max(Math.Max(A.X, B.X), Math.Max(C.X, D.X)) - 1e-6), 0, width);
        int bottom = (int)Math.Clamp(Math.Ceiling(Math.Max(Math.Max(A.Y, B.Y), Math.Max(C.Y, D.Y)) - 1e-6), 0, height);
        return new Box(left, top, right - left, bottom - top);
    }

    /// <summary>The same, larger by some pixels on every side.</summary>
    /// <param name="by">How many; negative shrinks.</param>
    public Quad Grow(double by)
    {
        (double ux, double uy) = Unit(A, B, 1, 0);
        (double vx, double vy) = Unit(A, D, 0, 1);
        return new Quad(At(A, -1, -1), At(B, 1, -1), At(C, 1, 1), At(D, -1, 1));

        Spot At(Spot corner, int along, int down) =>
            new(corner.X + (by * ((along * ux) + (down * vx))), corner.Y + (by * ((along * uy) + (down * vy))));
    }

    /// <summary>Moved and stretched: x ↦ x · <paramref name="byX"/>, y ↦ y · <paramref name="byY"/>.</summary>
    public Quad Scale(double byX, double byY)
    {
        return new Quad(At(A), At(B), At(C), At(D));

        Spot At(Spot s) => new(s.X * byX, s.Y * byY);
    }

    /// <summary>Moved by so many pixels.</summary>
    public Quad Move(double right, double down)
    {
        return new Quad(At(A), At(B), At(C), At(D));

        Spot At(Spot s) => new(s.X + right, s.Y + down);
    }

    /// <summary>Goes through the pixels whose middle lies inside, row by row.</summary>
    /// <param name="width">Width of the picture.</param>
    /// <param name="height">Height of the picture.</param>
    public IEnumerable<PixelRun> Runs(int width, int height)
    {
        Spot[] corners = [A, B, C, D];
        Box bounds = Bounds(width, height);
        for (int y = bounds.Top; y < bounds.Top + bounds.Height; y++)
        {
            double middle = y + 0.5,
                left = double.MaxValue,
                right = double.MinValue;
            for (int i = 0; i < 4; i++)
            {
                (Spot from, Spot to) = (corners[i], corners[(i + 1) % 4]);
                if (from.Y <= middle != to.Y <= middle)
                {
                    double x = from.X + ((to.X - from.X) * (middle - from.Y) / (to.Y - from.Y));
                    (left, right) = (Math.Min(left, x), Math.Max(right, x));
                }
            }

            int first = (int)Math.Clamp(Math.Ceiling(left - 0.5), 0, width),
                end = left > right ? first : (int)Math.Clamp(Math.Floor(right - 0.5) + 1, 0, width);
            if (end > first)
            {
                yield return new PixelRun(y, first, end);
            }
        }
    }

    /// <summary>The turned rectangle of the smallest area around pixels, by the corners of their squares.</summary>
    /// <param name="runs">The pixels; at least one run.</param>
    public static Quad Around(IEnumerable<PixelRun> runs)
    {
        Spot[] hull = Hull([
            .. runs.SelectMany(r =>
                (Spot[])[new(r.Left, r.Row), new(r.Right, r.Row), new(r.Left, r.Row + 1), new(r.Right, r.Row + 1)]
            ),
        ]);
        (double Area, Quad Quad) best = (double.MaxValue, default);
        for (int i = 0; i < hull.Length; i++)
        {
            // A smallest rectangle has a side in common with the hull.
            (double ux, double uy) = Unit(hull[i], hull[(i + 1) % hull.Length], 1, 0);
            double low = double.MaxValue,
                high = double.MinValue,
                near = double.MaxValue,
                far = double.MinValue;
            foreach (Spot s in hull)
            {
                (double along, double across) = ((s.X * ux) + (s.Y * uy), (s.Y * ux) - (s.X * uy));
                (low, high, near, far) = (
                    Math.Min(low, along),
                    Math.Max(high, along),
                    Math.Min(near, across),
                    Math.Max(far, across)
                );
            }

            double area = (high - low) * (far - near);
            if (area < best.Area - 1e-9)
            {
                best = (area, Upright(At(low, near), At(high, near), At(high, far), At(low, far)));
            }

            Spot At(double along, double across) => new((along * ux) - (across * uy), (along * uy) + (across * ux));
        }

        return best.Quad;
    }

    // Turned by quarters until A–B points to the right, within 45 degrees.
    private static Quad Upright(Spot a, Spot b, Spot c, Spot d)
    {
        for (int i = 0; i < 4 && !(b.X - a.X > Math.Abs(b.Y - a.Y) - 1e-9); i++)
        {
            (a, b, c, d) = (b, c, d, a);
        }

        return new Quad(a, b, c, d);
    }

    // Andrew's monotone chain, clockwise on a screen.
    private static Spot[] Hull(Spot[] points)
    {
        Spot[] sorted = [.. points.Distinct().OrderBy(p => p.X).ThenBy(p => p.Y)];
        var hull = new List<Spot>();
        foreach (Spot[] way in (Spot[][])[sorted, [.. sorted.Reverse()]])
        {
            int begin = hull.Count;
            foreach (Spot p in way)
            {
                while (hull.Count >= begin + 2 && Turn(hull[^2], hull[^1], p) <= 0)
                {
                    hull.RemoveAt(hull.Count - 1);
                }

                hull.Add(p);
            }

            hull.RemoveAt(hull.Count - 1);
        }

        return [.. hull];
    }

    private static double Turn(Spot a, Spot b, Spot c) => ((b.X - a.X) * (c.Y - a.Y)) - ((b.Y - a.Y) * (c.X - a.X));

    private static double Distance(Spot a, Spot b) =>
        Math.Sqrt(((b.X - a.X) * (b.X - a.X)) + ((b.Y - a.Y) * (b.Y - a.Y)));

    private static (double X, double Y) Unit(Spot from, Spot to, double elseX, double elseY)
    {
        double length = Distance(from, to);
        return length > 1e-9 ? ((to.X - from.X) / length, (to.Y - from.Y) / length) : (elseX, elseY);
    }
}

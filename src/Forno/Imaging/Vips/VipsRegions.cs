using System.Runtime.InteropServices;

namespace Forno.Imaging.Vips;

/// <summary>Imports for reading a picture part by part.</summary>
internal static unsafe partial class VipsApi
{
    [LibraryImport(VipsLibrary, EntryPoint = "vips_region_new")]
    public static partial nint NewRegion(nint image);

    /// <summary>A copy of some pixels; the caller frees it.</summary>
    [LibraryImport(VipsLibrary, EntryPoint = "vips_region_fetch")]
    public static partial nint FetchRegion(nint region, int left, int top, int width, int height, out nuint size);
}

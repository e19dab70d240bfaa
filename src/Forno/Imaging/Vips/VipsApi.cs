using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Forno.Imaging.Vips;

/// <summary>The raw imports of libvips, GObject and GLib, and libvips' one-time start.</summary>
internal static unsafe partial class VipsApi
{
    private const string VipsLibrary = "libvips.so.42";
    private const string GObjectLibrary = "libgobject-2.0.so.0";
    private const string GLibLibrary = "libglib-2.0.so.0";

    private static readonly Lazy<string?> Started = new(Start);

    /// <summary>Starts libvips at the first call (some 40 ms); later calls cost nothing.</summary>
    /// <exception cref="FornoException">libvips is missing or does not start.</exception>
    public static void EnsureStarted()
    {
        if (Started.Value is { } failure)
        {
            throw new FornoException(failure);
        }
    }

    private static string? Start()
    {
        try
        {
            if (Init("forno") != 0)
            {
                return $"libvips does not start: {TakeError()}";
            }
        }
        catch (DllNotFoundException e)
        {
            return $"libvips is missing ({e.Message}); on Debian: apt-get install libvips42";
        }

        // Every operation is run by Forno's own workers, a picture each; threads inside small pipelines only cost. The
        // operation cache would hand out stale pictures for files that were rewritten.
        SetConcurrency(1);
        SetCacheMax(0);
        SetLogHandler("VIPS", 0xFF, &IgnoreLog, 0);
        return null;
    }

    // Warnings would land on standard error, which belongs to the application.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void IgnoreLog(nint domain, int level, nint message, nint data) { }

    /// <summary>libvips' error text, cleared after reading. It is one for the process, and operations that went
    /// well leave lines there too: what names another file, or a seek beyond the end (libheif tries that), is
    /// left out.</summary>
    /// <param name="source">The file that it is about.</param>
    public static string TakeError(string source = "")
    {
        string text = Marshal.PtrToStringUTF8(ErrorBuffer()) ?? "";
        ErrorClear();
        string[] lines =
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(l =>
                    !l.Contains(": bad seek to ", StringComparison.Ordinal)
                    && !l.EndsWith("unable to write to target target", StringComparison.Ordinal)
                )
                .Select(l =>
                    source.Length > 0 && l.StartsWith(source + ": ", StringComparison.Ordinal)
                        ? l[(source.Length + 2)..]
                        : l
                )
                .Where(l => l[0] != '/')
                .Distinct(),
        ];
        string all = lines.Length > 0 ? string.Join("; ", lines) : "libvips gave no reason";
        return DamageWords.Any(w => all.Contains(w, StringComparison.OrdinalIgnoreCase))
            ? $"the file is damaged or cut off ({all})"
            : all;
    }

    /// <summary>The exception for a file that libvips refuses.</summary>
    /// <param name="source">The file.</param>
    /// <param name="what">What does not work, where libvips does not say that the file is damaged.</param>
    public static FornoException Refused(string source, string what)
    {
        string why = TakeError(source);
        return new FornoException(
            why.StartsWith("the file ", StringComparison.Ordinal) ? $"{source}: {why}" : $"{source}: {what} ({why})"
        );
    }

    // How the decoders say that a file breaks off or does not add up.
    private static readonly string[] DamageWords =
    [
        "premature end",
        "read error",
        "unable to parse",
        "unable to read",
        "unexpected end",
        "end of stream",
        "end of file",
        "not enough data",
        "out of order",
        "corrupt",
        "bad huffman",
        "not enough image data",
        "invalid input",
    ];

    /// <summary>GObject's tagged value, 24 bytes.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct GValue
    {
        /// <summary>The GType; 0 before <c>g_value_init</c>.</summary>
        public nuint Type;
        private ulong data0;
        private ulong data1;
    }

    [LibraryImport(VipsLibrary, EntryPoint = "vips_init", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Init(string name);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_error_buffer")]
    private static partial nint ErrorBuffer();

    [LibraryImport(VipsLibrary, EntryPoint = "vips_error_clear")]
    private static partial void ErrorClear();

    [LibraryImport(VipsLibrary, EntryPoint = "vips_concurrency_set")]
    private static partial void SetConcurrency(int threads);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_cache_set_max")]
    private static partial void SetCacheMax(int operations);

    [LibraryImport(GLibLibrary, EntryPoint = "g_log_set_handler", StringMarshalling = StringMarshalling.Utf8)]
    private static partial uint SetLogHandler(
        string domain,
        int levels,
        delegate* unmanaged[Cdecl]<nint, int, nint, nint, void> handler,
        nint data
    );

    [LibraryImport(GLibLibrary, EntryPoint = "g_free")]
    public static partial void Free(nint memory);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_operation_new", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint NewOperation(string name);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_object_build")]
    public static partial int Build(nint instance);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_object_unref_outputs")]
    public static partial void UnrefOutputs(nint instance);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_foreign_find_load", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nint FindLoad(string path);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_foreign_find_load_buffer")]
    public static partial nint FindLoadBuffer(byte* data, nuint size);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_new_from_memory_copy")]
    public static partial nint NewFromMemoryCopy(byte* data, nuint size, int width, int height, int bands, int format);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_write_to_memory")]
    public static partial nint WriteToMemory(nint image, out nuint size);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_copy_memory")]
    public static partial nint CopyMemory(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_width")]
    public static partial int Width(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_height")]
    public static partial int Height(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_bands")]
    public static partial int Bands(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_format")]
    public static partial int Format(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_interpretation")]
    public static partial int Interpretation(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_hasalpha")]
    public static partial int HasAlpha(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_n_pages")]
    public static partial int Pages(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_orientation")]
    public static partial int Orientation(nint image);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_image_get_typeof", StringMarshalling = StringMarshalling.Utf8)]
    public static partial nuint FieldType(nint image, string name);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_blob_copy")]
    public static partial nint BlobCopy(byte* data, nuint size);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_blob_get")]
    public static partial nint BlobGet(nint blob, out nuint size);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_area_unref")]
    public static partial void AreaUnref(nint area);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_enum_from_nick", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int EnumFromNick(string domain, nuint type, string nick);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_value_set_array_double")]
    public static partial void SetArrayDouble(GValue* value, double* array, int count);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_value_set_array_int")]
    public static partial void SetArrayInt(GValue* value, int* array, int count);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_value_set_array_image")]
    public static partial void SetArrayImage(GValue* value, int count);

    [LibraryImport(VipsLibrary, EntryPoint = "vips_value_get_array_image")]
    public static partial nint* GetArrayImage(GValue* value, out int count);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_object_ref")]
    public static partial nint Ref(nint instance);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_object_unref")]
    public static partial void Unref(nint instance);

    [LibraryImport(
        GObjectLibrary,
        EntryPoint = "g_object_class_find_property",
        StringMarshalling = StringMarshalling.Utf8
    )]
    public static partial nint FindProperty(nint type, string name);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_object_set_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetProperty(nint instance, string name, GValue* value);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_object_get_property", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void GetProperty(nint instance, string name, GValue* value);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_type_fundamental")]
    public static partial nuint TypeFundamental(nuint type);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_init")]
    public static partial GValue* ValueInit(GValue* value, nuint type);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_unset")]
    public static partial void ValueUnset(GValue* value);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_boolean")]
    public static partial void SetBoolean(GValue* value, int content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_int")]
    public static partial void SetInt(GValue* value, int content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_double")]
    public static partial void SetDouble(GValue* value, double content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_enum")]
    public static partial void SetEnum(GValue* value, int content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_flags")]
    public static partial void SetFlags(GValue* value, uint content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_string", StringMarshalling = StringMarshalling.Utf8)]
    public static partial void SetString(GValue* value, string content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_object")]
    public static partial void SetObject(GValue* value, nint content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_get_object")]
    public static partial nint GetObject(GValue* value);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_get_int")]
    public static partial int GetInt(GValue* value);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_set_boxed")]
    public static partial void SetBoxed(GValue* value, nint content);

    [LibraryImport(GObjectLibrary, EntryPoint = "g_value_get_boxed")]
    public static partial nint GetBoxed(GValue* value);
}

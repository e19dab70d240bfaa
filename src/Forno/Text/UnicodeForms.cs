using System.Runtime.InteropServices;
using System.Text;

namespace Forno.Text;

/// <summary>
/// Unicode normalisation by GLib, which comes with libvips. .NET's own needs ICU and does nothing without it, and ICU
/// would slow every start of the program.
/// </summary>
internal static unsafe partial class UnicodeForms
{
    private const string GLib = "libglib-2.0.so.0";
    private const int ComposeCanonical = 1;
    private const int ComposeCompatibility = 3;

    /// <summary>Form C: canonical decomposition, then composition.</summary>
    /// <param name="text">Well-formed UTF-16 without U+0000.</param>
    /// <returns>The normalised text; the same instance where nothing changes.</returns>
    public static string Nfc(string text)
    {
        // Below U+0300 there is neither a combining mark nor a character with a canonical mapping to be undone.
        return text.AsSpan().IndexOfAnyInRange('\u0300', '\uffff') < 0 ? text : Normalize(text, ComposeCanonical);
    }

    /// <summary>Form KC: compatibility decomposition, then composition.</summary>
    /// <param name="text">Well-formed UTF-16 without U+0000.</param>
    /// <returns>The normalised text.</returns>
    public static string Nfkc(string text) => Normalize(text, ComposeCompatibility);

    private static string Normalize(string text, int mode)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        byte* result = null;
        try
        {
            fixed (byte* p = utf8)
            {
                result = g_utf8_normalize(p, utf8.Length, mode);
            }

            string normal = result is null ? text : Marshal.PtrToStringUTF8((nint)result)!;
            return normal == text ? text : normal;
        }
        catch (DllNotFoundException e)
        {
            throw new FornoException(
                $"{GLib} is needed to read text that is not plain Latin. "
                    + "It comes with libvips: apt-get install libvips42",
                e
            );
        }
        finally
        {
            if (result is not null)
            {
                g_free(result);
            }
        }
    }

    [LibraryImport(GLib)]
    private static partial byte* g_utf8_normalize(byte* text, nint length, int mode);

    [LibraryImport(GLib)]
    private static partial void g_free(byte* memory);
}

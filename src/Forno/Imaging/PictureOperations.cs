using Forno.Imaging.Vips;

namespace Forno.Imaging;

/// <summary>Pictures into and out of libvips' operations.</summary>
internal static class PictureOperations
{
    /// <summary>Sets a property to a picture.</summary>
    public static VipsOperation Set(this VipsOperation operation, string property, Picture content) =>
        operation.Set(property, content.Handle);

    /// <summary>Sets a property to several pictures.</summary>
    public static VipsOperation Set(this VipsOperation operation, string property, params ReadOnlySpan<Picture> content)
    {
        var handles = new VipsImageHandle[content.Length];
        for (int i = 0; i < handles.Length; i++)
        {
            handles[i] = content[i].Handle;
        }

        return operation.Set(property, handles);
    }

    /// <summary>Runs the operation, and takes the output picture.</summary>
    public static Picture Picture(this VipsOperation operation, string property = "out") =>
        new(operation.Image(property), operation.Source);
}

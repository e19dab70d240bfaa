using System.Runtime.InteropServices;

namespace Forno.Imaging.Vips;

/// <summary>
/// A reference to a VipsImage; releasing it never pulls away pixels that a later picture still needs.
/// </summary>
internal sealed class VipsImageHandle : SafeHandle
{
    public VipsImageHandle(nint image)
        : base(0, ownsHandle: true) => SetHandle(image);

    public override bool IsInvalid => handle == 0;

    /// <summary>A reference of the caller's own.</summary>
    /// <exception cref="ObjectDisposedException">The picture was disposed.</exception>
    public nint NewReference()
    {
        bool held = false;
        try
        {
            DangerousAddRef(ref held);
            return VipsApi.Ref(handle);
        }
        finally
        {
            if (held)
            {
                DangerousRelease();
            }
        }
    }

    protected override bool ReleaseHandle()
    {
        VipsApi.Unref(handle);
        return true;
    }
}

/// <summary>
/// One libvips operation: properties are set by name through GObject, <see cref="Run"/> builds it, outputs are read.
/// The type of each property is asked of the operation itself, so a wrong name or type throws.
/// </summary>
internal sealed unsafe class VipsOperation : IDisposable
{
    private readonly string name;
    private nint operation;

    /// <summary>What the error messages name: usually the file.</summary>
    public string Source { get; }

    /// <param name="name">The operation's nickname, e.g. <c>flatten</c>.</param>
    /// <param name="source">What the error messages name: usually the file.</param>
    public VipsOperation(string name, string source)
    {
        VipsApi.EnsureStarted();
        this.name = name;
        Source = source;
        operation = VipsApi.NewOperation(name);
        if (operation == 0)
        {
            throw Failure();
        }
    }

    public VipsOperation Set(string property, int content)
    {
        VipsApi.GValue value = Begin(property, out nuint fundamental);
        switch (fundamental)
        {
            case 5 << 2:
                VipsApi.SetBoolean(&value, content);
                break;
            case 6 << 2:
                VipsApi.SetInt(&value, content);
                break;
            case 12 << 2:
                VipsApi.SetEnum(&value, content);
                break;
            case 13 << 2:
                VipsApi.SetFlags(&value, (uint)content);
                break;
            case 15 << 2:
                VipsApi.SetDouble(&value, content);
                break;
            default:
                throw WrongType(property, "an integer");
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, bool content) => Set(property, content ? 1 : 0);

    public VipsOperation Set(string property, double content)
    {
        VipsApi.GValue value = Begin(property, out nuint fundamental);
        if (fundamental != 15 << 2)
        {
            throw WrongType(property, "a number");
        }

        VipsApi.SetDouble(&value, content);
        return End(property, &value);
    }

    /// <summary>A string, or the nickname of an enum's value.</summary>
    public VipsOperation Set(string property, string content)
    {
        VipsApi.GValue value = Begin(property, out nuint fundamental);
        switch (fundamental)
        {
            case 16 << 2:
                VipsApi.SetString(&value, content);
                break;
            case 12 << 2:
                VipsApi.SetEnum(&value, Nick(value.Type, content));
                break;
            default:
                throw WrongType(property, "a string");
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, VipsImageHandle content)
    {
        VipsApi.GValue value = Begin(property, out nuint fundamental);
        if (fundamental != 20 << 2)
        {
            throw WrongType(property, "a picture");
        }

        nint image = content.NewReference();
        VipsApi.SetObject(&value, image);
        VipsApi.Unref(image);
        return End(property, &value);
    }

    public VipsOperation Set(string property, params ReadOnlySpan<double> content)
    {
        VipsApi.GValue value = Begin(property, out _);
        fixed (double* array = content)
        {
            VipsApi.SetArrayDouble(&value, array, content.Length);
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, params ReadOnlySpan<VipsImageHandle> content)
    {
        VipsApi.GValue value = Begin(property, out _);
        VipsApi.SetArrayImage(&value, content.Length);
        nint* array = VipsApi.GetArrayImage(&value, out _);
        for (int i = 0; i < content.Length; i++)
        {
            // The array owns its references.
            array[i] = content[i].NewReference();
        }

        return End(property, &value);
    }

    /// <summary>A blob; the bytes are copied, since libvips may read them long after this call.</summary>
    public VipsOperation SetBlob(string property, ReadOnlySpan<byte> content)
    {
        VipsApi.GValue value = Begin(property, out _);
        nint blob;
        fixed (byte* data = content)
        {
            blob = VipsApi.BlobCopy(data, (nuint)content.Length);
        }

        VipsApi.SetBoxed(&value, blob);
        VipsApi.AreaUnref(blob);
        return End(property, &value);
    }

    /// <summary>Builds the operation.</summary>
    /// <exception cref="FornoException">libvips refused; names the source and the operation.</exception>
    public VipsOperation Run()
    {
        if (VipsApi.Build(operation) != 0)
        {
            throw Failure(); // Dispose lets go of what there is of outputs
        }

        return this;
    }

    /// <summary>Runs, and takes the output picture.</summary>
    public VipsImageHandle Image(string property = "out")
    {
        Run();
        VipsApi.GValue value = Begin(property, out _);
        VipsApi.GetProperty(operation, property, &value);
        nint image = VipsApi.Ref(VipsApi.GetObject(&value));
        VipsApi.ValueUnset(&value);
        return new VipsImageHandle(image);
    }

    /// <summary>Runs, and takes the output bytes.</summary>
    public byte[] Bytes(string property = "buffer")
    {
        Run();
        VipsApi.GValue value = Begin(property, out _);
        VipsApi.GetProperty(operation, property, &value);
        nint data = VipsApi.BlobGet(VipsApi.GetBoxed(&value), out nuint size);
        byte[] bytes = new ReadOnlySpan<byte>((void*)data, checked((int)size)).ToArray();
        VipsApi.ValueUnset(&value);
        return bytes;
    }

    /// <summary>An integer output; call after <see cref="Run"/>.</summary>
    public int Int(string property)
    {
        VipsApi.GValue value = Begin(property, out _);
        VipsApi.GetProperty(operation, property, &value);
        int content = VipsApi.GetInt(&value);
        VipsApi.ValueUnset(&value);
        return content;
    }

    public void Dispose()
    {
        if (operation != 0)
        {
            VipsApi.UnrefOutputs(operation);
            VipsApi.Unref(operation);
            operation = 0;
        }
    }

    private VipsApi.GValue Begin(string property, out nuint fundamental)
    {
        // GTypeInstance begins with its class; GParamSpec holds value_type at byte 24 (instance, name, flags, padding).
        nint pspec = VipsApi.FindProperty(*(nint*)operation, property);
        if (pspec == 0)
        {
            throw new ArgumentException($"libvips' {name} has no property '{property}'", nameof(property));
        }

        nuint type = *(nuint*)(pspec + 24);
        VipsApi.GValue value = default;
        VipsApi.ValueInit(&value, type);
        fundamental = Fundamental(type);
        return value;
    }

    private VipsOperation End(string property, VipsApi.GValue* value)
    {
        VipsApi.SetProperty(operation, property, value);
        VipsApi.ValueUnset(value);
        return this;
    }

    // Fundamental types are small numbers; a derived one is a pointer to its node, and asking costs a call.
    private static nuint Fundamental(nuint type) => type <= 255 << 2 ? type : VipsApi.TypeFundamental(type);

    private int Nick(nuint type, string nick)
    {
        int number = VipsApi.EnumFromNick("forno", type, nick);
        return number >= 0 ? number : throw Failure();
    }

    private ArgumentException WrongType(string property, string given) =>
        new($"libvips' {name}.{property} does not take {given}", nameof(property));

    private FornoException Failure()
    {
        string why = VipsApi.TakeError(Source);
        return new FornoException(
            why.StartsWith("the file ", StringComparison.Ordinal) ? $"{Source}: {why}" : $"{Source}: {name}: {why}"
        );
    }
}

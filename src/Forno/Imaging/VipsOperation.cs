using System.Runtime.InteropServices;

namespace Forno.Imaging;

/// <summary>A reference to a VipsImage; releasing it never pulls away pixels that a later picture still needs.</summary>
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
            return Vips.Ref(handle);
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
        Vips.Unref(handle);
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
        Vips.EnsureStarted();
        this.name = name;
        Source = source;
        operation = Vips.NewOperation(name);
        if (operation == 0)
        {
            throw Failure();
        }
    }

    public VipsOperation Set(string property, int content)
    {
        Vips.GValue value = Begin(property, out nuint fundamental);
        switch (fundamental)
        {
            case 5 << 2: Vips.SetBoolean(&value, content); break;
            case 6 << 2: Vips.SetInt(&value, content); break;
            case 12 << 2: Vips.SetEnum(&value, content); break;
            case 13 << 2: Vips.SetFlags(&value, (uint)content); break;
            case 15 << 2: Vips.SetDouble(&value, content); break;
            default: throw WrongType(property, "an integer");
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, bool content) => Set(property, content ? 1 : 0);

    public VipsOperation Set(string property, double content)
    {
        Vips.GValue value = Begin(property, out nuint fundamental);
        if (fundamental != 15 << 2)
        {
            throw WrongType(property, "a number");
        }

        Vips.SetDouble(&value, content);
        return End(property, &value);
    }

    /// <summary>A string, or the nickname of an enum's value.</summary>
    public VipsOperation Set(string property, string content)
    {
        Vips.GValue value = Begin(property, out nuint fundamental);
        switch (fundamental)
        {
            case 16 << 2: Vips.SetString(&value, content); break;
            case 12 << 2: Vips.SetEnum(&value, Nick(value.Type, content)); break;
            default: throw WrongType(property, "a string");
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, VipsImageHandle content)
    {
        Vips.GValue value = Begin(property, out nuint fundamental);
        if (fundamental != 20 << 2)
        {
            throw WrongType(property, "a picture");
        }

        nint image = content.NewReference();
        Vips.SetObject(&value, image);
        Vips.Unref(image);
        return End(property, &value);
    }

    public VipsOperation Set(string property, params ReadOnlySpan<double> content)
    {
        Vips.GValue value = Begin(property, out _);
        fixed (double* array = content)
        {
            Vips.SetArrayDouble(&value, array, content.Length);
        }

        return End(property, &value);
    }

    public VipsOperation Set(string property, params ReadOnlySpan<VipsImageHandle> content)
    {
        Vips.GValue value = Begin(property, out _);
        Vips.SetArrayImage(&value, content.Length);
        nint* array = Vips.GetArrayImage(&value, out _);
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
        Vips.GValue value = Begin(property, out _);
        nint blob;
        fixed (byte* data = content)
        {
            blob = Vips.BlobCopy(data, (nuint)content.Length);
        }

        Vips.SetBoxed(&value, blob);
        Vips.AreaUnref(blob);
        return End(property, &value);
    }

    /// <summary>Builds the operation.</summary>
    /// <exception cref="FornoException">libvips refused; names the source and the operation.</exception>
    public VipsOperation Run()
    {
        if (Vips.Build(operation) != 0)
        {
            throw Failure(); // Dispose lets go of what there is of outputs
        }

        return this;
    }

    /// <summary>Runs, and takes the output picture.</summary>
    public VipsImageHandle Image(string property = "out")
    {
        Run();
        Vips.GValue value = Begin(property, out _);
        Vips.GetProperty(operation, property, &value);
        nint image = Vips.Ref(Vips.GetObject(&value));
        Vips.ValueUnset(&value);
        return new VipsImageHandle(image);
    }

    /// <summary>Runs, and takes the output bytes.</summary>
    public byte[] Bytes(string property = "buffer")
    {
        Run();
        Vips.GValue value = Begin(property, out _);
        Vips.GetProperty(operation, property, &value);
        nint data = Vips.BlobGet(Vips.GetBoxed(&value), out nuint size);
        byte[] bytes = new ReadOnlySpan<byte>((void*)data, checked((int)size)).ToArray();
        Vips.ValueUnset(&value);
        return bytes;
    }

    /// <summary>An integer output; call after <see cref="Run"/>.</summary>
    public int Int(string property)
    {
        Vips.GValue value = Begin(property, out _);
        Vips.GetProperty(operation, property, &value);
        int content = Vips.GetInt(&value);
        Vips.ValueUnset(&value);
        return content;
    }

    public void Dispose()
    {
        if (operation != 0)
        {
            Vips.UnrefOutputs(operation);
            Vips.Unref(operation);
            operation = 0;
        }
    }

    private Vips.GValue Begin(string property, out nuint fundamental)
    {
        // GTypeInstance begins with its class; GParamSpec holds value_type at byte 24 (instance, name, flags, padding).
        nint pspec = Vips.FindProperty(*(nint*)operation, property);
        if (pspec == 0)
        {
            throw new ArgumentException($"libvips' {name} has no property '{property}'", nameof(property));
        }

        nuint type = *(nuint*)(pspec + 24);
        Vips.GValue value = default;
        Vips.ValueInit(&value, type);
        fundamental = Fundamental(type);
        return value;
    }

    private VipsOperation End(string property, Vips.GValue* value)
    {
        Vips.SetProperty(operation, property, value);
        Vips.ValueUnset(value);
        return this;
    }

    // Fundamental types are small numbers; a derived one is a pointer to its node, and asking costs a call.
    private static nuint Fundamental(nuint type) => type <= 255 << 2 ? type : Vips.TypeFundamental(type);

    private int Nick(nuint type, string nick)
    {
        int number = Vips.EnumFromNick("forno", type, nick);
        return number >= 0 ? number : throw Failure();
    }

    private ArgumentException WrongType(string property, string given) =>
        new($"libvips' {name}.{property} does not take {given}", nameof(property));

    private FornoException Failure()
    {
        string why = Vips.TakeError(Source);
        return new FornoException(why.StartsWith("the file ", StringComparison.Ordinal) ? $"{Source}: {why}" : $"{Source}: {name}: {why}");
    }
}

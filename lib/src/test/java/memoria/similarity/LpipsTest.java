package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import memoria.data.Checksum;
import memoria.data.Images;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LpipsTest {

    @TempDir private static Path folder;
    private static Path mean;
    private static Path one;

    @BeforeAll
    static void write() throws IOException {
        mean = archive("mean.pt", "torch.mean(torch.abs(torch.sub(x, y)), [1, 2, 3], True)");
        one = archive("one.pt", "torch.mean(torch.abs(torch.sub(x, y)))");
    }

    /** A TorchScript archive as Python writes it, whose forward is one expression that refuses small or grey images. */
    private static Path archive(String name, String expression) throws IOException {
        String code =
                "class Lpips(Module):\n"
                        + "  __parameters__ = []\n"
                        + "  __buffers__ = []\n"
                        + "  def forward(self: __torch__.Lpips, x: Tensor, y: Tensor) -> Tensor:\n"
                        + "    z = torch.select(torch.select(torch.select(x, 1, 2), 1, 63), 1, 63)\n"
                        + "    return "
                        + expression
                        + "\n";
        Path file = folder.resolve(name);
        try (var zip = new ZipOutputStream(Files.newOutputStream(file))) {
            String[][] entries = {
                {"m/data.pkl", "\u0080\u0002c__torch__\nLpips\n)\u0081}b."},
                {"m/code/__torch__.py", code},
                {"m/constants.pkl", "\u0080\u0002)."},
                {"m/version", "3\n"}
            };
            for (String[] entry : entries) {
                zip.putNextEntry(new ZipEntry(entry[0]));
                zip.write(entry[1].getBytes(StandardCharsets.ISO_8859_1));
                zip.closeEntry();
            }
        }
        return file;
    }

    private static Images constant(int count, float... values) {
        float[] pixels = new float[count * 256];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = values[i / 256 % values.length];
        }
        return Images.of(pixels, count, 1, 16, 16);
    }

    @Test
    void theFilesDistanceIsTakenPairByPair() {
        try (Lpips lpips = Lpips.torchScript(mean, Checksum.sha256(mean))) {
            double[] apart = lpips.of(constant(20, 0, 0.5f), constant(20, 0.25f));
            assertThat(apart).hasSize(20);
            assertThat(apart[0]).isCloseTo(0.25, within(1e-6));
            assertThat(apart[19]).isCloseTo(0.25, within(1e-6));
            assertThat(lpips.of(constant(1, 0.5f), constant(1, 0.5f))[0]).isZero();
        }
    }

    @Test
    void badFilesAndPairsAreNamed() throws IOException {
        Path text = Files.writeString(folder.resolve("text.pt"), "no archive");
        assertThatThrownBy(() -> Lpips.torchScript(text, Checksum.sha256(text)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("text.pt is not a TorchScript archive");
        assertThatThrownBy(() -> Lpips.torchScript(mean))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("mean.pt is TorchScript, which is code")
                .hasMessageContaining(Checksum.sha256(mean));
        assertThatThrownBy(() -> Lpips.torchScript(mean, Checksum.sha256(one)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("mean.pt")
                .hasMessageContaining(Checksum.sha256(mean) + " instead of");
        try (Lpips lpips = Lpips.torchScript(one, Checksum.sha256(one))) {
            assertThatThrownBy(() -> lpips.of(constant(2, 0), constant(2, 1)))
                    .hasMessageContaining("one distance each");
            assertThatThrownBy(() -> lpips.of(constant(2, 0), constant(1, 1)))
                    .hasMessageContaining("x, y: 2 and 1");
        }
    }
}

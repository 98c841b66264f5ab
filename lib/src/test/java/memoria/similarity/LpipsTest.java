package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import memoria.checkpoint.SafeTensors;
import memoria.checkpoint.TorchArchive;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.network.LpipsNetwork;
import memoria.network.LpipsNetwork.Trunk;
import memoria.network.Params;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LpipsTest {

    @TempDir private static Path folder;
    private static Path mean;
    private static Path one;
    private static NDManager manager;

    @BeforeAll
    static void write() throws IOException {
        manager = Torch.manager();
        mean = archive("mean.pt", "torch.mean(torch.abs(torch.sub(x, y)), [1, 2, 3], True)");
        one = archive("one.pt", "torch.mean(torch.abs(torch.sub(x, y)))");
    }

    @AfterAll
    static void free() {
        manager.close();
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

    /** Small weights of LPIPS over AlexNet, as files. */
    private static Path published() throws IOException {
        try (NDManager manager = Torch.manager()) {
            Params heads = Params.fresh(manager, 1);
            Params features = Params.fresh(manager, 2);
            new LpipsNetwork(Trunk.ALEXNET, heads, features);
            Path file = folder.resolve("alex.pth");
            TorchArchive.write(file, heads.all());
            TorchArchive.write(folder.resolve(Trunk.ALEXNET.file()), features.all());
            SafeTensors.write(folder.resolve("alex.safetensors"), heads.all(), Map.of());
            SafeTensors.write(
                    folder.resolve("alexnet-owt-7be5be79.safetensors"), features.all(), Map.of());
            return file;
        }
    }

    private static Images noise(int count, int channels, int side, long seed) {
        double[] drawn = Noise.uniform("lpips", seed, 0, count * channels * side * side);
        float[] pixels = new float[drawn.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) (2 * drawn[i] - 1);
        }
        return Images.of(pixels, count, channels, side, side);
    }

    @Test
    void publishedWeightsMeasureSmallGreyImagesAndLargeOnesByPathAndFormat() throws IOException {
        Path file = published();
        Images x = noise(18, 1, 16, 1);
        Images y = noise(18, 1, 16, 2);
        try (Lpips pickled = Lpips.open(file.toString());
                Lpips safe = Lpips.open(folder.resolve("alex.safetensors").toString())) {
            double[] apart = pickled.of(x, y);
            assertThat(apart).hasSize(18).doesNotContain(0.0);
            assertThat(safe.of(x, y)).containsExactly(apart);
            assertThat(pickled.of(x, x)).containsOnly(0.0);
            assertThat(pickled.of(x.slice(17, 18), y.slice(17, 18))[0])
                    .isCloseTo(apart[17], within(1e-5));
            // A grey image is its three equal channels, a small one is itself enlarged.
            NDArray grey = x.first(1).tensor(manager);
            NDArray other = y.first(1).tensor(manager);
            float large =
                    pickled.of(
                                    Ops.resize(Ops.cat(List.of(grey, grey, grey), 1), 64, 64),
                                    Ops.resize(Ops.cat(List.of(other, other, other), 1), 64, 64))
                            .getFloat(0);
            assertThat((double) large).isCloseTo(apart[0], within(1e-5));
        }
    }

    @Test
    void theDistanceCanBeDifferentiatedAndIsGoneWhenClosed() throws IOException {
        Lpips lpips = Lpips.open(published().toString());
        NDArray x = noise(2, 3, 24, 1).tensor(manager);
        NDArray y = noise(2, 3, 24, 2).tensor(manager);
        NDArray leaf = Autograd.leaf(x);
        NDArray gradient = Autograd.on(() -> Autograd.grad(lpips.of(leaf, y).sum(), leaf, false));
        assertThat(gradient.getShape()).isEqualTo(x.getShape());
        float before = lpips.of(x, y).sum().getFloat();
        double slope = gradient.norm().getFloat();
        NDArray step = Scalars.mul(gradient, 0.02 / slope);
        float after = lpips.of(x.sub(step), y).sum().getFloat();
        assertThat((double) (before - after)).isCloseTo(0.02 * slope, within(0.002 * slope));
        assertThatThrownBy(() -> lpips.of(x, y.get(":1")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(2, 3, 24, 24) and (1, 3, 24, 24)");
        lpips.close();
        assertThatThrownBy(() -> lpips.of(x, y))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("open it again");
    }

    @Test
    void theFilesOfAManifestMayLieApart() throws IOException {
        Path heads = published();
        Path own = Files.createDirectories(folder.resolve("data/lpips"));
        Path cached = Files.createDirectories(folder.resolve("cache/lpips"));
        Path manifests = Files.createDirectories(folder.resolve("manifests"));
        Files.copy(heads, own.resolve("alex.pth"));
        Files.copy(folder.resolve(Trunk.ALEXNET.file()), cached.resolve("trunk.pth"));
        Files.writeString(
                manifests.resolve("lpips.json"),
                "{\"name\": \"lpips\", \"kind\": \"checkpoint\", \"access\": {\"kind\": \"open\"}, \"files\": ["
                        + entry("alex.pth", own.resolve("alex.pth"))
                        + ", "
                        + entry("trunk.pth", cached.resolve("trunk.pth"))
                        + "]}");
        Map<String, Path> places =
                Map.of(
                        "memoria.manifests", manifests,
                        "memoria.data", folder.resolve("data"),
                        "memoria.cache", folder.resolve("cache"),
                        "memoria.lock", folder.resolve("lock.json"));
        places.forEach((key, path) -> System.setProperty(key, path.toString()));
        try (Lpips named = Lpips.open("lpips");
                Lpips read = Lpips.of(LpipsNetwork.read(heads))) {
            Images x = noise(1, 3, 64, 1);
            Images y = noise(1, 3, 64, 2);
            assertThat(named.of(x, y)).containsExactly(read.of(x, y));
        } finally {
            places.keySet().forEach(System::clearProperty);
        }
    }

    private static String entry(String name, Path file) throws IOException {
        return "{\"name\": \""
                + name
                + "\", \"mirrors\": [], \"sha256\": \""
                + Checksum.sha256(file)
                + "\"}";
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

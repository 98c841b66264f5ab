package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import memoria.data.Checksum;
import memoria.data.Images;
import memoria.diffusion.Noise;
import memoria.network.Params;
import memoria.network.ResNet;
import memoria.network.ResNetConfig;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DescriptorSimilarityTest {

    @TempDir Path folder;

    private final NDManager manager = Torch.manager();

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @AfterEach
    void free() {
        manager.close();
    }

    private static Images images(int count, long seed) {
        double[] noise = Noise.gaussian("descriptor test", seed, 0, count * 64);
        float[] pixels = new float[noise.length];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (float) Math.max(-1, Math.min(1, noise[i]));
        }
        return Images.of(pixels, count, 1, 8, 8);
    }

    private Descriptor descriptor() {
        ResNetConfig config = ResNetConfig.small(1, 8, 16, 1, 1).optGem(3).optNormalised(true);
        ResNet net = new ResNet(config, Params.fresh(manager, 1));
        return Descriptor.of("test", Preprocessing.none(1), net::forward);
    }

    private static Path script() throws URISyntaxException {
        String name = "/golden/tiny_embed_script.torchscript.pt";
        return Path.of(DescriptorSimilarityTest.class.getResource(name).toURI());
    }

    @Test
    void aTrainingImageFindsItselfWithCosineOne() {
        Images train = images(40, 1);
        try (DescriptorSimilarity measure = DescriptorSimilarity.against(descriptor(), train)) {
            List<Neighbour> found = measure.nearest(train);
            for (int i = 0; i < train.count(); i++) {
                assertThat(found.get(i).index()).isEqualTo(i);
                assertThat(found.get(i).similarity()).isCloseTo(1, within(1e-5));
                assertThat(found.get(i).distance()).isCloseTo(0, within(5e-3));
            }
            assertThat(measure.positive()).isTrue();
        }
    }

    @Test
    void theTensorHasTheValuesOfTheSearchAndTheGradientOfTheDifferenceQuotient() {
        Images train = images(30, 1);
        Images queries = images(3, 2);
        try (DescriptorSimilarity measure = DescriptorSimilarity.against(descriptor(), train)) {
            double[] searched = measure.of(queries);
            NDArray x = Autograd.leaf(queries.tensor(manager));
            NDArray y = Autograd.on(() -> measure.of(x));
            float[] values = y.toFloatArray();
            for (int i = 0; i < 3; i++) {
                assertThat((double) values[i]).isCloseTo(searched[i], within(1e-5));
            }
            NDArray ones = manager.ones(new Shape(3));
            float[] gradient = Autograd.vjp(y, x, ones, false).toFloatArray();
            double moved = 0;
            double predicted = 0;
            float[] ahead = queries.all();
            float[] back = queries.all();
            for (int i = 0; i < ahead.length; i++) {
                ahead[i] += 2 * gradient[i];
                back[i] -= 2 * gradient[i];
                predicted += 4.0 * gradient[i] * gradient[i];
            }
            for (int i = 0; i < 3; i++) {
                moved += measure.of(Images.of(ahead, 3, 1, 8, 8))[i];
                moved -= measure.of(Images.of(back, 3, 1, 8, 8))[i];
            }
            assertThat(predicted).isPositive();
            assertThat(moved).as("a step along the gradient").isPositive();
            assertThat(moved / predicted).isBetween(0.5, 1.5);
        }
    }

    @Test
    void chosenImagesAreAlwaysCompared() {
        Images train = images(20, 1);
        Images chosen = images(2, 9);
        Descriptor descriptor = descriptor();
        try (DescriptorSimilarity plain = DescriptorSimilarity.against(descriptor, train);
                DescriptorSimilarity with = plain.always(chosen)) {
            assertThat(with.train().count()).isEqualTo(22);
            assertThat(with.nearest(chosen).get(1).index()).isEqualTo(21);
            assertThat(with.nearest(chosen).get(1).similarity()).isCloseTo(1, within(1e-5));
            assertThat(plain.nearest(chosen).get(1).similarity()).isLessThan(0.9999);
            NDArray x = chosen.tensor(manager);
            assertThat(Autograd.off(() -> with.of(x)).toFloatArray()[0])
                    .isCloseTo(1f, within(1e-4f));
            assertThat(with.nearest(train).get(3).index()).isEqualTo(3);
        }
    }

    @Test
    void describedInBatchesIsDescribedAtOnce() {
        Images many = images(130, 4);
        Embeddings rows = descriptor().of(many);
        assertThat(rows.count()).isEqualTo(130);
        assertThat(rows.dimensions()).isEqualTo(16);
        NDArray x = many.slice(127, 129).tensor(manager);
        float[] direct = Autograd.off(() -> descriptor().of(x)).toFloatArray();
        float[] kept = rows.rows(127, 129);
        for (int i = 0; i < direct.length; i++) {
            assertThat(kept[i]).isCloseTo(direct[i], within(1e-5f));
        }
    }

    @Test
    void aTorchScriptFileIsDifferentiatedThroughItsPreparation() throws Exception {
        Preprocessing small =
                new Preprocessing(
                        24, List.of(0.485, 0.456, 0.406), List.of(0.229, 0.224, 0.225), true);
        String sha256 = Checksum.sha256(script());
        try (Descriptor descriptor = Descriptor.torchScript(script(), sha256, small)) {
            NDArray grey = Autograd.leaf(images(2, 3).tensor(manager));
            NDArray y = Autograd.on(() -> Ops.narrow(descriptor.of(grey), 1, 0, 1).sum());
            float[] gradient = Autograd.grad(y, grey, false).toFloatArray();
            assertThat(gradient).hasSize(128);
            double norm = 0;
            for (float g : gradient) {
                norm += g * g;
            }
            assertThat(norm).isFinite().isPositive();
            assertThat(descriptor.spec().get("preprocessing").getAsString()).contains("side 24");
            assertThat(descriptor.spec().get("sha256").getAsString()).isEqualTo(sha256);
        }
    }

    @Test
    void aPreparationIsTheWrittenFormula() {
        Preprocessing own = new Preprocessing(0, List.of(0.2, 0.4), List.of(0.5, 2.0), false);
        NDArray x = Tensors.of(manager, new float[] {-1, 1, 0, 0.5f}, new Shape(1, 2, 1, 2));
        float[] prepared = own.before(x).toFloatArray();
        double[] expected = {-0.4, 1.6, 0.05, 0.175};
        for (int i = 0; i < 4; i++) {
            assertThat((double) prepared[i]).isCloseTo(expected[i], within(1e-6));
        }
        NDArray wide = manager.zeros(new Shape(1, 3, 10, 20));
        Preprocessing sscd = Preprocessing.sscd();
        assertThat(sscd.before(wide).getShape()).isEqualTo(new Shape(1, 3, 288, 576));
    }

    @Test
    void damagedScriptsAreNamed() throws IOException, URISyntaxException {
        byte[] whole = Files.readAllBytes(script());
        Path cut = folder.resolve("cut.pt");
        Files.write(cut, java.util.Arrays.copyOf(whole, whole.length / 2));
        String sha256 = Checksum.sha256(cut);
        assertThatThrownBy(() -> Descriptor.torchScript(cut, sha256, Preprocessing.sscd()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("cut.pt is not a TorchScript archive");
    }

    @Test
    void aScriptThatNobodyVouchesForIsNotOpened() throws URISyntaxException {
        Path script = script();
        assertThatThrownBy(() -> Descriptor.torchScript(script, Preprocessing.sscd()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(script + " is TorchScript, which is code")
                .hasMessageContaining(Checksum.sha256(script));
    }

    @Test
    void twoNetworksHaveDifferentSpecs() {
        ResNetConfig config = ResNetConfig.small(1, 4, 4, 1);
        String one = new ResNet(config, Params.fresh(manager, 1)).params().sha256();
        assertThat(new ResNet(config, Params.fresh(manager, 1)).params().sha256()).isEqualTo(one);
        assertThat(new ResNet(config, Params.fresh(manager, 2)).params().sha256())
                .isNotEqualTo(one);
    }

    @Test
    void theCorrelationOfPixelsKnowsAnImageInAnotherLight() {
        Images image = Images.of(new float[] {-1, -0.5f, 0.2f, 0.8f}, 1, 1, 2, 2);
        Images darker = Images.of(new float[] {-1, -0.75f, -0.4f, -0.1f}, 1, 1, 2, 2);
        Images other = Images.of(new float[] {0.8f, -0.5f, 0.2f, -1}, 1, 1, 2, 2);
        try (DescriptorSimilarity measure =
                DescriptorSimilarity.against(Descriptor.correlation(1), image)) {
            assertThat(measure.of(darker)[0]).isCloseTo(1, within(1e-6));
            assertThat(measure.of(other)[0]).isLessThan(0.9);
        }
    }
}

package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import memoria.checkpoint.TorchArchive;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scope;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The network of FID: its structure, and its numbers against torchvision's network changed as pytorch-fid does. */
class InceptionV3Test {

    private static final JsonObject REFERENCE = ReferenceNets.read().getAsJsonObject("inception");
    private static final Map<String, Shape> PUBLISHED =
            ReferenceNets.shapes(REFERENCE.getAsJsonObject("state"));

    @TempDir private static Path folder;
    private static NDManager manager;
    private static InceptionV3 network;

    @BeforeAll
    static void read() throws IOException {
        manager = Torch.manager();
        Path file = folder.resolve("made.pth");
        try (NDManager weights = Torch.manager()) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            PUBLISHED.forEach((n, s) -> tensors.put(n, ReferenceNets.weight(weights, n, s)));
            // Some versions of PyTorch write these, others do not.
            tensors.put("Mixed_5b.branch1x1.bn.num_batches_tracked", Tensors.of(weights, 7f));
            TorchArchive.write(file, tensors);
        }
        network = InceptionV3.read(file);
    }

    @AfterAll
    static void free() {
        network.params().manager().close();
        manager.close();
    }

    private static NDArray images() {
        return ReferenceNets.fill(manager, "inception.input", 1, 0, new Shape(2, 3, 64, 48));
    }

    @Test
    void parametersHaveTheNamesAndShapesOfThePublishedFile() {
        try (NDManager none = Torch.manager()) {
            Params params = Params.shapes(none);
            new InceptionV3(params);
            Map<String, Shape> ours = new LinkedHashMap<>();
            params.all().forEach((name, tensor) -> ours.put(name, tensor.getShape()));
            assertThat(ours).hasSize(94 * 5 + 2).containsExactlyInAnyOrderEntriesOf(PUBLISHED);
            assertThat(ours.get("Conv2d_1a_3x3.conv.weight")).isEqualTo(new Shape(32, 3, 3, 3));
            assertThat(ours.get("fc.weight")).isEqualTo(new Shape(1008, 2048));
            // torchvision's 27,161,264 less the auxiliary classifier's 3,326,696, and eight classes
            // more.
            assertThat(params.trainable().values().stream().mapToLong(NDArray::size).sum())
                    .isEqualTo(27_161_264 - 3_326_696 + 8 * 2049)
                    .isEqualTo(REFERENCE.get("parameters").getAsLong());
        }
    }

    @Test
    void everyBlockAnswersAsTorchvisionsDoes() {
        JsonObject blocks = REFERENCE.getAsJsonObject("blocks");
        assertThat(network.blocks().keySet()).containsExactlyElementsOf(blocks.keySet());
        Autograd.off(
                () ->
                        Scope.use(
                                () -> {
                                    NDArray h = Ops.call("stretch", images(), 299, 299);
                                    for (var block : network.blocks().entrySet()) {
                                        h = block.getValue().apply(h);
                                        String name = block.getKey();
                                        assertBlock(name, h, blocks.getAsJsonObject(name));
                                    }
                                    return null;
                                }));
    }

    private static void assertBlock(String name, NDArray h, JsonObject expected) {
        assertThat(h.getShape()).as(name).isEqualTo(ReferenceNets.shape(expected.get("shape")));
        double size = Math.sqrt(expected.get("square").getAsDouble());
        assertThat((double) h.mean().getFloat())
                .as(name)
                .isCloseTo(expected.get("mean").getAsDouble(), within(1e-5 * size));
        assertThat((double) h.square().mean().getFloat())
                .as(name)
                .isCloseTo(size * size, within(1e-5 * size * size));
        float[] first = h.get("1, :4, 0, 0").toFloatArray();
        float[] last = h.get("1, -4:, -1, -1").toFloatArray();
        assertClose(name, first, ReferenceNets.doubles(expected.get("first")), 1e-5 * size);
        assertClose(name, last, ReferenceNets.doubles(expected.get("last")), 1e-5 * size);
    }

    private static void assertClose(String of, float[] ours, double[] theirs, double tolerance) {
        assertThat(ours).as(of).hasSameSizeAs(theirs);
        for (int i = 0; i < ours.length; i++) {
            assertThat((double) ours[i]).as(of + " " + i).isCloseTo(theirs[i], within(tolerance));
        }
    }

    @Test
    void featuresAreTorchvisions() {
        NDArray features = Autograd.off(() -> network.features(images()));
        assertThat(features.getShape()).isEqualTo(new Shape(2, InceptionV3.FEATURES));
        for (int i = 0; i < 2; i++) {
            double[] theirs = ReferenceNets.doubles(REFERENCE.getAsJsonArray("features").get(i));
            assertClose("features", features.get(i).toFloatArray(), theirs, 1e-5);
        }
    }

    @Test
    void scoresAndTheirGradientAreTorchvisions() {
        NDArray x = Autograd.leaf(images().get("1:"));
        NDArray v = ReferenceNets.fill(manager, "inception.cotangent", 1, 0, new Shape(1, 1008));
        float[] gradient =
                Autograd.on(
                        () -> {
                            NDArray scores = network.scores(x);
                            assertClose(
                                    "scores",
                                    scores.get("0, :8").toFloatArray(),
                                    ReferenceNets.doubles(
                                            REFERENCE.getAsJsonArray("scores").get(1)),
                                    2e-5);
                            return Autograd.vjp(scores, x, v, false).toFloatArray();
                        });
        ReferenceNets.assertGradient(gradient, REFERENCE.getAsJsonObject("gradient"), 5e-3);
    }

    @Test
    void averagesLeaveThePaddingOutAndMaximaSeeNone() {
        NDArray x =
                Tensors.of(
                        manager, new float[] {1, 2, 3, 4, 5, 6, 7, 8, -9}, new Shape(1, 1, 3, 3));
        assertThat(Ops.call("inner_avg_pool", x).toFloatArray())
                .containsExactly(
                        new float[] {3, 3.5f, 4, 4.5f, 3, 2.5f, 6, 3.5f, 2.5f}, within(1e-6f));
        NDArray below = x.neg().sub(Tensors.of(manager, 10f));
        // Padding with zeros would win against -11 and below.
        assertThat(Ops.call("max_pool", below, 3, 1, 1).toFloatArray())
                .containsExactly(-11, -11, -12, -11, -1, -1, -14, -1, -1);
    }

    @Test
    void imagesAreResizedWithoutAntialiasAndWithoutAlignedCorners() {
        NDArray two = Tensors.of(manager, new float[] {0, 1}, new Shape(1, 1, 1, 2));
        assertThat(Ops.call("stretch", two, 1, 4).toFloatArray()).containsExactly(0, .25f, .75f, 1);
        NDArray six = Tensors.of(manager, new float[] {0, 0, 9, 0, 0, 0}, new Shape(1, 1, 1, 6));
        assertThat(Ops.call("stretch", six, 1, 2).toFloatArray()).containsExactly(0, 0);
    }

    @Test
    void otherInputIsRefused() {
        assertThatThrownBy(() -> network.features(manager.ones(new Shape(2, 1, 64, 64))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("(2, 1, 64, 64)")
                .hasMessageContaining("(N, 3, H, W)");
    }

    private static void assertRefused(Map<String, Shape> shapes, String... why) {
        try (NDManager zeros = Torch.manager()) {
            Map<String, NDArray> tensors = new LinkedHashMap<>();
            shapes.forEach((name, shape) -> tensors.put(name, Tensors.spread(zeros, shape)));
            assertThatThrownBy(() -> new InceptionV3(Params.of(zeros, tensors)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContainingAll(why);
        }
    }

    @Test
    void parametersOfAnotherNetworkAreRefusedByName() {
        Map<String, Shape> shapes = new LinkedHashMap<>(PUBLISHED);
        shapes.put("fc.weight", new Shape(1000, 2048));
        assertRefused(shapes, "'fc.weight' has shape (1000, 2048)", "(1008, 2048)");
        shapes.putAll(PUBLISHED);
        shapes.put("AuxLogits.fc.bias", new Shape(1008));
        assertRefused(shapes, "1 tensor(s)", "[AuxLogits.fc.bias]");
        shapes.remove("AuxLogits.fc.bias");
        shapes.remove("Mixed_7c.branch_pool.bn.running_var");
        assertRefused(shapes, "no tensor 'Mixed_7c.branch_pool.bn.running_var' (192)");
    }

    @Test
    void theFileIsNamedToo() throws IOException {
        Path file = folder.resolve("part.pth");
        NDArray one = manager.ones(new Shape(32, 3, 3, 3));
        TorchArchive.write(file, Map.of("Conv2d_1a_3x3.conv.weight", one));
        assertThatThrownBy(() -> InceptionV3.read(file))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + file)
                .hasMessageContaining("no tensor 'Conv2d_1a_3x3.bn.weight' (32)");
    }
}

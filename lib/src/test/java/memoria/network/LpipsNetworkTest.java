package memoria.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.google.gson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.TorchArchive;
import memoria.network.LpipsNetwork.Trunk;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Scalars;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** LPIPS against its definition, evaluated over torchvision's networks. */
class LpipsNetworkTest {

    private static final JsonObject REFERENCE = ReferenceNets.read();

    @TempDir Path folder;
    private final NDManager manager = Torch.manager();

    @AfterEach
    void free() {
        manager.close();
    }

    private NDArray images(String name) {
        return ReferenceNets.fill(manager, name, 1, 0, new Shape(2, 3, 64, 72));
    }

    private static String head(int layer) {
        return "lin" + layer + ".model.1.weight";
    }

    private Map<String, NDArray> heads(String kind, int... channels) {
        Map<String, NDArray> heads = new LinkedHashMap<>();
        for (int i = 0; i < channels.length; i++) {
            heads.put(
                    head(i),
                    ReferenceNets.fill(
                            manager,
                            kind + "." + head(i),
                            0.5,
                            0.5,
                            new Shape(1, channels[i], 1, 1)));
        }
        return heads;
    }

    /** The published names and shapes; of the classifier, which nobody reads, one number each. */
    private Map<String, NDArray> trunk(String kind) {
        Map<String, NDArray> trunk = new LinkedHashMap<>();
        ReferenceNets.shapes(REFERENCE.getAsJsonObject(kind).getAsJsonObject("state"))
                .forEach(
                        (name, shape) ->
                                trunk.put(
                                        name,
                                        name.startsWith("features.")
                                                ? ReferenceNets.weight(
                                                        manager, kind + "." + name, shape)
                                                : manager.zeros(new Shape(1))));
        return trunk;
    }

    private Path write(String name, Map<String, NDArray> tensors) throws IOException {
        Path file = folder.resolve(name);
        TorchArchive.write(file, tensors);
        return file;
    }

    private LpipsNetwork alex() throws IOException {
        write(Trunk.ALEXNET.file(), trunk("alex"));
        return LpipsNetwork.read(write("alex.pth", heads("alex", 64, 192, 384, 256, 256)));
    }

    private LpipsNetwork vgg() throws IOException {
        Path trunk = write("elsewhere.pth", trunk("vgg"));
        return LpipsNetwork.read(write("vgg.pth", heads("vgg", 64, 128, 256, 512, 512)), trunk);
    }

    @ParameterizedTest
    @CsvSource({"alex, ALEXNET", "vgg, VGG16"})
    void distancesLayersAndGradientAreThoseOverTorchvisionsNetworks(String kind, Trunk trunk)
            throws IOException {
        JsonObject expected = REFERENCE.getAsJsonObject(kind);
        LpipsNetwork network = kind.equals("alex") ? alex() : vgg();
        try (NDManager owner = network.manager()) {
            assertThat(owner.isOpen()).isTrue();
            assertThat(network.trunk()).isEqualTo(trunk);
            NDArray y = images(kind + ".input.y");
            float[] layers = network.layers(images(kind + ".input.x"), y).toFloatArray();
            for (int l = 0; l < 5; l++) {
                double[] theirs = ReferenceNets.doubles(expected.getAsJsonArray("layers").get(l));
                assertThat((double) layers[l]).isCloseTo(theirs[0], within(1e-6));
                assertThat((double) layers[5 + l]).isCloseTo(theirs[1], within(1e-6));
            }
            NDArray x = Autograd.leaf(images(kind + ".input.x"));
            float[] gradient =
                    Autograd.on(
                            () -> {
                                NDArray distances = network.distances(x, y);
                                double[] theirs = ReferenceNets.doubles(expected.get("distance"));
                                float[] ours = distances.toFloatArray();
                                assertThat((double) ours[0]).isCloseTo(theirs[0], within(2e-6));
                                assertThat((double) ours[1]).isCloseTo(theirs[1], within(2e-6));
                                return Autograd.grad(distances.sum(), x, false).toFloatArray();
                            });
            ReferenceNets.assertGradient(gradient, expected.getAsJsonObject("gradient"), 5e-4);
        }
    }

    @Test
    void anImageIsNoDistanceFromItselfAndTwoAreAsFarEitherWay() throws IOException {
        LpipsNetwork network = alex();
        try (NDManager owner = network.manager()) {
            assertThat(owner.isOpen()).isTrue();
            NDArray x = images("one");
            NDArray y = images("two");
            assertThat(network.distances(x, x.duplicate()).toFloatArray()).containsExactly(0, 0);
            float[] there = network.distances(x, y).toFloatArray();
            assertThat(network.distances(y, x).toFloatArray()).containsExactly(there);
            assertThat(there[0]).isGreaterThan(0.1f);
            NDArray leaf = Autograd.leaf(x);
            float[] gradient =
                    Autograd.on(
                            () ->
                                    Autograd.grad(network.distances(leaf, x).sum(), leaf, false)
                                            .toFloatArray());
            assertThat(ReferenceNets.norm(gradient)).isZero();
        }
    }

    @Test
    void theGradientIsTheSlopeAlongIt() throws IOException {
        LpipsNetwork network = alex();
        try (NDManager owner = network.manager()) {
            assertThat(owner.isOpen()).isTrue();
            NDArray x = images("one").get(":1");
            NDArray y = images("two").get(":1");
            NDArray leaf = Autograd.leaf(x);
            NDArray g =
                    Autograd.on(() -> Autograd.grad(network.distances(leaf, y).sum(), leaf, false));
            double norm = ReferenceNets.norm(g.toFloatArray());
            double h = 0.02;
            NDArray step = Scalars.mul(g, h / norm);
            double up = network.distances(x.add(step), y).getFloat(0);
            double down = network.distances(x.sub(step), y).getFloat(0);
            assertThat((up - down) / (2 * h)).isCloseTo(norm, within(0.02 * norm));
        }
    }

    @Test
    void aLayerComparesDirectionsPixelByPixel() {
        // Two pixels of two channels: (3, 4) against (8, 6), and equal ones. Unit vectors (.6, .8)
        // and (.8, .6) differ by .04 squared.
        NDArray x = Tensors.of(manager, new float[] {3, 1, 4, 1}, new Shape(1, 2, 1, 2));
        NDArray y = Tensors.of(manager, new float[] {8, 2, 6, 2}, new Shape(1, 2, 1, 2));
        NDArray head = Tensors.of(manager, new float[] {1, 2}, new Shape(1, 2, 1, 1));
        float[] layer = Ops.call("lpips_layer", x, y, head).toFloatArray();
        assertThat(layer).containsExactly(new float[] {(0.04f + 2 * 0.04f) / 2}, within(1e-6f));
        NDArray dark = Autograd.leaf(manager.zeros(new Shape(1, 2, 1, 2)));
        float[] slope =
                Autograd.on(
                        () ->
                                Autograd.grad(
                                                Ops.call("lpips_layer", dark.mul(dark), y, head)
                                                        .sum(),
                                                dark,
                                                false)
                                        .toFloatArray());
        assertThat(ReferenceNets.norm(slope)).as("where no feature fires").isZero();
    }

    @Test
    void namesShapesAndCountsAreThePublishedOnes() {
        for (Trunk trunk : Trunk.values()) {
            String kind = trunk == Trunk.ALEXNET ? "alex" : "vgg";
            Map<String, Shape> published =
                    ReferenceNets.shapes(REFERENCE.getAsJsonObject(kind).getAsJsonObject("state"));
            published.keySet().removeIf(name -> name.startsWith("classifier."));
            try (NDManager none = Torch.manager()) {
                Params params = Params.shapes(none);
                new LpipsNetwork(trunk, params, params);
                Map<String, Shape> ours = new LinkedHashMap<>();
                params.all().forEach((name, tensor) -> ours.put(name, tensor.getShape()));
                assertThat(ours).containsAllEntriesOf(published);
                assertThat(ours).hasSize(published.size() + 5);
                // Features by torchvision, and the heads: 1,152 and 1,472 weights.
                assertThat(params.count())
                        .isEqualTo(trunk == Trunk.ALEXNET ? 2_469_696 + 1152 : 14_714_688 + 1472);
            }
        }
    }

    @Test
    void filesOfOtherNetworksAreRefusedByName() throws IOException {
        Path heads = write("alex.pth", heads("alex", 64, 192, 384, 256, 256));
        assertThatThrownBy(() -> LpipsNetwork.read(heads))
                .as("the trunk is not beside it")
                .hasMessageContaining("alexnet-owt-7be5be79.pth");
        Path squeeze = write("squeeze.pth", heads("alex", 64, 128, 256, 384, 384, 512, 512));
        assertThatThrownBy(() -> LpipsNetwork.read(squeeze))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("file: " + squeeze)
                .hasMessageContaining("lin6.model.1.weight");
        Map<String, NDArray> changed = trunk("alex");
        changed.put("features.12.weight", manager.ones(new Shape(1)));
        Path longer = write("longer.pth", changed);
        assertThatThrownBy(() -> LpipsNetwork.read(heads, longer))
                .hasMessageContaining("file: " + longer)
                .hasMessageContaining("[features.12.weight]");
        changed.remove("features.12.weight");
        changed.put("layer1.0.weight", manager.ones(new Shape(1)));
        Path other = write("other.pth", changed);
        assertThatThrownBy(() -> LpipsNetwork.read(heads, other))
                .hasMessageContaining("file: " + other)
                .hasMessageContaining("'layer1.0.weight'");
        changed.remove("layer1.0.weight");
        changed.put("features.3.bias", manager.ones(new Shape(191)));
        Path narrow = write("narrow.pth", changed);
        assertThatThrownBy(() -> LpipsNetwork.read(heads, narrow))
                .hasMessageContaining("file: " + narrow)
                .hasMessageContaining("'features.3.bias' has shape (191)");
        changed.remove("features.3.bias");
        Path part = write("part.pth", changed);
        assertThatThrownBy(() -> LpipsNetwork.read(heads, part))
                .hasMessageContaining("file: " + part)
                .hasMessageContaining("no tensor 'features.3.bias'");
        Path text = Files.writeString(folder.resolve("text.pth"), "no weights");
        assertThatThrownBy(() -> LpipsNetwork.read(heads, text)).hasMessageContaining("" + text);
        assertThatThrownBy(() -> LpipsNetwork.read(text)).hasMessageContaining("" + text);
    }

    @Test
    void imagesThatAreTooSmallOrDifferInShapeAreRefused() throws IOException {
        LpipsNetwork network = alex();
        try (NDManager owner = network.manager()) {
            for (List<Shape> pair :
                    List.of(
                            List.of(new Shape(1, 3, 30, 64), new Shape(1, 3, 30, 64)),
                            List.of(new Shape(1, 1, 64, 64), new Shape(1, 1, 64, 64)),
                            List.of(new Shape(1, 3, 64, 64), new Shape(2, 3, 64, 64)))) {
                assertThatThrownBy(
                                () ->
                                        network.distances(
                                                owner.ones(pair.get(0)), owner.ones(pair.get(1))))
                        .isInstanceOf(IllegalArgumentException.class)
                        .hasMessageContaining("" + pair.get(0))
                        .hasMessageContaining("at least 31 pixels");
            }
            NDArray smallest = owner.ones(new Shape(1, 3, 31, 31));
            assertThat(network.distances(smallest, smallest.neg()).getFloat(0)).isPositive();
        }
    }
}

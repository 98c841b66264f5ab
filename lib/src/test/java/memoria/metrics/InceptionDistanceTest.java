package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import memoria.checkpoint.SafeTensors;
import memoria.data.Images;
import memoria.models.Models;
import memoria.network.InceptionV3;
import memoria.network.Params;
import memoria.similarity.Descriptor;
import memoria.similarity.Embeddings;
import memoria.torch.Autograd;
import memoria.torch.Ops;
import memoria.torch.Torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FID: a file named as a descriptor, images of any size in batches, the distance of their features. */
class InceptionDistanceTest {

    @TempDir Path folder;

    private Path fresh() {
        Path file = folder.resolve("inception.safetensors");
        try (NDManager manager = Torch.manager()) {
            Params params = Params.fresh(manager, 1);
            new InceptionV3(params);
            SafeTensors.write(file, params.all(), Map.of());
        }
        return file;
    }

    @Test
    void theFeaturesOfAFileMakeTheDistance() throws IOException {
        Path file = fresh();
        Images images = Models.images("fashion-test").distinct().first(17);
        try (Descriptor features = Descriptor.features(file.toString())) {
            assertThat(features.name()).isEqualTo("inception.safetensors");
            assertThat(features.spec().get("sha256").getAsString()).hasSize(64);
            Embeddings all = features.of(images);
            assertThat(all.count()).isEqualTo(17);
            assertThat(all.dimensions()).isEqualTo(InceptionV3.FEATURES);
            float[] last = all.rows(16, 17);
            float[] alone = grey(file, images.slice(16, 17));
            for (int i = 0; i < last.length; i++) {
                assertThat(last[i]).isCloseTo(alone[i], within(1e-5f));
            }
            Embeddings first = Embeddings.of(all.rows(0, 8), InceptionV3.FEATURES);
            Embeddings second = Embeddings.of(all.rows(8, 17), InceptionV3.FEATURES);
            assertThat(FrechetDistance.of(first, second)).isPositive();
            assertThat(FrechetDistance.of(first, first)).isCloseTo(0, within(1e-9));
        }
        assertThatThrownBy(
                        () -> Descriptor.features(Models.folder() + "/fashion-clean.safetensors"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("fashion-clean.safetensors")
                .hasMessageContaining("Conv2d_1a_3x3");
    }

    /** What the network answers to three equal channels. */
    private static float[] grey(Path file, Images image) {
        InceptionV3 network = Models.inception(file.toString());
        try (NDManager owner = network.params().manager()) {
            NDArray x = image.tensor(owner);
            return Autograd.off(
                    () -> network.features(Ops.cat(List.of(x, x, x), 1)).toFloatArray());
        }
    }

    @Test
    void aTableHasTheDistanceOfEverySetByName() {
        Images images = Models.images("fashion-test").distinct();
        Images reference = images.slice(0, 40);
        var sets = new LinkedHashMap<String, Images>();
        sets.put("others", images.slice(40, 80));
        sets.put("the same", reference);
        try (Descriptor features = Descriptor.features("fashion-features")) {
            var table = FrechetDistance.table(features, reference, sets);
            assertThat(table.name()).contains("40 real images", "fashion-features");
            assertThat(table.stringColumn("images").asList()).containsExactly("others", "the same");
            assertThat(table.intColumn("count").get(0)).isEqualTo(40);
            double[] far = table.doubleColumn("distance").asDoubleArray();
            Embeddings real = features.of(reference);
            assertThat(far[0]).isEqualTo(FrechetDistance.of(features.of(sets.get("others")), real));
            assertThat(far[1]).isCloseTo(0, within(1e-6 * far[0]));
        }
    }

    @Test
    void aShippedClassifierGoesByTheSameDoor() {
        try (Descriptor ours = Descriptor.features("fashion-features");
                Descriptor same = Descriptor.shippedFeatures("fashion-features")) {
            assertThat(ours.spec()).isEqualTo(same.spec());
        }
        assertThat(Models.networks()).contains("fashion-features", "fashion-copies");
    }
}

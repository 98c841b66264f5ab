package memoria.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.List;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Noise;
import memoria.network.FeatureNetwork;
import memoria.network.ResNetConfig;
import memoria.torch.Ops;
import memoria.torch.Tensors;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FeatureTrainingTest {

    private static final ResNetConfig NET = ResNetConfig.small(1, 4, 2, 1, 1);
    private static final CrossEntropy PLAIN =
            new CrossEntropy(new Augmentation(0, 0, 0, false, 0, 0, 0, 0));

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

    /** Images of 8x8: bright above in class 0, bright below in class 1, with noise. */
    private static DataSet halves(int count) {
        double[] noise = Noise.gaussian("halves", 1, 0, count * 64);
        float[] pixels = new float[count * 64];
        int[] labels = new int[count];
        for (int i = 0; i < count; i++) {
            labels[i] = i % 2;
            for (int at = 0; at < 64; at++) {
                boolean bright = at < 32 == (labels[i] == 0);
                pixels[i * 64 + at] = (bright ? 0.5f : -0.5f) + 0.3f * (float) noise[i * 64 + at];
            }
        }
        return DataSet.of(
                Images.of(pixels, count, 1, 8, 8),
                labels,
                List.of("above", "below"),
                Provenance.made("halves"));
    }

    private static Recipe recipe(int steps) {
        return Recipe.steps(steps).optBatch(8).optLearningRate(1e-2, 0).optEma(0.5);
    }

    @Test
    void aClassifierLearnsAndItsFileTellsHow() {
        DataSet data = halves(32);
        Path run = folder.resolve("classes");
        try (FeatureNetwork net = new FeatureTraining(data, NET, PLAIN, recipe(40)).run(run)) {
            assertThat(net.classes(data.distinct())).isEqualTo(data.labels());
            assertThat(net.item()).isEqualTo(new Shape(1, 8, 8));
            assertThat(net.metadata().getAsJsonObject("loss").get("type").getAsString())
                    .isEqualTo("cross-entropy");
            assertThat(net.network().params().all()).containsKey("bn1.running_mean");
        }
    }

    @Test
    void aContinuedTrainingEndsInTheSameWeightsAndStatistics() {
        DataSet data = halves(32);
        CopyContrast contrast = new CopyContrast(0.1, 1, Augmentation.STRONG);
        ResNetConfig config = NET.optNormalised(true);
        Path whole = folder.resolve("whole");
        Path halves = folder.resolve("halves");
        new FeatureTraining(data, config, contrast, recipe(6)).run(whole).close();
        new FeatureTraining(data, config, contrast, recipe(3)).run(halves).close();
        new FeatureTraining(data, config, contrast, recipe(6)).run(halves).close();
        try (FeatureNetwork a = FeatureNetwork.read(whole.resolve("model.safetensors"));
                FeatureNetwork b = FeatureNetwork.read(halves.resolve("model.safetensors"))) {
            a.network()
                    .params()
                    .all()
                    .forEach(
                            (name, tensor) ->
                                    assertThat(tensor.toFloatArray())
                                            .as(name)
                                            .isEqualTo(
                                                    b.network()
                                                            .params()
                                                            .all()
                                                            .get(name)
                                                            .toFloatArray()));
        }
    }

    @Test
    void theContrastIsTheFormulasValue() {
        double[] raw = Noise.gaussian("contrast", 2, 0, 6 * 3);
        float[] values = new float[raw.length];
        for (int i = 0; i < raw.length; i++) {
            values[i] = (float) raw[i];
        }
        NDArray z = Ops.unitRows(Tensors.of(manager, values, new Shape(6, 3)));
        float[] rows = z.toFloatArray();
        double tau = 0.2;
        double expected = 0;
        for (int i = 0; i < 6; i++) {
            int pair = (i + 3) % 6;
            double sum = 0;
            double nearest = Double.MAX_VALUE;
            for (int j = 0; j < 6; j++) {
                double dot = 0;
                for (int c = 0; c < 3; c++) {
                    dot += rows[3 * i + c] * rows[3 * j + c];
                }
                sum += j == i ? 0 : Math.exp(dot / tau);
                expected -= j == pair ? dot / tau / 6 : 0;
                nearest = j == i || j == pair ? nearest : Math.min(nearest, 2 - 2 * dot);
            }
            expected += (Math.log(sum) - 0.7 * Math.log(Math.sqrt(nearest))) / 6;
        }
        NDArray ours = new CopyContrast(tau, 0.7, Augmentation.STRONG).loss(z, 3);
        assertThat((double) ours.getFloat()).isCloseTo(expected, within(1e-4));
    }

    @Test
    void anAugmentationDependsOnSeedStepAndPlaceAlone() {
        Images images = halves(4).distinct();
        Images once = Augmentation.STRONG.apply(images, 1, 5);
        assertThat(Augmentation.STRONG.apply(images, 1, 5)).isEqualTo(once);
        assertThat(Augmentation.STRONG.apply(images.first(2), 1, 5)).isEqualTo(once.first(2));
        assertThat(Augmentation.STRONG.apply(images, 1, 6)).isNotEqualTo(once);
        assertThat(Augmentation.STRONG.apply(images, 2, 5)).isNotEqualTo(once);
    }

    @Test
    void noAugmentationChangesNothingAndAMoveShiftsTheImage() {
        Images images = halves(4).distinct();
        float[] same = PLAIN.augmentation().apply(images, 1, 0).all();
        float[] before = images.all();
        for (int i = 0; i < same.length; i++) {
            assertThat(same[i]).isCloseTo(Math.max(-1, Math.min(1, before[i])), within(1e-6f));
        }
        float[] spot = new float[64];
        java.util.Arrays.fill(spot, -1);
        spot[3 * 8 + 3] = 1;
        Images dot = Images.of(spot, 1, 1, 8, 8);
        Images moved = new Augmentation(0, 0, 0.25, false, 0, 0, 0, 0).apply(dot, 3, 0);
        double mass = 0;
        for (float v : moved.all()) {
            mass += v + 1;
        }
        assertThat(mass).as("a moved spot keeps its light").isCloseTo(2, within(1e-4));
        assertThat(moved).isNotEqualTo(dot);
    }

    @Test
    void partsThatDoNotFitAreRefused() {
        DataSet data = halves(8);
        assertThatThrownBy(
                        () -> new FeatureTraining(data, NET.optNormalised(true), PLAIN, recipe(1)))
                .hasMessageContaining("config:");
        assertThatThrownBy(
                        () ->
                                new FeatureTraining(
                                        data,
                                        NET,
                                        new CopyContrast(0.05, 1, Augmentation.STRONG),
                                        recipe(1)))
                .hasMessageContaining("not normalised");
        assertThatThrownBy(() -> new FeatureTraining(data, NET, PLAIN, recipe(1).optBatch(1)))
                .hasMessageContaining("recipe: batch 1");
        assertThatThrownBy(() -> new CopyContrast(0, 1, Augmentation.STRONG))
                .hasMessageContaining("temperature: 0.0");
        assertThatThrownBy(() -> new Augmentation(0, 0, 0, false, 2, 0, 0, 0))
                .hasMessageContaining("blur: 2.0");
    }
}

package memoria.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import memoria.data.DataSet;
import memoria.data.Images;
import memoria.data.Provenance;
import memoria.diffusion.Seeds;
import memoria.network.Generator;
import memoria.network.GeneratorConfig;
import memoria.progress.Interrupted;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GanTrainingTest {

    private static final GeneratorConfig CONFIG = new GeneratorConfig(3, 1, 8, 1);

    @TempDir Path folder;

    @BeforeEach
    void oneThread() {
        Torch.threads(1);
    }

    /** Flat images of one level of grey. */
    private static DataSet flat(float level) {
        float[] pixels = new float[8 * 64];
        Arrays.fill(pixels, level);
        return DataSet.of(
                Images.of(pixels, 8, 1, 8, 8),
                new int[8],
                List.of("flat"),
                Provenance.made("flat"));
    }

    private static Recipe recipe(long steps) {
        return Recipe.steps(steps)
                .optBatch(8)
                .optLearningRate(2e-3, 0)
                .optClipNorm(10)
                .optEma(0.9)
                .optSeed(5);
    }

    private static GanTraining training(long steps) {
        return new GanTraining(flat(0.6f), CONFIG, recipe(steps)).optSaveEvery(4);
    }

    private static void assertSame(Generator one, Generator two) {
        one.params()
                .all()
                .forEach(
                        (name, tensor) ->
                                assertThat(two.params().all().get(name).toFloatArray())
                                        .as(name)
                                        .containsExactly(tensor.toFloatArray()));
        assertThat(two.metadata()).isEqualTo(one.metadata());
    }

    @ParameterizedTest
    @ValueSource(floats = {-0.6f, 0.6f})
    void theGeneratorLearnsWhatItIsShown(float level) {
        Recipe recipe = recipe(100).optLearningRate(5e-3, 0);
        try (Generator generator = new GanTraining(flat(level), CONFIG, recipe).run(folder)) {
            float[] pixels = generator.sample(Seeds.range(0, 16)).all();
            double mean = 0;
            for (float pixel : pixels) {
                mean += pixel / pixels.length;
            }
            assertThat(mean).isCloseTo(level, within(0.15));
            assertThat(generator.metadata().getAsJsonArray("lossCurve")).hasSize(2);
        }
    }

    @Test
    void anInterruptedTrainingContinuesToTheSameWeightsBitByBit() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> training(9).run(folder)).isInstanceOf(Interrupted.class);
        assertThat(Thread.interrupted()).isFalse();
        try (Generator resumed = training(9).run(folder);
                Generator whole = training(9).run(folder.resolve("whole"))) {
            assertSame(whole, resumed);
        }
        GanTraining other = training(9).optPenalty(0.2, 4);
        assertThatThrownBy(() -> other.run(folder)).hasMessageContaining("another training");
    }

    @Test
    void anImageIsItsSeedsAloneAndInAnyBatch() {
        try (Generator generator = training(3).run(folder)) {
            Images many = generator.sample(Seeds.range(0, 70));
            assertThat(many.count()).isEqualTo(70);
            Images alone = generator.sample(Seeds.of(66));
            assertThat(alone.largestDifference(many.slice(66, 67))).isLessThan(1e-5);
            assertThat(alone.largestDifference(many.slice(65, 66))).isPositive();
        }
    }

    @Test
    void thePenaltyChangesWhatTheJudgeLearns() {
        // One step with and one without it leave the judge's weights, and so the generator's next
        // step, different.
        try (Generator with = training(2).optPenalty(50, 1).run(folder.resolve("with"));
                Generator without = training(2).optPenalty(0, 1).run(folder.resolve("without"))) {
            NDArray one = with.params().all().get("input.weight");
            NDArray two = without.params().all().get("input.weight");
            assertThat(one.toFloatArray()).isNotEqualTo(two.toFloatArray());
        }
    }

    @Test
    void aGeneratorRefusesWhatDoesNotFitIt() {
        Generator generator = training(1).run(folder);
        NDManager manager = generator.manager();
        NDArray wide = manager.zeros(new Shape(2, 4));
        assertThatThrownBy(() -> generator.forward(wide))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("z: shape (2, 4)")
                .hasMessageContaining("(N, 3)");
        generator.close();
        assertThatThrownBy(() -> generator.sample(Seeds.of(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }
}

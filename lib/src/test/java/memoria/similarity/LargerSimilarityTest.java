package memoria.similarity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import java.util.stream.IntStream;
import memoria.data.Images;
import memoria.torch.Autograd;
import memoria.torch.NativeMemory;
import memoria.torch.Scope;
import memoria.torch.Torch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class LargerSimilarityTest {

    private final Images train = StandardizedTest.noise(41, 90);
    private final Images images = StandardizedTest.noise(42, 12);
    private final NormalizedL2 nl2 = NormalizedL2.against(train).neighbours(20);
    private final NormalizedL2 contrast = nl2.standardized();
    private final Similarity one = nl2.closeness();
    private final Similarity other = contrast.closeness();

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    @AfterEach
    void close() {
        nl2.close();
        contrast.close();
    }

    @Test
    void eachMeasureIsCountedFromItsLimitAndTheLargestDecides() {
        LargerSimilarity larger = LargerSimilarity.of(one, 0.5).or(other, 0.51);
        List<Neighbour> found = larger.nearest(images);
        double[] a = one.of(images);
        double[] b = other.of(images);
        int second = 0;
        for (int i = 0; i < 12; i++) {
            assertThat(found.get(i).similarity())
                    .isCloseTo(0.5 + Math.max(a[i] - 0.5, b[i] - 0.51), within(1e-12));
            boolean other = b[i] - 0.51 > a[i] - 0.5;
            second += other ? 1 : 0;
            Similarity decides = other ? this.other : one;
            assertThat(found.get(i).index())
                    .isEqualTo(decides.nearest(images.select(i)).get(0).index());
        }
        assertThat(second).as("both decide somewhere").isBetween(1, 11);
        assertThat(larger.positive()).isTrue();
        assertThat(larger.train()).isEqualTo(train);
    }

    @Test
    void valuesAndGradientsAreThoseOfTheMeasureThatDecides() {
        LargerSimilarity larger = LargerSimilarity.of(one, 0.5).or(other, 0.51);
        int[] rows = {1, 2, 4, 5, 7, 8, 11};
        try (NDManager manager = Torch.manager()) {
            Comparison found = larger.compare(images);
            NDArray some = images.select(rows).tensor(manager);
            float[] values = found.of(some, rows).toFloatArray();
            float[] gradient = gradient(some, found, rows);
            float[] searched = larger.of(some).toFloatArray();
            float[] first = gradient(some, one.compare(images), rows);
            float[] second = gradient(some, other.compare(images), rows);
            double[] a = one.of(images);
            double[] b = other.of(images);
            for (int i = 0; i < rows.length; i++) {
                assertThat((double) values[i])
                        .isCloseTo(found.nearest().get(rows[i]).similarity(), within(1e-5));
                assertThat(searched[i]).isEqualTo(values[i]);
                float[] decides = b[rows[i]] - 0.51 > a[rows[i]] - 0.5 ? second : first;
                for (int p = 60 * i; p < 60 * (i + 1); p++) {
                    assertThat(gradient[p]).isCloseTo(decides[p], within(1e-6f));
                }
            }
            assertThat(IntStream.of(rows).filter(i -> b[i] - 0.51 > a[i] - 0.5).count())
                    .isBetween(1L, rows.length - 1L);
        }
    }

    private static float[] gradient(NDArray batch, Comparison found, int[] rows) {
        NDArray x = Autograd.leaf(batch);
        return Autograd.on(() -> Autograd.grad(found.of(x, rows).sum(), x, false)).toFloatArray();
    }

    @Test
    void neighboursAreThoseOfTheMeasureThatDecides() {
        Comparison always = LargerSimilarity.of(one, 9).or(other, -9).compare(images);
        Comparison never = LargerSimilarity.of(one, -9).or(other, 9).compare(images);
        for (int i = 0; i < 12; i++) {
            assertThat(always.neighbours(i)).isEqualTo(other.compare(images).neighbours(i));
            assertThat(never.neighbours(i)).isEqualTo(one.compare(images).neighbours(i));
        }
    }

    @Test
    void aThousandComparisonsWithGradientsLeaveNativeMemoryFlat() {
        LargerSimilarity larger = LargerSimilarity.of(one, 0.5).or(other, 0.51);
        int[] rows = {1, 2, 4, 5, 7, 8, 11};
        Images some = images.select(rows);
        Runnable step =
                () ->
                        Scope.run(
                                () -> {
                                    Comparison found = larger.compare(images);
                                    gradient(some.tensor(Torch.manager()), found, rows);
                                });
        assertThat(NativeMemory.growth(step, 100, 1000)).isLessThan(8L << 20);
    }

    @Test
    void aDescriptionTellsLimitsAndMeasures() {
        LargerSimilarity larger = LargerSimilarity.of(one, 0.5).or(other, 0.51);
        assertThat(larger.spec())
                .isEqualTo(LargerSimilarity.of(one, 0.5).or(other, 0.51).spec())
                .isNotEqualTo(LargerSimilarity.of(one, 0.5).or(other, 0.52).spec())
                .isNotEqualTo(LargerSimilarity.of(one, 0.5).spec());
    }

    @Test
    void badInputIsNamed() {
        LargerSimilarity first = LargerSimilarity.of(one, 0.5);
        assertThatThrownBy(() -> first.or(other, Double.NaN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("limit: NaN is not finite");
        assertThatThrownBy(() -> first.or(nl2, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("never positive")
                .hasMessageContaining("closeness()");
        try (NormalizedL2 elsewhere = NormalizedL2.against(train.first(60)).neighbours(20)) {
            assertThatThrownBy(() -> first.or(elsewhere.closeness(), 0.5))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("the same training images in the same order");
        }
    }
}

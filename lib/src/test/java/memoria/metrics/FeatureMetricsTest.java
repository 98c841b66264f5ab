package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import memoria.diffusion.Noise;
import memoria.similarity.Embeddings;
import memoria.torch.Torch;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import tech.tablesaw.api.Table;

class FeatureMetricsTest {

    @BeforeAll
    static void oneThread() {
        Torch.threads(1);
    }

    /** Normal numbers, column d scaled by {@code 1 + d} and the factor, moved by the shift. */
    private static Embeddings normal(int count, int d, double factor, double shift, long seed) {
        double[] noise = Noise.gaussian("feature metrics", seed, 0, count * d);
        float[] values = new float[count * d];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (factor * (1 + i % d) * noise[i] + shift);
        }
        return Embeddings.of(values, d);
    }

    @Test
    void normalDistributionsHaveTheirKnownDistance() {
        int d = 4;
        double expected = d * 0.25;
        for (int i = 1; i <= d; i++) {
            // (sigma_a - sigma_b)^2 of every axis.
            expected += i * i * 0.25;
        }
        double measured =
                FrechetDistance.of(normal(20_000, d, 1, 0, 1), normal(20_000, d, 1.5, 0.5, 2));
        assertThat(measured).isCloseTo(expected, within(0.05 * expected));
    }

    /** Every row twice: the same mean, the covariance times 2 (n - 1) / (2 n - 1). */
    private static Embeddings twice(Embeddings set) {
        float[] once = set.rows(0, set.count());
        float[] both = Arrays.copyOf(once, 2 * once.length);
        System.arraycopy(once, 0, both, once.length, once.length);
        return Embeddings.of(both, set.dimensions());
    }

    @Test
    void setsSmallerThanTheirDimensionHaveTheDistanceOfTheSameFormula() {
        int n = 6;
        int d = 8;
        Embeddings a = normal(n, d, 1, 0, 1);
        Embeddings b = normal(n, d, 1.5, 0.5, 2);
        double means = 0;
        for (int k = 0; k < d; k++) {
            double apart = 0;
            for (int i = 0; i < n; i++) {
                apart += (a.rows(i, i + 1)[k] - (double) b.rows(i, i + 1)[k]) / n;
            }
            means += apart * apart;
        }
        double few = FrechetDistance.of(a, b) - means;
        double many = FrechetDistance.of(twice(a), twice(b)) - means;
        assertThat(few).isGreaterThan(1);
        // Twelve rows go through the roots of 8x8 matrices, whose zero eigenvalues are rounded.
        assertThat(many).isCloseTo(few * 2 * (n - 1) / (2 * n - 1), within(1e-5 * few));
        assertThat(FrechetDistance.of(a, a)).isCloseTo(0, within(1e-9));
    }

    @Test
    void correlatedFeaturesAreComparedByTheirWholeCovariance() {
        // Perfectly correlated against perfectly anticorrelated: C_a C_b = 0, so d^2 is the sum of
        // the traces.
        float[] along = new float[400];
        float[] across = new float[400];
        for (int i = 0; i < 200; i++) {
            float value = i % 2 == 0 ? 1 : -1;
            along[2 * i] = along[2 * i + 1] = value;
            across[2 * i] = value;
            across[2 * i + 1] = -value;
        }
        double variance = 200.0 / 199;
        assertThat(FrechetDistance.of(Embeddings.of(along, 2), Embeddings.of(across, 2)))
                .isCloseTo(4 * variance, within(1e-9));
    }

    @Test
    void aSetIsAtNoDistanceFromItself() {
        Embeddings set = normal(300, 6, 1, 0, 3);
        assertThat(FrechetDistance.of(set, set)).isCloseTo(0, within(1e-8));
    }

    @Test
    void theRatioOfPairedSetsIsNarrowWhereNothingChangedAndRisesWhereItGotWorse() {
        Embeddings real = normal(300, 3, 1, 0, 4);
        Embeddings plain = normal(300, 3, 1, 0.8, 5);
        Bootstrap bootstrap = Bootstrap.seed(1).resamples(100);
        Interval same = FrechetDistance.ratio(plain, plain, real, bootstrap);
        assertThat(same.estimate()).isCloseTo(1, within(1e-12));
        assertThat(same.high() - same.low()).isLessThan(1e-9);
        Interval worse = FrechetDistance.ratio(normal(300, 3, 1, 1.6, 5), plain, real, bootstrap);
        assertThat(worse.low()).isGreaterThan(2);
        assertThatThrownBy(
                        () ->
                                FrechetDistance.ratio(
                                        normal(299, 3, 1, 0, 5), plain, real, bootstrap))
                .hasMessageContaining("299 and 300");
    }

    @Test
    void precisionFallsWithBadImagesAndRecallWithLackOfVariety() {
        Embeddings real = normal(400, 3, 1, 0, 6);
        PrecisionRecall good = PrecisionRecall.of(normal(400, 3, 1, 0, 7), real);
        assertThat(good.precision().estimate()).isGreaterThan(0.8);
        assertThat(good.recall().estimate()).isGreaterThan(0.8);
        PrecisionRecall narrow = PrecisionRecall.of(normal(400, 3, 0.2, 0, 7), real);
        assertThat(narrow.precision().estimate()).isGreaterThan(0.9);
        assertThat(narrow.recall().estimate()).isLessThan(0.3);
        PrecisionRecall bad = PrecisionRecall.of(normal(400, 3, 1, 50, 7), real);
        assertThat(bad.precision().estimate()).isZero();
        assertThat(bad.recall().estimate()).isZero();
    }

    @Test
    void coverageIsTheFormulaOnAHandfulOfPoints() {
        // Real 0, 1, 3 with k = 1: radii 1, 1, 2. Generated -1 and 5 touch the rim, 6 lies outside,
        // 2 inside.
        Embeddings real = Embeddings.of(new float[] {0, 1, 3}, 1);
        Embeddings generated = Embeddings.of(new float[] {-1, 5, 6, 2}, 1);
        PrecisionRecall measured = PrecisionRecall.of(generated, real, 1);
        assertThat(measured.precision().estimate()).isEqualTo(0.75);
        // Generated radii 3, 1, 1, 3: all real points lie within 3 of 2.
        assertThat(measured.recall().estimate()).isEqualTo(1);
    }

    @Test
    void aTableOfCopiesHasTheirPercentileWorstCaseAndShares() {
        double[] scores = new double[101];
        Arrays.setAll(scores, i -> i / 100.0);
        Table table =
                CopyTable.against("one", 0.9)
                        .limit("none", 2)
                        .row("ramp", scores)
                        .row("zero", new double[1000])
                        .table();
        assertThat(table.columnNames())
                .containsExactly(
                        "images",
                        "count",
                        "top 5%",
                        "from",
                        "to",
                        "worst case",
                        "above one",
                        "above none");
        assertThat(table.doubleColumn("top 5%").get(0)).isCloseTo(0.95, within(1e-12));
        assertThat(table.doubleColumn("from").get(0)).isBetween(0.85, 0.95);
        assertThat(table.doubleColumn("worst case").get(0)).isEqualTo(1);
        assertThat(table.stringColumn("above one").get(0)).startsWith("9.9%");
        assertThat(table.stringColumn("above none").get(1)).isEqualTo("at most 0.30%");
    }

    @Test
    void whatDoesNotFitIsRefused() {
        Embeddings one = Embeddings.of(new float[] {1, 2}, 2);
        Embeddings set = normal(10, 3, 1, 0, 1);
        assertThatThrownBy(() -> FrechetDistance.of(one, set)).hasMessageContaining("at least 2");
        assertThatThrownBy(() -> PrecisionRecall.of(set, set, 10)).hasMessageContaining("k: 10");
        assertThatThrownBy(() -> PrecisionRecall.of(set, normal(10, 2, 1, 0, 1)))
                .hasMessageContaining("one descriptor");
        assertThatThrownBy(() -> CopyTable.against("x", Double.NaN))
                .hasMessageContaining("limit: NaN");
        assertThatThrownBy(() -> CopyTable.against("x", 1).row("a", new double[0]))
                .hasMessageContaining("similarities");
    }
}

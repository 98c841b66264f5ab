package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RetrievalTest {

    /** By score: wanted and right, wanted and right, not wanted, wanted but wrong, wanted and right, not wanted. */
    private static Retrieval six() {
        return Retrieval.ofLow(
                new double[] {5, 1, 4, 2, 3, 6},
                new boolean[] {true, true, true, true, false, false},
                new boolean[] {true, true, false, true, false, false});
    }

    @Test
    void countsAreThoseOfTheDefinition() {
        Retrieval.At three = six().at(3);
        assertThat(three.accepted()).isEqualTo(3);
        assertThat(three.precision().estimate()).isEqualTo(2.0 / 3);
        assertThat(three.recall().estimate()).isEqualTo(0.5);
        Retrieval.At none = six().at(0.5);
        assertThat(none.accepted()).isZero();
        assertThat(none.precision().estimate()).isNaN();
        assertThat(none.precision().high()).isEqualTo(1);
        assertThat(none.recall().estimate()).isZero();
        assertThat(six().at(9).recall().estimate()).isEqualTo(0.75);
    }

    @Test
    void theThresholdFindsMostAtAPrecision() {
        assertThat(six().threshold(1)).isEqualTo(2.5);
        assertThat(six().threshold(0.6)).as("3 of 5, beyond the dip to 2 of 4").isEqualTo(5.5);
        assertThat(six().threshold(0.5)).isEqualTo(6);
        Retrieval nothingRight =
                Retrieval.ofLow(
                        new double[] {1, 2},
                        new boolean[] {true, false},
                        new boolean[] {false, false});
        assertThat(nothingRight.threshold(0.95)).isEqualTo(Double.NEGATIVE_INFINITY);
        assertThat(nothingRight.at(nothingRight.threshold(0.95)).accepted()).isZero();
    }

    @Test
    void equalScoresAreAcceptedTogether() {
        Retrieval tie = Retrieval.ofLow(new double[] {1, 2}, new double[] {1, 3});
        assertThat(tie.threshold(0.6)).isEqualTo(2.5);
        assertThat(tie.threshold(0.7)).as("half of the tie is wrong").isNegative();
        assertThat(tie.table().rowCount()).isEqualTo(3);
        assertThat(tie.table().doubleColumn("precision").get(0)).isEqualTo(0.5);
    }

    @Test
    void aPartKeepsItsOwnCounts() {
        Retrieval part = six().select(0, 4, 5);
        assertThat(part.at(3).wanted()).isEqualTo(1);
        assertThat(part.at(5).right()).isEqualTo(1);
        assertThatThrownBy(() -> six().select(4, 5)).hasMessageContaining("wanted: none");
    }

    @Test
    void theIntervalOfARecallHoldsItsEstimate() {
        double[] low = new double[60];
        double[] high = new double[60];
        for (int i = 0; i < 60; i++) {
            low[i] = i;
            high[i] = 40 + i;
        }
        Interval recall = Retrieval.ofLow(low, high).recall(0.95, Bootstrap.seed(3).resamples(300));
        assertThat(recall.estimate()).isBetween(0.65, 0.75);
        assertThat(recall.low()).isBetween(0.5, recall.estimate());
        assertThat(recall.high()).isBetween(recall.estimate(), 0.9);
    }
}

package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class MatchingTest {

    @Test
    void everyCaseGetsItsClosestControlsAndNobodyIsTakenTwice() {
        double[] cases = {10, 10, 50};
        double[] pool = {0, 9, 11.5, 49, 52, 100, 12};
        assertThat(Matching.closest(cases, pool, 1)).containsExactly(1, 2, 3);
        assertThat(Matching.closest(cases, pool, 2)).containsExactly(0, 1, 2, 3, 4, 6);
    }

    @Test
    void whatCannotBeMatchedIsRefused() {
        double[] two = {1, 2};
        assertThatThrownBy(() -> Matching.closest(two, new double[] {1, 2, 3}, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("each: 2 for 2 cases out of 3");
        assertThatThrownBy(() -> Matching.closest(two, two, 0)).hasMessageContaining("each: 0");
        assertThatThrownBy(() -> Matching.closest(new double[] {1, Double.NaN}, two, 1))
                .hasMessageContaining("cases: number 1 is NaN");
    }
}

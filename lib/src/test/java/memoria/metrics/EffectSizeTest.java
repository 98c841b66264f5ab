package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class EffectSizeTest {

    @Test
    void theDifferenceIsCountedInUnitsOfTheSpread() {
        double[] a = {4, 6};
        double[] b = {0, 2};
        assertThat(EffectSize.cohen(a, b)).isCloseTo(4 / Math.sqrt(2), within(1e-12));
        assertThat(EffectSize.cohen(b, a)).isCloseTo(-4 / Math.sqrt(2), within(1e-12));
        assertThat(EffectSize.cohen(new double[] {40, 60}, new double[] {0, 20}))
                .as("of any unit")
                .isCloseTo(EffectSize.cohen(a, b), within(1e-12));
        assertThat(EffectSize.cohen(new double[] {1, 1}, new double[] {1, 1})).isZero();
    }

    @Test
    void groupsWithoutASpreadOrWithoutNumbersAreRefused() {
        double[] two = {1, 2};
        assertThatThrownBy(() -> EffectSize.cohen(new double[] {1}, two))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a: 1 numbers");
        assertThatThrownBy(() -> EffectSize.cohen(two, new double[] {1, Double.NaN}))
                .hasMessageContaining("b: NaN");
    }
}

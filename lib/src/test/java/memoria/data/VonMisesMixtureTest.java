package memoria.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VonMisesMixtureTest {

    private static final int COUNT = 20_000;

    /** Mean of f(theta) under exp(kappa cos theta), by the midpoint rule, which is exact for smooth periodic functions. */
    private static double expected(double kappa, DoubleUnaryOperator f) {
        int n = 20_000;
        double weights = 0;
        double sum = 0;
        for (int i = 0; i < n; i++) {
            double theta = -Math.PI + 2 * Math.PI * (i + 0.5) / n;
            double weight = Math.exp(kappa * (Math.cos(theta) - 1));
            weights += weight;
            sum += weight * f.applyAsDouble(theta);
        }
        return sum / weights;
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1e-7, 1", "0.5, 2", "1.5, 1.5707963", "20, -3", "10000, 0.3"})
    void anglesHaveTheMomentsOfTheirDensity(double kappa, double direction) {
        Images points = new VonMisesMixture(kappa, direction, 0).draw(COUNT, 5);
        double cos = 0;
        double cos2 = 0;
        double sin = 0;
        for (int i = 0; i < COUNT; i++) {
            float[] xy = points.pixels(i);
            assertThat(Math.hypot(xy[0], xy[1])).isCloseTo(1, within(1e-6));
            double theta = Math.atan2(xy[1], xy[0]) - direction;
            cos += Math.cos(theta) / COUNT;
            cos2 += Math.cos(2 * theta) / COUNT;
            sin += Math.sin(theta) / COUNT;
        }
        assertThat(cos).isCloseTo(expected(kappa, Math::cos), within(0.02));
        assertThat(cos2).isCloseTo(expected(kappa, a -> Math.cos(2 * a)), within(0.02));
        assertThat(sin).as("as often left as right").isCloseTo(0, within(0.02));
    }

    @Test
    void aTrainingSetHoldsTheCentreOnceWithItsRepetitions() {
        VonMisesMixture mixture = new VonMisesMixture(1.5, 0, 0.15);
        DataSet set = mixture.sample(100, 0);
        int centre = set.count() - 1;
        assertThat(set.size()).isEqualTo(100);
        assertThat(set.distinct().pixels(centre)).containsExactly(0, 0);
        assertThat(set.multiplicity()[centre]).isBetween(5, 30).isEqualTo(100 - centre);
        assertThat(set.planted()).containsExactly(centre);
        assertThat(Arrays.stream(set.labels()).sum()).as("circle points").isEqualTo(centre);
        assertThat(set.labels()[centre]).isZero();
        assertThat(set.provenance().steps().toString()).contains("seed 0", "kappa=1.5");
    }

    @Test
    void aTrainingSetHoldsThePointsThatAreDrawnWithItsSeed() {
        VonMisesMixture mixture = new VonMisesMixture(1.5, 0, 0.15);
        Images drawn = mixture.draw(100, 3);
        assertThat(drawn.all()).isEqualTo(mixture.draw(100, 3).all());
        assertThat(drawn.all()).isNotEqualTo(mixture.draw(100, 4).all());
        DataSet set = mixture.sample(100, 3);
        int circle = 0;
        for (int i = 0; i < 100; i++) {
            if (drawn.pixels(i)[0] != 0) {
                assertThat(set.distinct().pixels(circle++)).isEqualTo(drawn.pixels(i));
            }
        }
        assertThat(circle).isEqualTo(set.count() - 1);
    }

    @Test
    void aMixtureMayBeAllCircleOrAllCentre() {
        assertThat(new VonMisesMixture(1, 0, 0).sample(50, 0).count()).isEqualTo(50);
        DataSet centre = new VonMisesMixture(1, 0, 1).sample(50, 0);
        assertThat(centre.count()).isEqualTo(1);
        assertThat(centre.multiplicity()).containsExactly(50);
    }

    @ParameterizedTest
    @CsvSource({
        "-1, 0, 0, kappa",
        "1e9, 0, 0, kappa",
        "NaN, 0, 0, kappa",
        "1, Infinity, 0, direction",
        "1, 0, 1.1, centre",
        "1, 0, NaN, centre"
    })
    void namesWhatIsOutOfRange(double kappa, double direction, double centre, String name) {
        assertThatThrownBy(() -> new VonMisesMixture(kappa, direction, centre))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(name + ": ");
    }

    @Test
    void namesACountThatIsTooSmall() {
        VonMisesMixture mixture = new VonMisesMixture(1, 0, 0);
        assertThatThrownBy(() -> mixture.draw(-1, 0)).hasMessageStartingWith("count: -1");
        assertThatThrownBy(() -> mixture.sample(0, 0)).hasMessageStartingWith("count: 0");
    }
}

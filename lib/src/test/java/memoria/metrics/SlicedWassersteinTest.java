package memoria.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.SplittableRandom;
import memoria.data.Images;
import org.junit.jupiter.api.Test;

class SlicedWassersteinTest {

    private static Images line(float... values) {
        return Images.of(values, values.length, 1, 1, 1);
    }

    private static Images plane(int count, double shiftX, double shiftY) {
        SplittableRandom random = new SplittableRandom(count);
        float[] values = new float[2 * count];
        for (int i = 0; i < count; i++) {
            values[2 * i] = (float) (random.nextDouble() + shiftX);
            values[2 * i + 1] = (float) (random.nextDouble() + shiftY);
        }
        return Images.of(values, count, 2, 1, 1);
    }

    @Test
    void onALineItIsTheMeanDistanceOfSortedNeighbours() {
        assertThat(SlicedWasserstein.to(line(3, 0, 1)).of(line(1, 2, 6)))
                .isCloseTo((1 + 1 + 3) / 3.0, within(1e-6));
    }

    @Test
    void samplesOfDifferentSizeMoveTheirSharesOfMass() {
        // 0 carries 1/2 and 1 carries 1/2; of the thirds at 0, 1, 2 one moves whole from 2 to 1 and
        // a sixth from 1 to 0.
        assertThat(SlicedWasserstein.to(line(0, 1)).of(line(0, 1, 2)))
                .isCloseTo(1 / 3.0 + 1 / 6.0, within(1e-6));
        assertThat(SlicedWasserstein.to(line(0, 1)).of(line(1, 0, 0, 1, 0, 1)))
                .isCloseTo(0, within(1e-12));
    }

    @Test
    void aShiftOfThePlaneCountsWithItsMeanProjection() {
        // The mean of |cos| over the circle is 2 / pi.
        double distance = SlicedWasserstein.to(plane(200, 0, 0), 4000, 1).of(plane(200, 3, -4));
        assertThat(distance).isCloseTo(5 * 2 / Math.PI, within(0.05));
    }

    @Test
    void itIsZeroForTheSamePointsInAnotherOrderAndTheSameBothWays() {
        Images a = plane(50, 0, 0);
        int[] backwards = new int[50];
        for (int i = 0; i < 50; i++) {
            backwards[i] = 49 - i;
        }
        assertThat(SlicedWasserstein.to(a).of(a.select(backwards))).isCloseTo(0, within(1e-12));
        Images b = plane(70, 0.1, 0.2);
        assertThat(SlicedWasserstein.to(a).of(b))
                .isPositive()
                .isCloseTo(SlicedWasserstein.to(b).of(a), within(1e-9));
    }

    @Test
    void theSameSeedTakesTheSameDirections() {
        Images a = plane(50, 0, 0);
        Images b = plane(60, 1, 0);
        double once = SlicedWasserstein.to(a, 8, 1).of(b);
        assertThat(SlicedWasserstein.to(a, 8, 1).of(b)).isEqualTo(once);
        assertThat(SlicedWasserstein.to(a, 8, 2).of(b)).isNotEqualTo(once);
    }

    @Test
    void namesWhatCannotBeCompared() {
        Images a = plane(5, 0, 0);
        assertThatThrownBy(() -> SlicedWasserstein.to(a.first(0)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("reference: empty");
        assertThatThrownBy(() -> SlicedWasserstein.to(a, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("directions: 0");
        assertThatThrownBy(() -> SlicedWasserstein.to(a).of(line(1)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sample: items of (1, 1, 1)");
        assertThatThrownBy(() -> SlicedWasserstein.to(line(0)).of(line(Float.NaN)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("sample: image 0 holds NaN");
    }
}

package memoria.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class KdeTest {

    @Test
    void isTheAverageOfNormalDensitiesWithSilvermansBandwidth() {
        double[] values = {1, 2, 4, 7, 11};
        // s = 4.062019..., quartiles by Commons Math's rule 1.5 and 9: IQR / 1.34 = 5.597; the
        // smaller is s.
        double h = 0.9 * Math.sqrt(16.5) * Math.pow(5, -0.2);
        Kde kde = Kde.of(values);
        assertThat(kde.bandwidth()).isCloseTo(h, within(1e-12));
        double expected =
                Arrays.stream(values)
                        .map(v -> Math.exp(-0.5 * Math.pow((3 - v) / h, 2)))
                        .map(v -> v / Math.sqrt(2 * Math.PI) / h / 5)
                        .sum();
        assertThat(kde.at(3)).isCloseTo(expected, within(1e-15));
    }

    @Test
    void anOutlierDoesNotWidenTheBandwidthAsItWidensTheDeviation() {
        SplittableRandom random = new SplittableRandom(1);
        double[] values = random.doubles(1001).toArray();
        values[0] = 1000;
        double iqr = 0.5;
        assertThat(Kde.of(values).bandwidth())
                .isCloseTo(0.9 * iqr / 1.34 * Math.pow(1001, -0.2), within(0.01));
    }

    @Test
    void integratesToOneAlsoWithTies() {
        for (double[] values : new double[][] {{5}, {3, 3, 3, 3}, {0, 0, 0, 0, 0, 9}, {-2, 1}}) {
            Kde kde = Kde.of(values);
            double low = Arrays.stream(values).min().orElseThrow() - 9 * kde.bandwidth();
            double high = Arrays.stream(values).max().orElseThrow() + 9 * kde.bandwidth();
            int n = 200_000;
            double sum = 0;
            for (int i = 0; i < n; i++) {
                sum += kde.at(low + (high - low) * (i + 0.5) / n);
            }
            assertThat(sum * (high - low) / n)
                    .as(Arrays.toString(values))
                    .isCloseTo(1, within(1e-6));
        }
    }
}
